#include "pods/roots.h"

static const struct kind {
    const char *kind;
    const char *api_version;
    const char *between; /* NULL: it makes its pods itself */
} kinds[] = {
    { "Deployment", "apps/v1", "ReplicaSet" },
    { "CronJob", "batch/v1", "Job" },
    { "StatefulSet", "apps/v1", NULL },
    { "DaemonSet", "apps/v1", NULL },
    { "ReplicaSet", "apps/v1", NULL },
    { "Job", "batch/v1", NULL },
    { "Pod", "v1", NULL },
};

static const struct kind *find_kind(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_eq(kinds[i].kind, kind))
            return &kinds[i];
    return NULL;
}

bool pod_root_is_one(struct kube_id id)
{
    const struct kind *kind = find_kind(id.kind);
    return kind && str_eq(kind->api_version, id.api_version);
}

const char *pod_root_between(const char *kind, const char **api_version)
{
    const struct kind *known = find_kind(kind);
    if (known && known->between)
        *api_version = known->api_version;
    return known ? known->between : NULL;
}

static const struct pod_root *find_root(const struct pod_root *roots, size_t count, const char *kind,
                                        const char *namespace, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(roots[i].id.kind, kind) && str_eq(roots[i].id.namespace, namespace) &&
            str_eq(roots[i].id.name, name))
            return &roots[i];
    return NULL;
}

static const json_t *controller_of(const json_t *object)
{
    size_t i;
    const json_t *owner;
    DOC_EACH_ITEM (doc_get(object, "/metadata/ownerReferences"), i, owner)
        if (doc_bool(owner, "/controller", false))
            return owner;
    return NULL;
}

static const struct pod_root *root_by_owner(const struct pod_root *roots, size_t count, const json_t *object)
{
    const json_t *owner = controller_of(object);
    return find_root(roots, count, doc_text(owner, "/kind"), doc_text(object, "/metadata/namespace"),
                     doc_text(owner, "/name"));
}

const struct pod_root *pod_root_of(const struct pod_root *roots, size_t count, const json_t *pod,
                                   const json_t *const *between, size_t between_count)
{
    const char *owner_uid = doc_text(controller_of(pod), "/uid");
    if (!owner_uid)
        return find_root(roots, count, "Pod", doc_text(pod, "/metadata/namespace"), doc_text(pod, "/metadata/name"));
    const struct pod_root *root = root_by_owner(roots, count, pod);
    for (size_t b = 0; !root && b < between_count; b++) {
        const json_t *owner = doc_find(between[b], "/metadata/uid", owner_uid);
        root = owner ? root_by_owner(roots, count, owner) : NULL;
    }
    return root;
}
