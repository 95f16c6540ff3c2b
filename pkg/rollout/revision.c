#include "rollout/revision.h"

#include "base/num.h"

static bool is_owned_by(const json_t *object, const char *uid)
{
    size_t i;
    json_t *owner;
    DOC_EACH_ITEM (doc_get(object, "/metadata/ownerReferences"), i, owner) {
        if (uid && str_eq(doc_text(owner, "/uid"), uid))
            return true;
    }
    return false;
}

static bool is_kind(const struct rollout_snapshot *s, const char *kind)
{
    return str_eq(doc_text(s->workload, "/kind"), kind);
}

static const char *workload_uid(const struct rollout_snapshot *s)
{
    return doc_text(s->workload, "/metadata/uid");
}

int64_t revision_number(const json_t *object)
{
    const char *text = doc_text(object, "/metadata/annotations/deployment.kubernetes.io~1revision");
    int64_t number;
    if (text && num_i64(text, 0, INT64_MAX, &number))
        return number;
    return doc_i64(object, "/revision", -1);
}

const json_t *revision_newest(const struct rollout_snapshot *s)
{
    if (is_kind(s, "ReplicaSet"))
        return s->workload;
    const json_t *newest = NULL;
    size_t i;
    json_t *object;
    DOC_EACH_ITEM (s->owned, i, object) {
        if (is_owned_by(object, workload_uid(s)) && (!newest || revision_number(object) > revision_number(newest)))
            newest = object;
    }
    return newest;
}

bool revision_is_observed(const struct rollout_snapshot *s)
{
    int64_t seen = doc_i64(s->workload, "/status/observedGeneration", 0);
    return is_kind(s, "Job") || is_kind(s, "Pod") || seen >= doc_i64(s->workload, "/metadata/generation", 0);
}

bool revision_has_arrived(const struct rollout_snapshot *s)
{
    const json_t *newest = revision_newest(s);
    return !is_kind(s, "Deployment") || (newest && revision_number(newest) >= revision_number(s->workload));
}

bool revision_owns_pod(const struct rollout_snapshot *s, const json_t *pod)
{
    if (!is_kind(s, "Deployment"))
        return is_kind(s, "Pod") ? str_eq(doc_text(pod, "/metadata/uid"), workload_uid(s))
                                 : is_owned_by(pod, workload_uid(s));
    size_t i;
    json_t *set;
    DOC_EACH_ITEM (s->owned, i, set) {
        if (is_owned_by(set, workload_uid(s)) && is_owned_by(pod, doc_text(set, "/metadata/uid")))
            return true;
    }
    return false;
}

static bool has_images_of(const json_t *template, const json_t *pod, const char *list)
{
    size_t i;
    json_t *container;
    DOC_EACH_ITEM (doc_get(template, list), i, container) {
        const json_t *own = doc_find(doc_get(pod, list), "/name", doc_text(container, "/name"));
        if (!str_eq(doc_text(own, "/image"), doc_text(container, "/image")))
            return false;
    }
    return true;
}

/* A ReplicaSet marks its pods with no revision. What a new version changes is an image. */
static bool is_of_template(const json_t *set, const json_t *pod)
{
    const json_t *template = doc_get(set, "/spec/template");
    return has_images_of(template, pod, "/spec/containers") && has_images_of(template, pod, "/spec/initContainers");
}

bool revision_is_of(const struct rollout_snapshot *s, const json_t *revision, const json_t *pod)
{
    static const char label[] = "/metadata/labels/controller-revision-hash";
    if (is_kind(s, "Deployment"))
        return is_owned_by(pod, doc_text(revision, "/metadata/uid"));
    if (is_kind(s, "ReplicaSet"))
        return is_of_template(s->workload, pod);
    if (is_kind(s, "StatefulSet"))
        return str_eq(doc_text(pod, label), doc_text(s->workload, "/status/updateRevision"));
    if (is_kind(s, "DaemonSet"))
        return revision && str_eq(doc_text(pod, label), doc_text(revision, label));
    return true;
}
