/* target: where the work goes.
 *
 * The cluster is proved, not named: what is written goes to an API server that is published by a
 * node of the Kind cluster that this engine runs, whatever the kubeconfig's context is called. The one
 * exception is a context that the user named, on the command line or in their own configuration: it may
 * lead anywhere, and where it leads to no Kind cluster of this engine there are no nodes to bring images to.
 *
 * First wins: --context, --cluster, the user's own context, what the workspace says, the only Kind cluster.
 */
#ifndef PLAN_TARGET_H
#define PLAN_TARGET_H

#include "engine/engine.h"
#include "kube/client.h"
#include "node/cluster.h"
#include "plan/request.h"
#include "workspace/workspace.h"

struct target {
    struct engine *engine;          /* NULL: out of reach, and not needed since the cluster is foreign */
    struct node_list nodes;         /* empty where nothing but build is asked for, and of a foreign cluster */
    struct kube_config kube_config; /* empty where neither deploy nor images is, see target_prove */
    char *cluster;                  /* borrowed: the Kind cluster's name, or the context; NULL where only build is */
    bool foreign;                   /* no Kind cluster of this engine */
    char *registry;                 /* that the cluster names, "localhost:5001", see registry.h; NULL: none */
    bool asked_for_registry;
};

/* target_open: finds engine, nodes and cluster, as far as the verbs need them. RW5102_WRONG_CLUSTER for verbs that
 * need nodes where a foreign cluster was named; RW5101_KUBECONFIG when there is no such context; RW5106 when a
 * credential plugin of the kubeconfig lies in the workspace. */
struct err *target_open(const struct request *request, const struct workspace *workspace, struct target *out) MUST_USE;

/* target_open_proved: the same, and kube_config is there whatever the verbs: for those that cannot do without it. */
struct err *target_open_proved(const struct request *request, const struct workspace *workspace,
                               struct target *out) MUST_USE;

/* target_namespace: that of the context that the user named, for objects that name none, as kubectl has it; NULL:
 * nobody named one, or it has none. Owned. Contacts nobody. */
struct err *target_namespace(const struct request *request, char **out) MUST_USE;

/* target_prove: finds kube_config where that was not done yet. */
struct err *target_prove(const struct request *request, const struct workspace *workspace, struct target *t) MUST_USE;
void target_release(struct target *t);

/* target_advise: an error of the API server (NULL stays NULL) with what to type next, where it has
 * nothing yet. */
struct err *target_advise(const struct target *t, struct err *e) MUST_USE;

#endif
