/* restart: what an apply does to the pods that run, and because of which field. Pure.
 *
 * A workload's controller makes new pods when the pod template differs, and for nothing else. A CronJob's
 * template counts from the next run on; a ConfigMap or a Secret restarts nobody. */
#ifndef ROLLOUT_RESTART_H
#define ROLLOUT_RESTART_H

#include "kube/differences.h"

struct rollout_restart {
    char *words; /* "rolling restart of 2 pods", "restart of 2 pods, stopped before new ones start (Recreate)", or why
                  * none is touched where one would expect it; NULL: there is nothing to say */
    char *field; /* the first of the pod template that differs; NULL: no pod is touched by one */
    size_t more; /* other fields of it that differ, too */
};

/* rollout_restart_find: before: the live object; after: as it will be, with the server's defaults; differences:
 * all between the two. */
void rollout_restart_find(const json_t *before, const json_t *after, const struct kube_differences *differences,
                          struct rollout_restart *out);
void rollout_restart_release(struct rollout_restart *r);

#endif
