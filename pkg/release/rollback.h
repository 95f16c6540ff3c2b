/* rollback: workloads go back to a template that they had. For pkg/release only. */
#ifndef RELEASE_ROLLBACK_H
#define RELEASE_ROLLBACK_H

#include "release/release.h"

/* rollback_after_failure: e is a failed rollout of the release. Puts back what each workload that this run has
 * changed ran before: the revision whose pods still serve, else the template from before the run; deletes the pods
 * that keep a StatefulSet from it (rollout/stuck.h); follows it, and tells in the state of e how that went. Gives
 * e back, whose code stays what it is. */
struct err *rollback_after_failure(struct release *r, struct err *e) MUST_USE;

#endif
