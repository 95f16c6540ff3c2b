/* target: where the work goes.
 *
 * The cluster is proved, not named: what is written goes to an API server that is published by a
 * node of the Kind cluster that this engine runs, whatever the kubeconfig's context is called.
 */
#ifndef PLAN_TARGET_H
#define PLAN_TARGET_H

#include "engine/engine.h"
#include "kube/client.h"
#include "node/cluster.h"
#include "plan/request.h"

struct target {
    struct engine *engine;
    struct node_list nodes;         /* empty where nothing but build is asked for */
    struct kube_config kube_config; /* empty where neither deploy nor images is, see target_prove */
    char *cluster;                  /* borrowed from nodes; may be NULL */
    char *registry;                 /* that the cluster names, "localhost:5001", see registry.h; NULL: none */
    bool asked_for_registry;
};

/* target_open: workspace_cluster: what the workspace says (C0, C1), or NULL. */
struct err *target_open(const struct request *request, const char *workspace_cluster, struct target *out) MUST_USE;

/* target_prove: finds kube_config where that was not done yet. */
struct err *target_prove(const struct request *request, struct target *t) MUST_USE;
void target_release(struct target *t);

/* target_advise: an error of the API server (NULL stays NULL) with what to type next, where it has
 * nothing yet. */
struct err *target_advise(const struct target *t, struct err *e) MUST_USE;

#endif
