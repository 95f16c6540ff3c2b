/* explain: makes the error of a failed rollout out of its verdict and the guilty container's output. For
 * pkg/rollout only. */
#ifndef ROLLOUT_EXPLAIN_H
#define ROLLOUT_EXPLAIN_H

#include "rollout/follow.h"

/* explain: the verdict is FAILED. Fetches the output; where it can't be had, the error is without. */
struct err *explain(struct kube_client *c, const struct rollout_target *target, const struct rollout_verdict *verdict,
                    const struct rollout_follow *how) MUST_USE;

/* explain_with: the same with the output in hand. output NULL: the container printed nothing, or none has
 * run. Of `how` only locate is used. */
struct err *explain_with(const struct rollout_target *target, const struct rollout_verdict *verdict,
                         const struct rollout_follow *how, const char *output, size_t len) MUST_USE;

#endif
