#include "plan/live.h"

void live_release(struct live *l)
{
    roots_release(&l->roots);
    doc_unref(l->workloads);
    doc_unref(l->between);
    doc_unref(l->pods);
    *l = (struct live){ 0 };
}

static struct err *add_list(struct kube_client *c, const char *api_version, const char *kind, const char *namespace,
                            json_t *to)
{
    DOC_AUTO items = NULL;
    size_t i;
    json_t *item;
    TRY(kube_list(c, api_version, kind, namespace, &items));
    DOC_EACH_ITEM (items, i, item)
        doc_append(to, doc_ref(item));
    return NULL;
}

/* Each list once; only of kinds that are needed, since not everybody may read all. */
static struct err *list_once(struct kube_client *c, struct kube_id collection, struct strv *listed, json_t *to)
{
    AUTO_STR what = xasprintf("%s %s", collection.kind, collection.namespace);
    if (strv_has(listed, what))
        return NULL;
    strv_add(listed, what);
    return add_list(c, collection.api_version, collection.kind, collection.namespace, to);
}

static struct err *add_pods(struct kube_client *c, struct kube_id root, struct strv *listed, struct live *l)
{
    struct kube_id between = { .namespace = root.namespace };
    between.kind = pod_root_between(root.kind, &between.api_version);
    if (between.kind)
        TRY(list_once(c, between, listed, l->between));
    return list_once(c, (struct kube_id){ "v1", "Pod", root.namespace, NULL }, listed, l->pods);
}

struct err *live_read(struct kube_client *c, const struct plan *plan, struct live *out)
{
    AUTO(strv) listed = { 0 };
    roots_add(plan, &out->roots);
    out->workloads = doc_array();
    out->between = doc_array();
    out->pods = doc_array();
    for (size_t i = 0; i < out->roots.count; i++) {
        struct kube_id id = out->roots.items[i].id;
        json_t *workload = NULL;
        TRY(kube_get(c, id, &workload));
        doc_append(out->workloads, workload ? workload : doc_ref(out->roots.trees[i]));
        TRY(add_pods(c, id, &listed, out));
    }
    return NULL;
}

const char *live_service_of_pod(const struct live *l, const json_t *pod)
{
    const json_t *between = l->between;
    const struct pod_root *root = pod_root_of(l->roots.items, l->roots.count, pod, &between, 1);
    return root ? root->service : NULL;
}
