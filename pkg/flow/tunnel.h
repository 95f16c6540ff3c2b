/* tunnel: one connection of somebody here to a port of a pod. For pkg/flow only. */
#ifndef FLOW_TUNNEL_H
#define FLOW_TUNNEL_H

#include "base/cancel.h"
#include "kube/client.h"

struct tunnel_end {
    const char *namespace;
    const char *pod;
    int port;
};

/* tunnel_run: carries bytes both ways between the connected socket fd and the pod, until one of them is done. The pod
 * can't be told that fd's peer sends no more while it still reads (kube/forward.h); once the peer has closed, it is
 * over. *begun: bytes were read from fd, so that nobody else can take over. *complaint: what the node says against the
 * pod, owned; NULL: nothing. Errors: those of kube_forward_open and kube_forward_step; RW9009_INTERRUPTED. That fd's
 * peer goes away is none. */
struct err *tunnel_run(struct kube_client *kube, const struct tunnel_end *to, int fd, const struct cancel *cancel,
                       bool *begun, char **complaint) MUST_USE;

#endif
