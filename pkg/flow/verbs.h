/* verbs: what flow_run does with one service. For pkg/flow only. The third verb is release/deploy.h. */
#ifndef FLOW_VERBS_H
#define FLOW_VERBS_H

#include "plan/job.h"

/* job_build: builds the service's images. job_push: brings them to every node, and proves that they are there. */
struct err *job_build(struct job *job) MUST_USE;
struct err *job_push(struct job *job) MUST_USE;

#endif
