/* container: one container's log on its way: what is read of it next, and what has become of that. For
 * pkg/pods only.
 */
#ifndef PODS_CONTAINER_H
#define PODS_CONTAINER_H

#include "kube/log.h"
#include "pods/follow.h"
#include "pods/instances.h"
#include "pods/merge.h"
#include "pods/resume.h"

struct container {
    struct merge_source source;
    struct kube_client *client;
    const struct log_follow *how;
    const struct pod_root *root;
    char *pod_uid;
    char *pod;
    char *name;
    struct log_instances now; /* borrows from the mirror: valid until the next wait */
    bool gone;                /* its pod is no longer there */
    bool final;               /* its pod has ended: nothing in it starts again */
    int64_t done;             /* instances that were read to their ends */
    int64_t tail;             /* of the first reading; < 0: all */
    struct log_reading reading;
    struct log_resume resume;
    /* As it was when the current reading began. A status that lags lets the server give the next instance's log
     * for that of an earlier one, whose rest is then read from here. */
    struct log_resume before;
    struct log_resume *into; /* one of these two */
    struct kube_log *log;    /* NULL: none is read now */
    bool ended;              /* log has, as told by end */
    bool held;
    enum kube_log_end end;
    struct err *reason; /* of a log that broke; owned */
    int64_t open_at_ms; /* not before this */
    int failures;       /* breaks one behind the other */
    int64_t read;       /* logs that were opened */
    bool finished;      /* nothing more is to be read, where nothing is followed */
};

struct container *container_new(struct kube_client *c, const struct log_follow *how, const struct pod_root *root,
                                const json_t *pod, const char *name) MUST_USE;
void container_free(struct container *c, struct merge *m);

/* container_step: closes what has ended, opens what is to be read. *next_ms becomes earlier where something
 * is to be done then. Errors: a log that can't be had, where nothing is followed. */
struct err *container_step(struct container *c, struct merge *m, int64_t *next_ms) MUST_USE;

/* container_taken: a line of it left the merge. */
void container_taken(struct container *c);

/* container_is_over: nothing of it is open, waits, or will come. */
bool container_is_over(const struct container *c);

/* container_is_read: its pod has ended, and all that it printed was given out. */
bool container_is_read(const struct container *c);

#endif
