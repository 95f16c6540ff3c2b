/* finding: what one pod's state says about its rollout. For pkg/rollout only; pure. */
#ifndef ROLLOUT_FINDING_H
#define ROLLOUT_FINDING_H

#include "rollout/state.h"

/* From the least to the most telling: of several pods and containers the highest is reported. */
enum rank {
    RANK_FINE,
    RANK_SETTLING,
    RANK_PENDING, /* being created, pulled, started */
    RANK_NOT_READY,
    RANK_UNSCHEDULABLE,
    RANK_IMAGE,
    RANK_CONFIG,
    RANK_CRASH,
    RANK_FATAL /* no waiting will help, or its budget is used up */
};

struct finding {
    enum rank rank;
    enum err_code code; /* to fail with: now if FATAL, else at the deadline */
    char *reason;
    char *cause;
    char *container;
    int exit_code; /* -1: nothing exited */
    bool log_previous;
    bool has_log;      /* the container has run: its output may tell more */
    bool wants_events; /* of the pod */
};

void finding_release(struct finding *f);

/* finding_keep_worse: *worst becomes *other where that has the higher rank: true. *other is released or moved. */
bool finding_keep_worse(struct finding *worst, struct finding *other);

/* What the pods are judged by. */
struct judge {
    const struct rollout_snapshot *snapshot;
    const struct rollout_options *options;
    bool runs_for_ever;  /* exit 0 is a failure, too */
    bool server_settles; /* the workload's minReadySeconds covers settle_ms */
    enum err_code crash; /* RW6103, of a Job's pod RW6106 */
};

/* One container of a pod, as its judges see it. */
struct subject {
    const struct judge *judge;
    const json_t *pod;
    const json_t *status;
    const char *name;
    bool init; /* is to end with exit 0 before the others start */
};

/* container_was_lost: nobody saw how it ended, since its node was restarted meanwhile: of what it finds then, the
 * kubelet tells the reason Unknown and exit code 255 (CRI), which is no word about the program. */
bool container_was_lost(const json_t *terminated);

/* container_judge: out is initialised here. */
void container_judge(const struct subject *s, struct finding *out);

/* pod_judge: out is initialised here. RANK_FINE: Ready and settled, or ended as it should. */
void pod_judge(const struct judge *j, const json_t *pod, struct finding *out);

bool pod_is_ready(const json_t *pod);
bool pod_is_ending(const json_t *pod); /* deletionTimestamp is set */

/* pod_is_put_out: by its node, not by its program: Evicted, Preempting, NodeAffinity, Terminated … It
 * stays in its ReplicaSet or Job until it is collected, and another takes its place. */
bool pod_is_put_out(const json_t *pod);

/* pod_changed_since: was the pod's spec changed in place at this time or later? metadata.managedFields
 * tell when each manager wrote it last. time: RFC 3339; NULL is long ago. */
bool pod_changed_since(const json_t *pod, const char *time);

/* condition_of: of an object's status.conditions the one of this type, or NULL. */
const json_t *condition_of(const json_t *object, const char *type);
bool condition_is(const json_t *object, const char *type, const char *status);

/* seconds_since: of a time in an object; -1 when there is none. */
int64_t seconds_since(const json_t *object, const char *pointer, int64_t now_s);

/* event_newest: of the events about the object with this uid the newest with this reason whose message
 * starts so (NULL: however); NULL when there is none. */
const json_t *event_newest(const struct rollout_snapshot *s, const char *uid, const char *reason, const char *start);
int64_t event_age_s(const json_t *event, int64_t now_s); /* -1: it has no time */

/* event_is_refuted: is `by`, which tells that what failed has gone well, as new as the event or newer?
 * Times are whole seconds; what fails on and on gets a newer time. NULL for `by`: no. */
bool event_is_refuted(const json_t *event, const json_t *by, int64_t now_s);

/* image_proof: NULL when every container in images runs the expected image; else what is wrong,
 * owned. *container names it (borrowed from images). A pod that does not tell yet, or tells of a
 * container that is to be replaced since the spec was changed in place, is fine with *known false. */
char *image_proof(const json_t *pod, const struct rollout_image *images, size_t count, bool *known,
                  const char **container) MUST_USE;

#endif
