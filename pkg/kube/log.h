/* log: what a container prints, line by line as the server sends it.
 *
 * Any number of logs may be open at a client, beside a mirror of it (mirror.h): kube_mirror_wait moves
 * them all and hands out their lines. Each log is a connection of its own.
 *
 * The server follows one instance of a container only: a log ends when that one ends, and also when the
 * API server or the kubelet does; whoever wants all has to open it again and to drop what comes twice.
 * Every line begins with its time, "2025-01-02T03:04:05.123456789Z ", since `since_s` counts in whole
 * seconds (the API server cuts off the rest, registry/core/pod/strategy.go) and so repeats some.
 */
#ifndef KUBE_LOG_H
#define KUBE_LOG_H

#include "kube/client.h"

struct kube_log;

/* Texts are borrowed for kube_log_open only. */
struct kube_log_query {
    const char *namespace;
    const char *pod;
    const char *container;
    bool follow;
    bool previous;   /* of the instance before the one that the server takes for the current one */
    int64_t since_s; /* since the epoch; 0: from the beginning */
    int64_t tail;    /* the last lines only; < 0: all */
};

enum kube_log_end {
    KUBE_LOG_COMPLETE, /* the server has ended it */
    KUBE_LOG_NOTHING,  /* there is none: not started yet, no instance before, no such pod any more */
    KUBE_LOG_BROKEN    /* why: reason */
};

/* Called within kube_mirror_wait, where no log may be closed. A line is at most LIMIT_LOG_LINE bytes; cut:
 * it was longer. reason: NULL unless BROKEN; owned by on_end. */
struct kube_log_taker {
    void (*on_line)(void *ctx, const char *line, size_t len, bool cut);
    void (*on_end)(void *ctx, enum kube_log_end end, struct err *reason);
    void *ctx;
};

/* kube_log_open: errors only for a name that can't be part of a path, and those of a login, see config.h, where
 * credentials have expired; all others come by on_end, but for 401 and 403 that are final (outage.h):
 * RW5104_CLUSTER_REFUSED of kube_mirror_wait. */
struct err *kube_log_open(struct kube_client *c, const struct kube_log_query *query, struct kube_log_taker taker,
                          struct kube_log **out) MUST_USE;
void kube_log_close(struct kube_log *l); /* in any state; NULL is fine */

/* kube_log_hold: while held, it gives no lines, and the server is held back. */
void kube_log_hold(struct kube_log *l, bool held);

#endif
