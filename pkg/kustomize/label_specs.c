#include "kustomize/label_specs.h"

static const struct field_spec metadata_rows[] = { { "", "", "", "metadata/labels", true } };
const struct spec_table metadata_specs = { metadata_rows, COUNT_OF(metadata_rows) };

static const struct field_spec template_rows[] = {
    { "", "v1", "ReplicationController", "spec/template/metadata/labels", true },
    { "", "", "Deployment", "spec/template/metadata/labels", true },
    { "", "", "ReplicaSet", "spec/template/metadata/labels", true },
    { "", "", "DaemonSet", "spec/template/metadata/labels", true },
    { "apps", "", "StatefulSet", "spec/template/metadata/labels", true },
    { "batch", "", "Job", "spec/template/metadata/labels", true },
    { "batch", "", "CronJob", "spec/jobTemplate/metadata/labels", true },
    { "batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true },
    { "apps", "", "StatefulSet", "spec/volumeClaimTemplates/metadata/labels", true },
};
const struct spec_table template_specs = { template_rows, COUNT_OF(template_rows) };

#define AFFINITY "spec/template/spec/affinity/"
#define PREFERRED "/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels"
#define REQUIRED "/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"
#define SPREAD "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"

static const struct field_spec selector_rows[] = {
    { "", "v1", "Service", "spec/selector", true },
    { "", "v1", "ReplicationController", "spec/selector", true },
    { "", "", "Deployment", "spec/selector/matchLabels", true },
    { "apps", "", "Deployment", AFFINITY "podAffinity" PREFERRED, false },
    { "apps", "", "Deployment", AFFINITY "podAffinity" REQUIRED, false },
    { "apps", "", "Deployment", AFFINITY "podAntiAffinity" PREFERRED, false },
    { "apps", "", "Deployment", AFFINITY "podAntiAffinity" REQUIRED, false },
    { "apps", "", "Deployment", SPREAD, false },
    { "", "", "ReplicaSet", "spec/selector/matchLabels", true },
    { "", "", "DaemonSet", "spec/selector/matchLabels", true },
    { "apps", "", "StatefulSet", "spec/selector/matchLabels", true },
    { "apps", "", "StatefulSet", AFFINITY "podAffinity" PREFERRED, false },
    { "apps", "", "StatefulSet", AFFINITY "podAffinity" REQUIRED, false },
    { "apps", "", "StatefulSet", AFFINITY "podAntiAffinity" PREFERRED, false },
    { "apps", "", "StatefulSet", AFFINITY "podAntiAffinity" REQUIRED, false },
    { "apps", "", "StatefulSet", SPREAD, false },
    { "batch", "", "Job", "spec/selector/matchLabels", false },
    { "batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false },
    { "policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", false },
    { "networking.k8s.io", "", "NetworkPolicy", "spec/podSelector/matchLabels", false },
    { "networking.k8s.io", "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels", false },
    { "networking.k8s.io", "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false },
};
const struct spec_table selector_specs = { selector_rows, COUNT_OF(selector_rows) };

static const struct field_spec annotation_rows[] = {
    { "", "", "", "metadata/annotations", true },
    { "", "v1", "ReplicationController", "spec/template/metadata/annotations", true },
    { "", "", "Deployment", "spec/template/metadata/annotations", true },
    { "", "", "ReplicaSet", "spec/template/metadata/annotations", true },
    { "", "", "DaemonSet", "spec/template/metadata/annotations", true },
    { "", "", "StatefulSet", "spec/template/metadata/annotations", true },
    { "batch", "", "Job", "spec/template/metadata/annotations", true },
    { "batch", "", "CronJob", "spec/jobTemplate/metadata/annotations", true },
    { "batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true },
};
const struct spec_table annotation_specs = { annotation_rows, COUNT_OF(annotation_rows) };
