/* cluster: the Kind cluster's nodes, which are containers of the engine.
 *
 * Kind labels them: io.x-k8s.kind.cluster is the cluster's name, io.x-k8s.kind.role one of
 * control-plane, worker, external-load-balancer. Names of containers are no contract.
 */
#ifndef NODE_CLUSTER_H
#define NODE_CLUSTER_H

#include "base/buf.h"
#include "base/strv.h"
#include "engine/engine.h"

struct node {
    char *name; /* of the container, and of the Kubernetes node */
    bool is_control_plane;
    bool running;
    char *state; /* the engine's word for it: "running", "exited", "paused" */
};

struct node_list {
    char *cluster;
    struct node *items; /* sorted by name */
    size_t count;
    char *api_host; /* where the API server is published: "127.0.0.1"; NULL: nowhere */
    int api_port;   /* 0: nowhere */
};

/* node_cluster_find: name NULL means the only one there is. RW4001_NO_CLUSTER when there is none
 * of that name (it lists those that exist, the nearest first), none at all, or several and no
 * name. A cluster whose nodes are stopped is found. */
struct err *node_cluster_find(struct engine *e, const char *name, struct net_wait wait, struct node_list *out) MUST_USE;
/* node_cluster_names: of all Kind clusters that this engine has, sorted. */
struct err *node_cluster_names(struct engine *e, struct net_wait wait, struct strv *out) MUST_USE;
void node_list_release(struct node_list *l);

/* node_stopped: RW4002_NODE_STOPPED, with the remedy, for a node that is not running, else NULL. */
struct err *node_stopped(const struct node *node) MUST_USE;

/* node_stopped_meanwhile: the same by the engine's word of now, for a node that says nothing. NULL also where
 * the engine does not tell within NODE_LOOKING_MS. */
#define NODE_LOOKING_MS 2000
struct err *node_stopped_meanwhile(struct engine *e, const struct node *node, const struct cancel *cancel) MUST_USE;

/* node_admin_kubeconfig: /etc/kubernetes/admin.conf of the first running control-plane node, its
 * server address as inside the cluster. RW4002_NODE_STOPPED, RW4003_NODE_FAILED. The bytes are a
 * credential: not for messages. */
struct err *node_admin_kubeconfig(struct engine *e, const struct node_list *nodes, struct net_wait wait,
                                  struct buf *out) MUST_USE;

#endif
