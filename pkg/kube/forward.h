/* forward: one TCP connection to a port of a pod, by way of the API server.
 *
 * The CRI streaming server's own protocol over WebSocket (v4.channel.k8s.io), which API server and kubelet pass on: two
 * channels, data and error, each of which begins with the port in two bytes (cri-streaming, portforward/websocket.go).
 * The newer one (SPDY tunnelled in WebSocket) can do the same for one connection. It has no half close: neither side is
 * told that the other sends no more, only that it is over.
 *
 * Nothing waits but kube_forward_open. One thread; the client outlives it.
 */
#ifndef KUBE_FORWARD_H
#define KUBE_FORWARD_H

#include "base/net.h"
#include "kube/client.h"

struct kube_forward;

/* Called within kube_forward_step with what the pod sends. */
struct kube_forward_taker {
    struct err *(*on_bytes)(void *ctx, const void *bytes, size_t len);
    void *ctx;
};

/* kube_forward_open: RW6403_POD_GONE (404), RW5104_CLUSTER_REFUSED (403), RW5105_CLUSTER_PROTOCOL for another refusal,
 * and client.h's. That nothing listens at the port is told later, by kube_forward_complaint. */
struct err *kube_forward_open(struct kube_client *c, const char *namespace, const char *pod, int port,
                              struct kube_forward_taker taker, struct kube_forward **out) MUST_USE;
void kube_forward_free(struct kube_forward *f);
DEFINE_FREEP(kube_forward)

struct err *kube_forward_send(struct kube_forward *f, const void *bytes, size_t len) MUST_USE;
size_t kube_forward_backlog(const struct kube_forward *f); /* bytes that the server has not taken */
void kube_forward_hold(struct kube_forward *f, bool held); /* while held, the pod is held back */

/* kube_forward_poll: what to wait for; kube_forward_is_ready: don't. kube_forward_step: moves what can be moved;
 * *next_ms: when to call it again whatever happens. RW5103_CLUSTER_UNREACHABLE when the connection broke. */
struct net_poll kube_forward_poll(const struct kube_forward *f);
bool kube_forward_is_ready(const struct kube_forward *f);
struct err *kube_forward_step(struct kube_forward *f, int64_t *next_ms) MUST_USE;

/* kube_forward_is_over: the pod's side has ended. kube_forward_complaint: what the node says went wrong; NULL: nothing
 * so far. */
bool kube_forward_is_over(const struct kube_forward *f);
const char *kube_forward_complaint(const struct kube_forward *f);

#endif
