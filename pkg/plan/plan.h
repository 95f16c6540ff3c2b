/* plan: what is to be done, as far as it is known without contacting anybody.
 *
 * The package is what all commands stand on: what is asked, of which services, and where it goes.
 *
 *   request.h      what the command line asks for; tell.c  what is told of it
 *   plan.c         services, manifests, variables
 *   target.c       the engine, the Kind cluster's nodes and its API server, proved to belong together
 *   user_config.c  what the user's own configuration says of that
 *   turn.c         what only one rwml at a time may do
 *   contested.c    objects that two services have, each in its own way
 *   broker.c  strimzi.c   KAFKA_BROKER_ADDRESS: looked for in the cluster, and checked
 *   job.c          one service on its way; timings.c  what each phase of it took
 *   presence.c     what the nodes have of its images, and under which names
 *   roots.c        the workloads of the manifests, from which pods are found
 *   live.c         what the cluster has of them at one moment
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "manifest/set.h"
#include "manifest/variables.h"
#include "plan/request.h"
#include "workspace/workspace.h"

#define BROKER_VARIABLE "KAFKA_BROKER_ADDRESS"
#define BROKER_FOUND "what the cluster has" /* where such a value is from */

/* One service's share. */
struct plan_item {
    struct service *service; /* borrowed from the plan's workspace */
    struct manifest_set manifests;
    struct values values; /* all sources, in their order */
    struct variable_uses uses;
};

struct plan {
    struct workspace *workspace;
    struct selection selection;
    struct plan_item *items;
    size_t count;
    char *namespace;   /* of the context that the user named; may be NULL */
    bool needs_broker; /* a ${KAFKA_BROKER_ADDRESS} has neither a value nor a default */
};

/* plan_make: errors are those of workspace, of the manifests (all services', joined) and of the
 * variables. An unset BROKER_VARIABLE is none yet. */
struct err *plan_make(const struct request *request, struct plan *out) MUST_USE;

/* plan_set_variables: puts the values into every manifest set. broker: what was found in the
 * cluster; NULL when nobody needed it. */
struct err *plan_set_variables(struct plan *plan, const char *broker) MUST_USE;

/* plan_namespace: of a service's objects that name none.
 * plan_values: all sources of a service's variables, in their order.
 * plan_load: its manifests as they are written, without variables. */
const char *plan_namespace(const struct plan *plan, const struct service *service);
struct err *plan_values(const struct request *request, const struct plan *plan, const struct service *service,
                        struct values *out) MUST_USE;
struct err *plan_load(const struct plan *plan, const struct service *service, struct manifest_set *out) MUST_USE;
void plan_release(struct plan *plan);

/* plan_add_references: of the service's images, each once. plan_known_references: of the whole workspace. */
void plan_add_references(const struct service *service, struct strv *to);
void plan_known_references(const struct plan *plan, struct strv *to);

#endif
