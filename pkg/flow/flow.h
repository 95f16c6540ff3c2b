/* flow: the commands, each a flow over what a request names (plan/request.h). flow_run finds the workspace,
 * checks everything that can be checked without contacting anybody, takes the workspace's lock, proves the
 * cluster, and then works on the services side by side.
 *
 *   run.c        the order of all this
 *   build.c  push.c  the first two verbs of one service; the third is release/deploy.c
 *   registry.c   the registry that the cluster names
 *   images.c     old images, shown and removed
 *   brought.c    which images are rwml's, and which of them stay
 *   uses.c       which images the cluster's objects name
 *
 * What happens is told to the ui as it happens; errors are returned, joined over the services.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "plan/request.h"

/* flow_run: NULL when every verb is done and proved for every service. Errors of the services are
 * joined; RW6302_SERVICES_PARTIAL is added when some were deployed and some were not. */
struct err *flow_run(const struct request *request) MUST_USE;

/* flow_images: shows the images that rwml brought to the nodes and why each stays, and removes the
 * others where that is asked for. A node that fails leaves the others alone: what they have is
 * shown, and removed; RW4005_NODES_PARTIAL. */
struct err *flow_images(const struct request *request) MUST_USE;

#endif
