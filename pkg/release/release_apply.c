#include <stdlib.h>

#include "base/clock.h"
#include "kube/apply.h"
#include "kube/crew.h"
#include "release/definitions.h"
#include "release/release.h"

enum {
    REPLACE_MS = 60 * 1000, /* a foreground delete waits for the Job's pods to end: 30 s of grace by default */
    DEFINITION_MS = 30 * 1000
};

static const char STAGE[] = "deploy";

const char *release_action_word(enum release_action action)
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

/* One object on its way, with what it is part of. */
struct write {
    struct release *release;
    struct release_object *object;
};

static struct err *write_object(struct kube_client *kube, struct release_object *o)
{
    DOC_AUTO live = NULL;
    if (o->first && o->action != RELEASE_REPLACE)
        TRY(kube_apply(kube, o->first, KUBE_WRITE, NULL, NULL));
    if (o->action == RELEASE_REPLACE)
        TRY(kube_replace_job(kube, o->object->tree, o->uid, clock_after(REPLACE_MS), &live));
    else
        TRY(kube_apply(kube, o->object->tree, KUBE_WRITE, &live, NULL));
    str_set(&o->uid, doc_text(live, "/metadata/uid"));
    return NULL;
}

/* What the server could not check before it had the definition. */
static struct err *check_defined(struct release *r)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < r->count; i++) {
        struct release_object *o = &r->objects[i];
        const json_t *definition = o->definition;
        if (!definition)
            continue;
        struct err *e = definition_wait(r->kube, definition, o->id.api_version, o->id.kind, r->job->request->cancel,
                                        clock_after(DEFINITION_MS));
        if (e)
            return err_join(errors, e);
        o->definition = NULL;
        errors = err_join(errors, release_check_one(r, o));
    }
    return errors;
}

/* The set's parent lies in a namespace, which may be one of the objects; these come first, and definitions
 * next. */
static struct err *before_kind(struct release *r, struct release_object *first)
{
    struct err *e = NULL;
    if (!str_eq(first->id.kind, "Namespace"))
        e = release_set_open(r);
    if (!e && !str_eq(first->id.kind, "Namespace") && !str_eq(first->id.kind, "CustomResourceDefinition"))
        e = check_defined(r);
    first->fate = e ? RELEASE_FAILED : RELEASE_UNTRIED;
    AUTO_STR name = kube_id_text(first->id);
    return err_state(e, "%s was not applied", name);
}

/* A request without an answer may have arrived. */
static bool is_unknown(const struct err *e)
{
    enum err_code code = err_get_code(e);
    return code == RW9009_INTERRUPTED || code == RW9007_DEADLINE || code == RW5103_CLUSTER_UNREACHABLE;
}

/* For a crew. */
static struct err *write_one(struct kube_client *kube, void *item)
{
    const struct write *w = item;
    struct release_object *o = w->object;
    AUTO_STR name = kube_id_text(o->id);
    struct err *e = o->action == RELEASE_KEEP ? NULL : write_object(kube, o);
    o->fate = e ? RELEASE_FAILED : RELEASE_DONE;
    if (e)
        return err_state(e, is_unknown(e) ? "%s may have been applied" : "%s was not applied", name);
    job_tell(w->release->job, o->action == RELEASE_KEEP ? UI_DETAIL : UI_STEP, STAGE, -1, "%s %s", name,
             release_action_word(o->action));
    return NULL;
}

static void add_names(const struct release *r, enum release_fate fate, struct strv *to)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].fate == fate && r->objects[i].action != RELEASE_KEEP)
            strv_add_take(to, kube_id_text(r->objects[i].id));
}

static bool any_replaced(const struct release *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].action == RELEASE_REPLACE && r->objects[i].fate == RELEASE_FAILED)
            return true;
    return false;
}

/* "made: Namespace shop; applied: ConfigMap shop/a; not tried: Service shop/c; …" */
static char *describe_others(const struct release *r)
{
    AUTO(strv) parts = { 0 }, applied = { 0 }, untried = { 0 };
    add_names(r, RELEASE_DONE, &applied);
    add_names(r, RELEASE_UNTRIED, &untried);
    AUTO_STR made = strv_join(&r->made_namespaces, ", ");
    AUTO_STR done = strv_join(&applied, ", ");
    AUTO_STR left = strv_join(&untried, ", ");
    if (*made)
        strv_addf(&parts, "made: Namespace %s", made);
    strv_add_take(&parts, *done ? xasprintf("applied: %s", done) : xstrdup("nothing else was applied"));
    if (*left)
        strv_addf(&parts, "not tried: %s", left);
    if (!any_replaced(r))
        strv_add(&parts, "nothing was deleted");
    return strv_join(&parts, "; ");
}

static size_t count_written(const struct release *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += r->objects[i].fate == RELEASE_DONE && r->objects[i].action != RELEASE_KEEP;
    return count;
}

static char *first_failed(const struct release *r)
{
    size_t i = 0;
    while (r->objects[i].fate != RELEASE_FAILED)
        i++;
    return kube_id_text(r->objects[i].id);
}

static struct err *stopped(const struct release *r, struct err *inner)
{
    const char *service = r->job->item->service->name;
    AUTO_STR others = describe_others(r);
    inner = err_state_add(inner, "%s", others);
    bool any_written = r->made_namespaces.count > 0 || count_written(r) > 0;
    if (err_get_code(inner) == RW9009_INTERRUPTED || !any_written || err_sibling(inner))
        return inner;
    AUTO_STR failed = first_failed(r);
    struct err *e = err_because(RW5600_APPLY_PARTIAL, inner, "deploy of %s stopped part-way at %s", service, failed);
    return err_next(e, "rwml deploy %s", service);
}

/* Objects of one kind need nothing of each other. */
static size_t end_of_kind(const struct release *r, size_t from)
{
    size_t to = from + 1;
    while (to < r->count && str_eq(r->objects[to].id.kind, r->objects[from].id.kind))
        to++;
    return to;
}

static struct err *write_kind(struct release *r, size_t from, size_t to)
{
    TRY(before_kind(r, &r->objects[from]));
    struct write *writes = xcalloc(to - from, sizeof *writes);
    for (size_t i = from; i < to; i++)
        writes[i - from] = (struct write){ r, &r->objects[i] };
    const struct kube_crew work = {
        .items = writes, .count = to - from, .size = sizeof *writes, .run = write_one, .stops = true
    };
    struct err *e = kube_crew(r->kube, &work);
    free(writes);
    return e;
}

struct err *release_apply(struct release *r, size_t *written)
{
    *written = 0;
    TRY(err_state(make_namespaces(r), "no object was applied"));
    for (size_t from = 0, to; from < r->count; from = to) {
        to = end_of_kind(r, from);
        struct err *e = write_kind(r, from, to);
        if (e)
            return stopped(r, e);
    }
    *written = count_written(r);
    return release_set_open(r);
}
