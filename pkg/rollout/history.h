/* history: what a workload ran before, as the cluster keeps it: a Deployment's ReplicaSets, a StatefulSet's
 * or DaemonSet's ControllerRevisions. Pure. */
#ifndef ROLLOUT_HISTORY_H
#define ROLLOUT_HISTORY_H

#include <stdint.h>

#include "doc/tree.h"

struct history_revision {
    int64_t number;   /* as `kubectl rollout history` counts */
    json_t *template; /* owned: the pod template as the workload had it */
    char *name;       /* of the object that keeps it; owned */
};
void history_revision_release(struct history_revision *r);

/* history_kind: the kind that keeps a workload's history, in apps/v1: "ReplicaSet", "ControllerRevision";
 * NULL: kinds that have none. */
const char *history_kind(const char *kind);

/* history_previous: the revision before the newest. owned: a list of history_kind, of whatever owner. False:
 * the workload has never been another, or its history was cleared. out is initialised here. */
bool history_previous(const json_t *workload, const json_t *owned, struct history_revision *out);

/* history_serving: the newest revision before the newest whose pods still serve: of a Deployment the one with
 * ready pods, of a StatefulSet the one that was rolled out last. False: none does. */
bool history_serving(const json_t *workload, const json_t *owned, struct history_revision *out);

#endif
