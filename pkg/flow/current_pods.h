/* current_pods: for each workload the pod that is the newest ready one now, kept up to date by one thread and asked by
 * others. For pkg/flow only. */
#ifndef FLOW_CURRENT_PODS_H
#define FLOW_CURRENT_PODS_H

#include "base/cancel.h"
#include "kube/client.h"
#include "pods/roots.h"

struct current_pods;

/* current_pods_new: of these workloads, borrowed; none is known before the first wait. on_change: called by the thread
 * that keeps them, when a workload's pod is another one (pod NULL: it has none; why: a few words). */
struct current_pods *current_pods_new(const struct pod_root *roots, size_t count,
                                      void (*on_change)(void *ctx, size_t root, const char *pod, const char *why),
                                      void *ctx) MUST_USE;
void current_pods_free(struct current_pods *p);
DEFINE_FREEP(current_pods)

/* current_pods_keep: lists and watches until the client's token is requested, which is its only good end:
 * RW9009_INTERRUPTED; else kube's errors. */
struct err *current_pods_keep(struct current_pods *p, struct kube_client *c) MUST_USE;

/* current_pods_wait: the name of the workload's pod, owned, as soon as there is one that is not `but` (may be NULL).
 * RW6401_NO_READY_POD at the deadline; RW9009_INTERRUPTED. By any thread. */
struct err *current_pods_wait(struct current_pods *p, size_t root, const char *but, int64_t deadline_ms,
                              const struct cancel *cancel, char **out) MUST_USE;

#endif
