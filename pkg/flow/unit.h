/* unit: a one-off Job, made of a Job or a CronJob of the manifests. For pkg/flow only; pure.
 *
 * The new Job has the unit's pod template, and runs it once: no schedule, no suspension, no retries. What it is
 * otherwise (completions, parallelism, its deadline) it stays.
 */
#ifndef FLOW_UNIT_H
#define FLOW_UNIT_H

#include "plan/plan.h"

/* How long a Job that rwml made, and could not or should not remove, stays after its end. */
#define UNIT_STAYS_S (60 * 60)

/* unit_find: the Job or CronJob that the name means, which may be its own or the service's. Borrowed from the item.
 * RW1017_NO_UNIT; RW1014_AMBIGUOUS where the service has several and the name is none of them. */
struct err *unit_find(const struct plan_item *item, const char *name, const struct manifest_object **out) MUST_USE;

/* unit_pod_spec: of the object that unit_find gave. */
json_t *unit_pod_spec(const struct manifest_object *unit);

/* unit_container: the one that is meant by `wanted`, or by NULL. Borrowed. RW1018_NO_CONTAINER. */
struct err *unit_container(const struct manifest_object *unit, const char *wanted, const char **out) MUST_USE;

struct unit_wish {
    const char *name;             /* of the new Job, see unit_new_name */
    const char *container;        /* whose arguments are given */
    const struct strv *arguments; /* take the place of the container's args; empty: those stay */
    bool keep;                    /* the Job is not to go by itself */
};

/* unit_job: the object to apply; owned. */
json_t *unit_job(const struct manifest_object *unit, const struct unit_wish *wish) MUST_USE;

/* unit_new_name: "nightly-run-4f2a91", at most 63 characters, which is what the label job-name may have; owned.
 * random: at least 6 characters that a name may have. */
char *unit_new_name(const char *unit, const char *random) MUST_USE;

/* unit_runs_alone: will the Job have one pod with one container, so that every line of output is that one's? */
bool unit_runs_alone(const json_t *job);

#endif
