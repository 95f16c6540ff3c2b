/* stuck: the pods for which a StatefulSet's controller waits before it replaces any. Pure.
 *
 * One that creates its pods in order (podManagementPolicy OrderedReady) goes on only while all of them are ready, and
 * that holds for a change that would mend them, too: a pod that never becomes ready is never replaced, neither by a
 * newer version nor by the one before (kubernetes#67250; "Forced rollback" in Kubernetes' documentation of
 * StatefulSets). Once it is deleted, it is made anew from the newest template. */
#ifndef ROLLOUT_STUCK_H
#define ROLLOUT_STUCK_H

#include "doc/tree.h"

/* stuck_pods: of the pods those of the workload that are of an older revision, not ready, and to be replaced: not where
 * OnDelete or a partition keeps them. An owned array of the same objects, empty for all that does not create its pods
 * in order. NULL: its controller has not seen the workload's last change yet. */
json_t *stuck_pods(const json_t *workload, const json_t *pods) MUST_USE;

#endif
