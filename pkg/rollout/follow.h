/* follow: watches a service's workloads until each is ready or one has failed.
 *
 * One thread, one list and watch per kind and namespace (kube/mirror.h), the verdict by
 * rollout/state.h after every change and every half second.
 */
#ifndef ROLLOUT_FOLLOW_H
#define ROLLOUT_FOLLOW_H

#include "kube/client.h"
#include "rollout/state.h"

struct rollout_target {
    struct kube_id id;
    const struct rollout_image *images; /* what rwml put into the nodes for it; proof of freshness */
    size_t image_count;
    const char *back;    /* what to type to go back to the old version; NULL: kubectl's command; "": nothing */
    const char *applied; /* how an error's state line begins; NULL: "new version applied" */
};

/* A program that has ended and is to run. */
struct rollout_crash {
    const char *pod;
    const char *container;
    int exit_code; /* 0: of one that is to run for ever */
    bool out_of_memory;
    bool is_final; /* nothing starts it again: a Pod that never restarts, a Job without retries */
    bool previous; /* another instance of the container has begun since */
};

struct rollout_follow {
    struct rollout_options options;
    int64_t deadline_ms;
    const struct cancel *cancel;
    /* on_change: one line whenever a workload's reason changed, READY included; may be NULL. */
    void (*on_change)(void *ctx, const struct rollout_target *target, const struct rollout_verdict *verdict);
    /* on_crash: the first time since then that a container of a target's new pods has ended though it is to run, at
     * once, while it is started again; output: the end of what it printed, as an excerpt (words.h), may be empty.
     * Once for each target; may be NULL. */
    void (*on_crash)(void *ctx, const struct rollout_target *target, const struct rollout_crash *crash,
                     const char *output, size_t len);
    void *ctx;
    /* locate: which file of the user's is this one of a container, in which line `line` reads `source` (may be
     * NULL: not known)? Owned; NULL: not known. May be NULL. */
    char *(*locate)(void *ctx, const char *path, int64_t line, const char *source);
    /* proved: an item for each target, set when all are READY to rollout_verdict.proved; may be NULL.
     * 0: nothing runs the target's images now (scaled to 0, OnDelete, suspended, CronJob …), or it has
     * none of ours; on_change has told the reason. */
    int *proved;
};

/* rollout_follows: is it a kind that takes a while? Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, Pod,
 * PersistentVolumeClaim, and CronJob, which is READY once it is applied, as are all kinds that are not followed. */
bool rollout_follows(const char *api_version, const char *kind);

/* rollout_follow: NULL when all targets are READY.
 * Ends at the first failure, or at the deadline with one error per unfinished target (joined).
 * Errors: RW6101 … RW6203, RW6301 (state.h), each with
 *   where   the object, or the line  cause   the last output line; of a Python traceback its last
 *           of the user's that raised        exception with the file and line that raised it
 *   state   whether old pods serve
 *   next    a kubectl command        detail  the last lines of the guilty container's output
 * kube's errors when the server can't be asked for longer than the retries last;
 * RW9009_INTERRUPTED. */
struct err *rollout_follow(struct kube_client *c, const struct rollout_target *targets, size_t count,
                           const struct rollout_follow *how) MUST_USE;

#endif
