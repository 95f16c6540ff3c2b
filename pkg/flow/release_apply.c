#include <stdlib.h>

#include "base/clock.h"
#include "flow/release.h"
#include "kube/apply.h"

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
        if (created)
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

/* "applied: ConfigMap shop/a, Deployment shop/b; not tried: Service shop/c" */
static char *describe(const struct release *r, size_t failed_at)
{
    AUTO(strv) applied = { 0 };
    AUTO(strv) untried = { 0 };
    for (size_t i = 0; i < r->count; i++) {
        if (i == failed_at || r->objects[i].action == RELEASE_KEEP)
            continue;
        strv_add_take(i < failed_at ? &applied : &untried, kube_id_text(r->objects[i].id));
    }
    if (applied.count == 0)
        return NULL;
    AUTO_STR done = strv_join(&applied, ", ");
    AUTO_STR left = strv_join(&untried, ", ");
    return xasprintf("applied: %s%s%s; nothing was deleted", done, untried.count ? "; not tried: " : "", left);
}

static struct err *stopped_at(const struct release *r, size_t failed_at, struct err *inner)
{
    AUTO_STR state = describe(r, failed_at);
    AUTO_STR failed = kube_id_text(r->objects[failed_at].id);
    if (!state)
        return err_state(inner, "%s was not applied, nor was anything else", failed);
    if (err_get_code(inner) == RW9009_INTERRUPTED)
        return err_state(inner, "%s", state);
    struct err *e = err_because(RW5600_APPLY_PARTIAL, inner, "deploy of %s stopped part-way at %s",
                                r->job->item->service->name, failed);
    return err_next(err_state(e, "%s", state), "rwml deploy %s", r->job->item->service->name);
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
        job_tell(r->job, o->action == RELEASE_KEEP ? UI_DETAIL : UI_STEP, STAGE, -1, "%s %s", name, action_word(o->action));
    }
    return NULL;
}
