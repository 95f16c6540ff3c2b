/* verdict: workloads followed until they are ready or have failed, with their changes told. */
#ifndef RELEASE_VERDICT_H
#define RELEASE_VERDICT_H

#include "plan/request.h"
#include "rollout/follow.h"
#include "workspace/workspace.h"

struct verdict_ask {
    const struct request *request;
    const char *service; /* its name, and the stage: of the events */
    const char *stage;
    /* Where the file of a Python error is looked for; NULL: nowhere. */
    const struct workspace *workspace;
    const struct service *source;
};

/* verdict_follow: as rollout_follow with the request's time limits. proved may be NULL. */
struct err *verdict_follow(const struct verdict_ask *ask, struct kube_client *kube,
                           const struct rollout_target *targets, size_t count, int *proved) MUST_USE;

/* verdict_is_failure: is this what rollout_follow says of a workload that has failed, and not of a server that
 * does not answer or of an interruption? */
bool verdict_is_failure(const struct err *e);

#endif
