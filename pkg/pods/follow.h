/* follow: what the containers of a service's pods print, in the order of time, over restarts and revisions.
 *
 * One thread: a list and watch of the pods (kube/mirror.h), a log for each container that has one (kube/log.h),
 * their lines merged (merge.h). A log that ends is read on: of the same instance after a break, with what comes twice
 * dropped (resume.h); of the next one after a restart; and of one that has ended once more, since only a reading
 * that began after its end is known to be all (instances.h).
 *
 * Lost is what the kubelet has removed before it could be read: a deleted pod's, an instance's before the one before.
 * So may be the last lines of an instance whose log breaks while the next one starts in the same second, since the
 * server tells of ends in whole seconds.
 */
#ifndef PODS_FOLLOW_H
#define PODS_FOLLOW_H

#include "pods/roots.h"

/* Borrowed texts. */
struct log_line {
    const struct pod_root *root;
    const char *pod;
    const char *container;
    const char *time; /* as the server wrote it; "" where it wrote none */
    const char *text;
    size_t len;
    bool cut; /* the line was longer than LIMIT_LOG_LINE */
};

struct log_follow {
    bool follow;     /* go on until interrupted; else what is there now */
    bool previous;   /* of the instance before instead; then nothing is followed */
    int64_t since_s; /* since the epoch; 0: from the beginning */
    int64_t tail;    /* the last lines of each container that is there now; < 0: all */
    const struct cancel *cancel;
    void (*on_line)(void *ctx, const struct log_line *line);
    /* on_mark: between the lines, what happened to a container: "ended with exit 1", "restart 2". */
    void (*on_mark)(void *ctx, const struct log_line *mark);
    /* is_done: asked again and again; true: nobody wants more. May be NULL. */
    bool (*is_done)(void *ctx);
    /* ends_by: asked again and again, of what is followed; any other answer than CLOCK_NEVER: no pod will start any
     * more. It then ends once the pods that are there have ended and were read to their ends, and at this time in any
     * case (clock.h). May be NULL. */
    int64_t (*ends_by)(void *ctx);
    void *ctx;
};

/* log_follow: *containers: how many had something to read. Errors: kube's, when the server can't be
 * asked for longer than the retries last; RW9009_INTERRUPTED. */
struct err *log_follow(struct kube_client *c, const struct pod_root *roots, size_t count, const struct log_follow *how,
                       size_t *containers) MUST_USE;

#endif
