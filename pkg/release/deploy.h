/* deploy: a service's objects brought into the cluster, and followed until they run; see release.h. */
#ifndef RELEASE_DEPLOY_H
#define RELEASE_DEPLOY_H

#include "plan/job.h"

/* job_deploy: in a dry run says what it would do. */
struct err *job_deploy(struct job *job) MUST_USE;

#endif
