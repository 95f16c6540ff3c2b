/* images: old images on the nodes. For pkg/flow only. */
#ifndef FLOW_IMAGES_H
#define FLOW_IMAGES_H

#include "plan/job.h"

/* images_clear: after the rollouts: removes the old images of the services that are done. Asks nobody
 * when none of them has changed anything, and waits for no other rwml. What goes wrong is a warning:
 * the services run. */
void images_clear(const struct request *request, const struct plan *plan, const struct target *target,
                  const struct job *jobs);

#endif
