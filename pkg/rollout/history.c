#include "rollout/history.h"

#include <stdlib.h>

#include "rollout/revision.h"

void history_revision_release(struct history_revision *r)
{
    doc_unref(r->template);
    free(r->name);
    *r = (struct history_revision){ 0 };
}

const char *history_kind(const char *kind)
{
    if (str_eq(kind, "Deployment"))
        return "ReplicaSet";
    return str_eq(kind, "StatefulSet") || str_eq(kind, "DaemonSet") ? "ControllerRevision" : NULL;
}

/* What the controller adds to a template that it keeps is taken off again. */
static json_t *template_of(const json_t *revision)
{
    const json_t *kept = doc_get(revision, "/data/spec/template");
    json_t *template = doc_copy(kept ? kept : doc_get(revision, "/spec/template"));
    if (!template)
        return NULL;
    doc_remove(template, "/$patch");
    doc_remove(template, "/metadata/labels/pod-template-hash");
    return template;
}

static bool is_owned(const json_t *object, const json_t *workload)
{
    const char *uid = doc_text(workload, "/metadata/uid");
    return uid && doc_find(doc_get(object, "/metadata/ownerReferences"), "/uid", uid);
}

static bool serves(const json_t *workload, const json_t *revision)
{
    if (str_eq(doc_text(workload, "/kind"), "StatefulSet"))
        return str_eq(doc_text(workload, "/status/currentRevision"), doc_text(revision, "/metadata/name"));
    return doc_i64(revision, "/status/readyReplicas", 0) > 0;
}

static bool find(const json_t *workload, const json_t *owned, bool serving, struct history_revision *out)
{
    const struct rollout_snapshot s = { .workload = workload, .owned = owned };
    const json_t *newest = revision_newest(&s), *best = NULL;
    size_t i;
    json_t *each;
    *out = (struct history_revision){ 0 };
    DOC_EACH_ITEM (owned, i, each) {
        bool counts = is_owned(each, workload) && revision_number(each) < revision_number(newest);
        if (counts && (!serving || serves(workload, each)) && (!best || revision_number(each) > revision_number(best)))
            best = each;
    }
    json_t *template = best ? template_of(best) : NULL;
    if (template)
        *out = (struct history_revision){ revision_number(best), template, xstrdup(doc_text(best, "/metadata/name")) };
    return template != NULL;
}

bool history_previous(const json_t *workload, const json_t *owned, struct history_revision *out)
{
    return find(workload, owned, false, out);
}

bool history_serving(const json_t *workload, const json_t *owned, struct history_revision *out)
{
    return find(workload, owned, true, out);
}
