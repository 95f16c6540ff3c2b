#include <stdlib.h>

#include "base/clock.h"
#include "kube/apply.h"
#include "release/release.h"

enum { REPLACE_MS = 60 * 1000 }; /* a foreground delete waits for the Job's pods to end: 30 s of grace by default */

static const char STAGE[] = "deploy";

static const char *action_word(enum release_action action)
{
    switch (action) {
    case RELEASE_KEEP:
        return "unchanged";
    case RELEASE_CREATE:
        return "created";
    case RELEASE_CHANGE:
        return "changed";
    case RELEASE_REPLACE:
        return "replaced";
    }
    return "unknown";
}

static struct err *make_namespaces(struct release *r)
{
    for (size_t i = 0; i < r->new_namespaces.count; i++) {
        bool created = false;
        TRY(kube_namespace_ensure(r->kube, r->new_namespaces.items[i], &created));
        if (!created)
            continue;
        strv_add(&r->made_namespaces, r->new_namespaces.items[i]);
        job_tell(r->job, UI_NOTE, STAGE, -1, "Namespace %s created, since it was missing", r->new_namespaces.items[i]);
    }
    return NULL;
}

static struct err *write_object(struct release *r, const struct release_object *o)
{
    if (o->action == RELEASE_REPLACE)
        return kube_replace_job(r->kube, o->object->tree, o->uid, clock_after(REPLACE_MS), NULL);
    return kube_apply(r->kube, o->object->tree, KUBE_WRITE, NULL, NULL);
}

/* "made: Namespace shop; applied: ConfigMap shop/a; not tried: Service shop/c; …" */
static char *describe_others(const struct release *r, size_t failed_at)
{
    AUTO(strv) parts = { 0 }, applied = { 0 }, untried = { 0 };
    for (size_t i = 0; i < r->count; i++)
        if (i != failed_at && r->objects[i].action != RELEASE_KEEP)
            strv_add_take(i < failed_at ? &applied : &untried, kube_id_text(r->objects[i].id));
    AUTO_STR made = strv_join(&r->made_namespaces, ", ");
    AUTO_STR done = strv_join(&applied, ", ");
    AUTO_STR left = strv_join(&untried, ", ");
    if (*made)
        strv_addf(&parts, "made: Namespace %s", made);
    strv_add_take(&parts, *done ? xasprintf("applied: %s", done) : xstrdup("nothing else was applied"));
    if (*left)
        strv_addf(&parts, "not tried: %s", left);
    if (r->objects[failed_at].action != RELEASE_REPLACE)
        strv_add(&parts, "nothing was deleted");
    return strv_join(&parts, "; ");
}

/* A request without an answer may have arrived. */
static bool is_unknown(const struct err *e)
{
    enum err_code code = err_get_code(e);
    return code == RW9009_INTERRUPTED || code == RW9007_DEADLINE || code == RW5103_CLUSTER_UNREACHABLE;
}

static bool any_written(const struct release *r, size_t failed_at)
{
    bool any = r->made_namespaces.count > 0;
    for (size_t i = 0; i < failed_at; i++)
        any = any || r->objects[i].action != RELEASE_KEEP;
    return any;
}

static struct err *stopped_at(const struct release *r, size_t failed_at, struct err *inner)
{
    const char *service = r->job->item->service->name;
    AUTO_STR failed = kube_id_text(r->objects[failed_at].id);
    AUTO_STR others = describe_others(r, failed_at);
    inner = err_state(inner, is_unknown(inner) ? "%s may have been applied" : "%s was not applied", failed);
    inner = err_state_add(inner, "%s", others);
    if (err_get_code(inner) == RW9009_INTERRUPTED || !any_written(r, failed_at))
        return inner;
    struct err *e = err_because(RW5600_APPLY_PARTIAL, inner, "deploy of %s stopped part-way at %s", service, failed);
    return err_next(e, "rwml deploy %s", service);
}

struct err *release_apply(struct release *r, size_t *written)
{
    *written = 0;
    TRY(err_state(make_namespaces(r), "no object was applied"));
    for (size_t i = 0; i < r->count; i++) {
        const struct release_object *o = &r->objects[i];
        AUTO_STR name = kube_id_text(o->id);
        struct err *e = o->action == RELEASE_KEEP ? NULL : write_object(r, o);
        if (e)
            return stopped_at(r, i, e);
        *written += o->action != RELEASE_KEEP;
        job_tell(r->job, o->action == RELEASE_KEEP ? UI_DETAIL : UI_STEP, STAGE, -1, "%s %s", name,
                 action_word(o->action));
    }
    return NULL;
}
