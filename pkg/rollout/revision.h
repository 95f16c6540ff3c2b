/* revision: which pods are a workload's, and which of them are of its newest version. For
 * pkg/rollout only; pure. */
#ifndef ROLLOUT_REVISION_H
#define ROLLOUT_REVISION_H

#include "rollout/state.h"

/* revision_number: of a ReplicaSet or a Deployment, which carry it as an annotation, or of a
 * ControllerRevision; -1: none. */
int64_t revision_number(const json_t *object);

/* revision_newest: the newest ReplicaSet or ControllerRevision of the workload, of a ReplicaSet itself;
 * NULL: none yet, or a kind that has no such. Borrowed. */
const json_t *revision_newest(const struct rollout_snapshot *s);

/* revision_is_observed: has its controller seen the workload as it is now? Jobs and bare Pods, which are not
 * changed but made anew, always count as seen. revision_has_arrived: the newest ReplicaSet that a Deployment tells
 * of is there: lists come by watches of their own. Until both hold, the newest revision may be the one before. */
bool revision_is_observed(const struct rollout_snapshot *s);
bool revision_has_arrived(const struct rollout_snapshot *s);

/* revision_owns_pod: is the pod the workload's, of whatever version? A Deployment's pods are owned
 * by its ReplicaSets. */
bool revision_owns_pod(const struct rollout_snapshot *s, const json_t *pod);

/* revision_is_of: is this pod of the workload of its newest version? */
bool revision_is_of(const struct rollout_snapshot *s, const json_t *revision, const json_t *pod);

#endif
