#include "flow/find_pod.h"

#include <stdlib.h>

#include "pods/choose.h"

enum { PODS_TOLD = 5 };

/* What would have to be changed for there to be one at all. */
static char *why_no_pod(const struct live *l, const char *service)
{
    size_t i;
    const json_t *workload;
    DOC_EACH_ITEM (l->workloads, i, workload) {
        if (!str_eq(l->roots.items[i].service, service))
            continue;
        AUTO_STR name = kube_id_text(l->roots.items[i].id);
        if (!doc_get(workload, "/metadata/uid"))
            return xasprintf("%s is not in the cluster", name);
        if (doc_i64(workload, "/spec/replicas", 1) == 0)
            return xasprintf("%s is scaled to 0", name);
    }
    return xstrdup("its workloads have no pod");
}

static struct err *no_ready_pod(const struct live *l, const char *service, const json_t *const *pods, size_t count)
{
    AUTO(strv) reasons = { 0 };
    struct err *e = err_new(RW6401_NO_READY_POD, "%s has no ready pod", service);
    for (size_t i = 0; i < count && i < PODS_TOLD; i++) {
        AUTO_STR why = pod_why_not_ready(pods[i]);
        strv_addf(&reasons, "%s: %s", doc_text(pods[i], "/metadata/name"), why);
    }
    AUTO_STR why = count ? strv_join(&reasons, "; ") : why_no_pod(l, service);
    e = err_cause(e, "%s%s", why, count > PODS_TOLD ? "; …" : "");
    return err_next(e, count ? "rwml logs %s" : "rwml up %s", service);
}

struct err *find_pod(const struct live *l, const char *service, const json_t **out)
{
    const json_t **pods = xcalloc(doc_count(l->pods) + 1, sizeof *pods);
    size_t count = 0, i;
    const json_t *pod;
    DOC_EACH_ITEM (l->pods, i, pod)
        if (str_eq(live_service_of_pod(l, pod), service))
            pods[count++] = pod;
    *out = pod_newest_ready(pods, count);
    struct err *e = *out ? NULL : no_ready_pod(l, service, pods, count);
    free(pods);
    return e;
}

struct err *find_container(const json_t *pod, const char *wanted, const char **out)
{
    const json_t *spec = doc_get(pod, "/spec");
    *out = wanted ? wanted : pod_default_container(doc_get(pod, "/metadata"), spec);
    if (*out && pod_has_container(spec, *out))
        return NULL;
    AUTO_STR names = pod_container_names(spec);
    struct err *e = err_new(RW1018_NO_CONTAINER, "pod %s has no container %s", doc_text(pod, "/metadata/name"), wanted);
    return err_cause(e, "it has: %s", names);
}
