/* tally: what a verdict is put together from: the workload, and its pods by revision. For
 * pkg/rollout only; pure. */
#ifndef ROLLOUT_TALLY_H
#define ROLLOUT_TALLY_H

#include "rollout/finding.h"

/* What is being judged: the workload, and its pods by revision. */
struct rollout {
    const struct rollout_snapshot *snapshot;
    const struct rollout_options *options;
    const char *uid;
    const json_t *revision; /* newest ReplicaSet or ControllerRevision; NULL: none yet, or no such kind */
    int64_t wanted;
    struct judge judge;
};

bool rollout_is_kind(const struct rollout *r, const char *kind);

/* verdict_say: the reason, owned by the verdict from then on. verdict_fail: FAILED, now.
 * verdict_wait_for: not done yet; at the deadline that is a failure. */
void verdict_say(struct rollout_verdict *out, char *reason_steal);
void verdict_fail(struct rollout_verdict *out, enum err_code code, char *reason_steal, const char *cause);
void verdict_wait_for(const struct rollout *r, struct rollout_verdict *out, char *reason_steal);

struct tally {
    struct finding worst;
    const json_t *worst_pod;
    int pods;              /* of the newest revision, not ending */
    int old_pods;          /* of older ones, not ending */
    int put_out;           /* of the newest revision; in neither number */
    const json_t *out_pod; /* one of them */
};

/* tally_count: what counts of the workload's pods; ready pods go to the verdict. */
void tally_count(const struct rollout *r, struct tally *t, struct rollout_verdict *out);
void tally_release(struct tally *t);

/* tally_worst_of: of these pods the worst, borrowed, and what was found in it; NULL: there are none. out is
 * initialised here. */
const json_t *tally_worst_of(const struct rollout *r, const json_t *pods, struct finding *out);

/* tally_name_pod: the verdict names this pod, and what was found in it. */
void tally_name_pod(const json_t *pod, const struct finding *f, struct rollout_verdict *out);

/* tally_worst_decides: true when the worst pod decides: it has failed, or the deadline has passed
 * over it. */
bool tally_worst_decides(const struct rollout *r, struct tally *t, struct rollout_verdict *out);

/* verdict_images_proved: whether each pod of the newest revision runs what was built; else the verdict
 * says why not. verdict_ready: READY with this reason, if so. */
bool verdict_images_proved(const struct rollout *r, struct rollout_verdict *out);
void verdict_ready(const struct rollout *r, struct rollout_verdict *out, char *reason_steal);

#endif
