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
 *   render.c     the objects as they would be applied
 *   status.c     what was built, what the nodes have, what runs
 *   logs.c       what the containers of the services' pods print
 *   environment.c  explain.c   what programs find in their environment, and why
 *   lookup.c     ConfigMaps and Secrets of the cluster, for these two
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

/* flow_render: prints each service's objects as flow_run would apply them, in that order: variables, images,
 * settle and namespaces set, but without the label of the apply set. Nothing is written anywhere. The engine is asked
 * where a service has images of its own, the cluster where KAFKA_BROKER_ADDRESS has to be found; an image whose name
 * for its content can't be learned keeps the manifest's reference, which is told. What Secrets hold is masked. */
struct err *flow_render(const struct request *request) MUST_USE;

/* flow_status: shows a line for each service: what the engine has built, how many nodes have it, whether that is what
 * runs, and how its pods are. Where the engine, a node or the cluster can't be asked, the rest is shown, and the error
 * says why. Changes nothing. */
struct err *flow_status(const struct request *request) MUST_USE;

/* flow_logs: shows what the containers of the services' pods print, in the order of time: what is there now, or, where
 * it follows, until interrupted (RW9009_INTERRUPTED), over restarts and revisions. Changes nothing. */
struct flow_logs {
    bool follow;
    bool previous;    /* of the instance before, which can't be followed */
    int64_t since_ms; /* only what is younger; 0: all */
    int64_t tail;     /* the last lines of each container only; < 0: all */
};
struct err *flow_logs(const struct request *request, const struct flow_logs *how) MUST_USE;

/* flow_environment: shows the environment of each container of the services: values, and where each is from.
 * The cluster is asked only for what the manifests lack; where that does not go well, it is a warning, and
 * those values stay open. Errors are those of the manifests and their variables, as for a deploy. */
struct err *flow_environment(const struct request *request) MUST_USE;

/* flow_explain: shows all that gives one variable its value, what wins and what loses, and every place that
 * it reaches. RW1031_VARIABLE_UNUSED when there is none, with a suggestion. */
struct err *flow_explain(const struct request *request) MUST_USE;

#endif
