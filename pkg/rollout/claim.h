/* claim: whether a PersistentVolumeClaim gets its volume. For pkg/rollout only; pure. */
#ifndef ROLLOUT_CLAIM_H
#define ROLLOUT_CLAIM_H

#include "rollout/tally.h"

/* claim_judge: READY when it is bound, or when its storage class binds at the first pod that uses it and there is none.
 * Fails at once when its volume was lost; after 10 s when its storage class does not exist; else at the deadline, with
 * what the binder or the provisioner says. */
void claim_judge(const struct rollout *r, struct rollout_verdict *out);

#endif
