#include "kustomize/name_specs.h"

#define SCALED(kind)                                                                                                   \
    {                                                                                                                  \
        "", "", kind,                                                                                                  \
        {                                                                                                              \
            "", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name", false                                       \
        }                                                                                                              \
    }
#define CONFIG_MAP(version, kind, path)                                                                                \
    {                                                                                                                  \
        "", "v1", "ConfigMap",                                                                                         \
        {                                                                                                              \
            "", version, kind, path, false                                                                             \
        }                                                                                                              \
    }
#define SECRET(version, kind, path)                                                                                    \
    {                                                                                                                  \
        "", "v1", "Secret",                                                                                            \
        {                                                                                                              \
            "", version, kind, path, false                                                                             \
        }                                                                                                              \
    }
#define FROM(target_group, target_version, target, group, kind, path)                                                  \
    {                                                                                                                  \
        target_group, target_version, target,                                                                          \
        {                                                                                                              \
            group, "", kind, path, false                                                                               \
        }                                                                                                              \
    }

#define TEMPLATE "spec/template/spec/"
#define CRON_TEMPLATE "spec/jobTemplate/spec/template/spec/"

/* A pod's references to ConfigMaps and Secrets. */
#define DATA_OF_POD(version, kind, pod)                                                                                \
    CONFIG_MAP(version, kind, pod "volumes/configMap/name"),                                                           \
        CONFIG_MAP(version, kind, pod "containers/env/valueFrom/configMapKeyRef/name"),                                \
        CONFIG_MAP(version, kind, pod "initContainers/env/valueFrom/configMapKeyRef/name"),                            \
        CONFIG_MAP(version, kind, pod "containers/envFrom/configMapRef/name"),                                         \
        CONFIG_MAP(version, kind, pod "initContainers/envFrom/configMapRef/name"),                                     \
        CONFIG_MAP(version, kind, pod "volumes/projected/sources/configMap/name"),                                     \
        SECRET(version, kind, pod "volumes/secret/secretName"),                                                        \
        SECRET(version, kind, pod "containers/env/valueFrom/secretKeyRef/name"),                                       \
        SECRET(version, kind, pod "initContainers/env/valueFrom/secretKeyRef/name"),                                   \
        SECRET(version, kind, pod "containers/envFrom/secretRef/name"),                                                \
        SECRET(version, kind, pod "initContainers/envFrom/secretRef/name"),                                            \
        SECRET(version, kind, pod "imagePullSecrets/name"),                                                            \
        SECRET(version, kind, pod "volumes/projected/sources/secret/name")

/* Its references to the others. */
#define REST_OF_POD(kind, pod)                                                                                         \
    FROM("", "v1", "ServiceAccount", "", kind, pod "serviceAccountName"),                                              \
        FROM("", "v1", "PersistentVolumeClaim", "", kind, pod "volumes/persistentVolumeClaim/claimName"),              \
        FROM("scheduling.k8s.io", "v1", "PriorityClass", "", kind, pod "priorityClassName")

#define NGINX "metadata/annotations/nginx.ingress.kubernetes.io\\/"

const struct name_spec name_specs[] = {
    SCALED("Deployment"),
    SCALED("ReplicationController"),
    SCALED("ReplicaSet"),
    SCALED("StatefulSet"),

    DATA_OF_POD("v1", "Pod", "spec/"),
    DATA_OF_POD("", "PodTemplate", "template/spec/"),
    DATA_OF_POD("", "Deployment", TEMPLATE),
    DATA_OF_POD("", "ReplicaSet", TEMPLATE),
    DATA_OF_POD("", "DaemonSet", TEMPLATE),
    DATA_OF_POD("", "StatefulSet", TEMPLATE),
    DATA_OF_POD("", "Job", TEMPLATE),
    DATA_OF_POD("", "CronJob", CRON_TEMPLATE),

    REST_OF_POD("Pod", "spec/"),
    REST_OF_POD("StatefulSet", TEMPLATE),
    REST_OF_POD("Deployment", TEMPLATE),
    REST_OF_POD("ReplicationController", TEMPLATE),
    REST_OF_POD("CronJob", CRON_TEMPLATE),
    REST_OF_POD("Job", TEMPLATE),
    REST_OF_POD("DaemonSet", TEMPLATE),

    CONFIG_MAP("", "Node", "spec/configSource/configMap"),
    CONFIG_MAP("", "Role", "rules/resourceNames"),
    CONFIG_MAP("", "ClusterRole", "rules/resourceNames"),
    CONFIG_MAP("", "Ingress", NGINX "fastcgi-params-configmap"),

    SECRET("", "Ingress", "spec/tls/secretName"),
    SECRET("", "Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
    SECRET("", "Ingress", NGINX "auth-secret"),
    SECRET("", "Ingress", NGINX "auth-tls-secret"),
    SECRET("", "ServiceAccount", "imagePullSecrets/name"),
    SECRET("", "StorageClass", "parameters/secretName"),
    SECRET("", "StorageClass", "parameters/adminSecretName"),
    SECRET("", "StorageClass", "parameters/userSecretName"),
    SECRET("", "StorageClass", "parameters/secretRef"),
    SECRET("", "Role", "rules/resourceNames"),
    SECRET("", "ClusterRole", "rules/resourceNames"),
    SECRET("", "PersistentVolume", "spec/azureFile/secretName"),
    FROM("", "v1", "Secret", "serving.knative.dev", "Service", TEMPLATE "containers/env/valueFrom/secretKeyRef/name"),

    FROM("", "v1", "Service", "apps", "StatefulSet", "spec/serviceName"),
    FROM("", "v1", "Service", "", "Ingress", "spec/rules/http/paths/backend/serviceName"),
    FROM("", "v1", "Service", "", "Ingress", "spec/backend/serviceName"),
    FROM("", "v1", "Service", "", "Ingress", "spec/rules/http/paths/backend/service/name"),
    FROM("", "v1", "Service", "", "Ingress", "spec/defaultBackend/service/name"),
    FROM("", "v1", "Service", "apiregistration.k8s.io", "APIService", "spec/service/name"),
    FROM("", "v1", "Service", "admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
         "webhooks/clientConfig/service"),
    FROM("", "v1", "Service", "admissionregistration.k8s.io", "MutatingWebhookConfiguration",
         "webhooks/clientConfig/service"),

    FROM("rbac.authorization.k8s.io", "", "Role", "rbac.authorization.k8s.io", "RoleBinding", "roleRef/name"),
    FROM("rbac.authorization.k8s.io", "", "ClusterRole", "rbac.authorization.k8s.io", "RoleBinding", "roleRef/name"),
    FROM("rbac.authorization.k8s.io", "", "ClusterRole", "rbac.authorization.k8s.io", "ClusterRoleBinding",
         "roleRef/name"),
    FROM("", "v1", "ServiceAccount", "rbac.authorization.k8s.io", "RoleBinding", "subjects"),
    FROM("", "v1", "ServiceAccount", "rbac.authorization.k8s.io", "ClusterRoleBinding", "subjects"),

    FROM("", "v1", "PersistentVolume", "", "PersistentVolumeClaim", "spec/volumeName"),
    FROM("", "v1", "PersistentVolume", "", "ClusterRole", "rules/resourceNames"),
    FROM("storage.k8s.io", "v1", "StorageClass", "", "PersistentVolume", "spec/storageClassName"),
    FROM("storage.k8s.io", "v1", "StorageClass", "", "PersistentVolumeClaim", "spec/storageClassName"),
    FROM("storage.k8s.io", "v1", "StorageClass", "", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
};
const size_t name_spec_count = COUNT_OF(name_specs);
