/* exec: a command in a container, with its standard streams, as the kubelet runs it (remotecommand over WebSocket,
 * v5.channel.k8s.io, or v4 of servers before 1.30, which can't be told that the input has ended).
 *
 * Nothing waits but kube_exec_open. One thread; the client outlives it.
 */
#ifndef KUBE_EXEC_H
#define KUBE_EXEC_H

#include "base/net.h"
#include "kube/client.h"

struct kube_exec;

/* Texts are borrowed for kube_exec_open only. */
struct kube_exec_query {
    const char *namespace;
    const char *pod;
    const char *container;
    const struct strv *command;
    bool input; /* it gets what kube_exec_send sends; else an empty input */
    bool tty;   /* on a terminal of its own, whose size kube_exec_resize tells; all output is stdout then */
};

/* Called within kube_exec_step. */
struct kube_exec_taker {
    struct err *(*on_output)(void *ctx, bool is_error_stream, const void *bytes, size_t len);
    void *ctx;
};

/* kube_exec_open: the request; that the command could not be started is told later, as its end. Errors:
 * RW5104_CLUSTER_REFUSED (403), RW6403_POD_GONE (404), RW5105_CLUSTER_PROTOCOL for another refusal, and client.h's. */
struct err *kube_exec_open(struct kube_client *c, const struct kube_exec_query *query, struct kube_exec_taker taker,
                           struct kube_exec **out) MUST_USE;
void kube_exec_free(struct kube_exec *x); /* the command goes on unless its streams' end ends it */
DEFINE_FREEP(kube_exec)

struct err *kube_exec_send(struct kube_exec *x, const void *bytes, size_t len) MUST_USE;
size_t kube_exec_backlog(const struct kube_exec *x); /* bytes that the server has not taken */

/* kube_exec_end_input: false: the server has no way to be told. */
struct err *kube_exec_end_input(struct kube_exec *x, bool *told) MUST_USE;
struct err *kube_exec_resize(struct kube_exec *x, unsigned columns, unsigned rows) MUST_USE;

/* kube_exec_poll: what to wait for; kube_exec_is_ready: don't. kube_exec_step: moves what can be moved; *next_ms: when
 * to call it again whatever happens. RW5103_CLUSTER_UNREACHABLE when the connection broke. */
struct net_poll kube_exec_poll(const struct kube_exec *x);
bool kube_exec_is_ready(const struct kube_exec *x);
struct err *kube_exec_step(struct kube_exec *x, int64_t *next_ms) MUST_USE;

/* How it ended. */
enum kube_exec_outcome {
    KUBE_EXEC_RUNS,
    KUBE_EXEC_EXITED,      /* code */
    KUBE_EXEC_NOT_STARTED, /* words; code: what a shell would say, 126 or 127, 0 where that is not known */
    KUBE_EXEC_LOST         /* the streams ended, and nobody said how the command did */
};
struct kube_exec_end {
    enum kube_exec_outcome outcome;
    int code;
    char *words; /* the server's; may be NULL */
};
void kube_exec_end_release(struct kube_exec_end *e);
const struct kube_exec_end *kube_exec_end(const struct kube_exec *x);

/* kube_exec_read_status: what the status says that comes at the end. Pure; out is initialised here. */
void kube_exec_read_status(const char *text, size_t len, struct kube_exec_end *out);

#endif
