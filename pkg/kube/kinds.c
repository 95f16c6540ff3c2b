#include "kube/kinds.h"

#include <string.h>

struct row {
    const char *api_version;
    const char *kind;
    const char *plural;
    bool namespaced;
};

/* Kubernetes 1.31, `kubectl api-resources`, the stable versions of what can be written by hand. */
static const struct row rows[] = {
    { "v1", "ConfigMap", "configmaps", true },
    { "v1", "Endpoints", "endpoints", true },
    { "v1", "Event", "events", true },
    { "v1", "LimitRange", "limitranges", true },
    { "v1", "Namespace", "namespaces", false },
    { "v1", "Node", "nodes", false },
    { "v1", "PersistentVolume", "persistentvolumes", false },
    { "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true },
    { "v1", "Pod", "pods", true },
    { "v1", "PodTemplate", "podtemplates", true },
    { "v1", "ReplicationController", "replicationcontrollers", true },
    { "v1", "ResourceQuota", "resourcequotas", true },
    { "v1", "Secret", "secrets", true },
    { "v1", "Service", "services", true },
    { "v1", "ServiceAccount", "serviceaccounts", true },
    { "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false },
    { "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false },
    { "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false },
    { "apiregistration.k8s.io/v1", "APIService", "apiservices", false },
    { "apps/v1", "ControllerRevision", "controllerrevisions", true },
    { "apps/v1", "DaemonSet", "daemonsets", true },
    { "apps/v1", "Deployment", "deployments", true },
    { "apps/v1", "ReplicaSet", "replicasets", true },
    { "apps/v1", "StatefulSet", "statefulsets", true },
    { "autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true },
    { "autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true },
    { "batch/v1", "CronJob", "cronjobs", true },
    { "batch/v1", "Job", "jobs", true },
    { "coordination.k8s.io/v1", "Lease", "leases", true },
    { "discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true },
    { "networking.k8s.io/v1", "Ingress", "ingresses", true },
    { "networking.k8s.io/v1", "IngressClass", "ingressclasses", false },
    { "networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true },
    { "node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false },
    { "policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true },
    { "rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false },
    { "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false },
    { "rbac.authorization.k8s.io/v1", "Role", "roles", true },
    { "rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true },
    { "scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false },
    { "storage.k8s.io/v1", "StorageClass", "storageclasses", false },
};

bool kube_kind_builtin(const char *api_version, const char *kind, struct kube_kind *out)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_eq(rows[i].api_version, api_version) && str_eq(rows[i].kind, kind)) {
            *out = (struct kube_kind){ rows[i].plural, rows[i].namespaced };
            return true;
        }
    }
    return false;
}

static bool is_in_group(const char *api_version, const char *group)
{
    const char *slash = strchr(api_version, '/');
    size_t len = slash ? (size_t)(slash - api_version) : 0;
    return strlen(group) == len && strncmp(api_version, group, len) == 0;
}

const char *kube_kind_builtin_version(const char *group, const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].kind, kind) == 0 && is_in_group(rows[i].api_version, group))
            return rows[i].api_version;
    }
    return NULL;
}

static const struct row *row_of_kind(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].kind, kind) == 0)
            return &rows[i];
    }
    return NULL;
}

char *kube_kind_nearest(const char *api_version, const char *kind)
{
    const char *names[COUNT_OF(rows)];
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        names[i] = rows[i].kind;
    const char *nearest = row_of_kind(kind) ? kind : str_nearest(kind, names, COUNT_OF(rows));
    const struct row *row = nearest ? row_of_kind(nearest) : NULL;
    if (!row || (strcmp(row->kind, kind) == 0 && str_eq(row->api_version, api_version)))
        return NULL;
    return xasprintf("%s %s", row->api_version, row->kind);
}
