#include "rollout/stuck.h"

#include <string.h>

#include "base/num.h"
#include "rollout/finding.h"
#include "rollout/revision.h"

static bool replaces_in_order(const json_t *workload)
{
    return str_eq(doc_text(workload, "/kind"), "StatefulSet") &&
           !str_eq(doc_text(workload, "/spec/podManagementPolicy"), "Parallel") &&
           !str_eq(doc_text(workload, "/spec/updateStrategy/type"), "OnDelete");
}

/* Its number ends a pod's name. Those below the partition stay of the older revision. */
static bool is_kept(const json_t *workload, const json_t *pod)
{
    const char *name = doc_text(pod, "/metadata/name");
    const char *dash = name ? strrchr(name, '-') : NULL;
    int64_t number;
    return !dash || !num_i64(dash + 1, 0, INT64_MAX, &number) ||
           number < doc_i64(workload, "/spec/updateStrategy/rollingUpdate/partition", 0);
}

json_t *stuck_pods(const json_t *workload, const json_t *pods)
{
    const struct rollout_snapshot s = { .workload = workload };
    if (!revision_is_observed(&s))
        return NULL;
    json_t *stuck = doc_array();
    size_t i;
    json_t *pod;
    DOC_EACH_ITEM (pods, i, pod) {
        bool waits = revision_owns_pod(&s, pod) && !pod_is_ending(pod) && !pod_is_put_out(pod) && !pod_is_ready(pod);
        if (waits && replaces_in_order(workload) && !revision_is_of(&s, NULL, pod) && !is_kept(workload, pod))
            doc_append(stuck, doc_ref(pod));
    }
    return stuck;
}
