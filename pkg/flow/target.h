/* target: where the work goes. For pkg/flow only.
 *
 * The cluster is proved, not named: what is written goes to an API server that is published by a
 * node of the Kind cluster that this engine runs, whatever the kubeconfig's context is called.
 */
#ifndef FLOW_TARGET_H
#define FLOW_TARGET_H

#include "engine/engine.h"
#include "flow/flow.h"
#include "kube/client.h"
#include "node/cluster.h"

struct target {
    struct engine *engine;
    struct node_list nodes;         /* empty where nothing but build is asked for */
    struct kube_config kube_config; /* empty where neither deploy nor images is */
    char *cluster;                  /* borrowed from nodes; may be NULL */
};

/* target_open: workspace_cluster: what the workspace says (C0, C1), or NULL. */
struct err *target_open(const struct flow_request *request, const char *workspace_cluster, struct target *out) MUST_USE;
void target_release(struct target *t);

/* target_advise: an error of the API server (NULL stays NULL) with what to type next, where it has
 * nothing yet. */
struct err *target_advise(const struct target *t, struct err *e) MUST_USE;

#endif
