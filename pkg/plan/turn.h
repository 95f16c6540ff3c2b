/* turn: what only one rwml at a time may do. */
#ifndef PLAN_TURN_H
#define PLAN_TURN_H

#include "plan/request.h"

/* turn_take: the lock that belongs to `what` (a workspace's path, a cluster), a file of the state
 * directory under its digest: it lies wherever the workspace lies, and whether or not that may be
 * written to. As fs_lock: waits until deadline_ms, ends with the process, close *lock to give it
 * up; threads of one process wait for each other, too. */
struct err *turn_take(const struct request *request, const char *what, int64_t deadline_ms,
                      void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *lock) MUST_USE;

/* turn_take_workspace: the turn to work on a workspace; waits as long as the request says, and tells so. */
struct err *turn_take_workspace(const struct request *request, const char *root, int *lock) MUST_USE;

/* turn_take_nodes: the turn to change what images a cluster's nodes have. */
struct err *turn_take_nodes(const struct request *request, const char *cluster, int64_t deadline_ms,
                            void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *lock) MUST_USE;

#endif
