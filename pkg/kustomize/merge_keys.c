#include "kustomize/merge_keys.h"

#include <string.h>

static const struct {
    const char *kind, *pod;
} holders[] = {
    { "v1 Pod", "/spec" },
    { "v1 PodTemplate", "/template/spec" },
    { "v1 ReplicationController", "/spec/template/spec" },
    { "apps/v1 Deployment", "/spec/template/spec" },
    { "apps/v1 StatefulSet", "/spec/template/spec" },
    { "apps/v1 DaemonSet", "/spec/template/spec" },
    { "apps/v1 ReplicaSet", "/spec/template/spec" },
    { "batch/v1 Job", "/spec/template/spec" },
    { "batch/v1 CronJob", "/spec/jobTemplate/spec/template/spec" },
    { "batch/v1beta1 CronJob", "/spec/jobTemplate/spec/template/spec" },
};

struct row {
    const char *path;
    struct merge_keys keys;
};

static const struct row pod_rows[] = {
    { "/containers", { "name", NULL } },
    { "/initContainers", { "name", NULL } },
    { "/ephemeralContainers", { "name", NULL } },
    { "/volumes", { "name", NULL } },
    { "/imagePullSecrets", { "name", NULL } },
    { "/hostAliases", { "ip", NULL } },
    { "/topologySpreadConstraints", { "topologyKey", "whenUnsatisfiable" } },
};

static const struct row container_rows[] = {
    { "/env", { "name", NULL } },
    { "/ports", { "containerPort", "protocol" } },
    { "/volumeMounts", { "mountPath", NULL } },
    { "/volumeDevices", { "devicePath", NULL } },
};

static const struct {
    const char *kind;
    struct row row;
} other_rows[] = {
    { "v1 Service", { "/spec/ports", { "port", "protocol" } } },
    { "v1 ServiceAccount", { "/secrets", { "name", NULL } } },
    { "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration", { "/webhooks", { "name", NULL } } },
    { "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", { "/webhooks", { "name", NULL } } },
};

static const struct merge_keys as_a_whole = { NULL, NULL };

static struct merge_keys find(const struct row *rows, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].path, path) == 0)
            return rows[i].keys;
    return as_a_whole;
}

static struct merge_keys in_pod(const char *path)
{
    static const char *const lists[] = { "/containers/", "/initContainers/" };
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        if (str_starts(path, lists[i]))
            return find(container_rows, COUNT_OF(container_rows), path + strlen(lists[i]) - 1);
    return find(pod_rows, COUNT_OF(pod_rows), path);
}

struct merge_keys merge_keys_of(const struct resource *r, const char *path)
{
    const char *version = doc_text(r->tree, "/apiVersion");
    AUTO_STR kind = xasprintf("%s %s", version ? version : "", resource_kind(r));
    for (size_t i = 0; i < COUNT_OF(holders); i++)
        if (strcmp(holders[i].kind, kind) == 0 && str_starts(path, holders[i].pod))
            return in_pod(path + strlen(holders[i].pod));
    for (size_t i = 0; i < COUNT_OF(other_rows); i++)
        if (strcmp(other_rows[i].kind, kind) == 0 && strcmp(other_rows[i].row.path, path) == 0)
            return other_rows[i].row.keys;
    return as_a_whole;
}

bool merge_keys_missing(const struct resource *r, const char *path)
{
    static const char *const ends[] = { "/metadata/finalizers", "/metadata/ownerReferences" };
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (str_ends(path, ends[i]))
            return true;
    return strstr(path, "/ephemeralContainers/") || str_starts(path, "/status/") ||
           (str_eq(resource_kind(r), "Node") && str_eq(path, "/spec/podCIDRs")) ||
           (str_eq(resource_kind(r), "CSINode") && str_eq(path, "/spec/drivers"));
}
