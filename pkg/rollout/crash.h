/* crash: the first time that a program of a rollout's new pods ends though it is to run, so that it is told while
 * it may still recover. For pkg/rollout only; pure. */
#ifndef ROLLOUT_CRASH_H
#define ROLLOUT_CRASH_H

#include "rollout/follow.h"

/* crash_find: of the pods of the newest revision the first container that has ended with a failure since then
 * (wall clock); of one that is to run for ever, with whatever code. False: none has. out borrows from s. A
 * container that was started again within one update of its pod is found by how it ended before. */
bool crash_find(const struct rollout_snapshot *s, int64_t since_s, struct rollout_crash *out);

#endif
