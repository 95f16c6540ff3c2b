/* state: the verdict over one workload, as a pure function of what the server says.
 *
 * Kinds: Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob (applied is done), Pod,
 * PersistentVolumeClaim (claim.h). Only the
 * newest revision counts: its pods are found by their owner (Deployment), by controller-revision-hash,
 * or by the images of the template (a ReplicaSet of its own, which replaces no pod); old pods that are
 * still ending are not waited for.
 *
 * Fails at once: InvalidImageName, ErrImageNeverPull; ErrImagePull and ImagePullBackOff of an image that
 * rwml put into the node, and of any other that the registry says it does not have ("not found",
 * "manifest unknown"); StartError, RunContainerError, CreateContainerError, unless the runtime was only
 * too slow; a failed Job; a paused Deployment, unless its pods are all of the newest template; a bare
 * Pod that its node put out: nothing makes it again.
 * Fails after a while, counted from when its init containers were done, or, where these are to start,
 * from when its node took the pod: CreateContainerConfigError after 3 s, unless it is a cache that is
 * late; a missing volume source after 10 s; other volume, sandbox and network errors after 60 s.
 * Fails after 3 s, once old pods have ended: a pod that can't be created (quota, admission).
 * Fails at once, with what it has: a pod of an older revision for which a StatefulSet's controller waits (stuck.h), and
 * which would fail if it were new; but not one that lacks a ConfigMap or the like, which this change may have brought.
 * Fails by budget (restarts, or time since the first crash): exit ≠ 0, exit 0 of a program that is
 * to keep running, OOMKilled, failing init containers, liveness kills; a Job's failed attempts.
 * Fails at the deadline, ours or a Deployment's own (progressDeadlineSeconds): not scheduled, never ready,
 * anything else unfinished, such as an image whose registry does not answer.
 * Never fails: pods of other kinds that their node put out (evicted, preempted …), which count as missing;
 * other pods of older revisions.
 * Not judged: whether a Service has endpoints.
 *
 * A bare Pod is changed in place: a container of another image that was started before the change is
 * waited out, whatever it does.
 *
 * Ready has to last: each container must have run for settle_ms since it started, unless the
 * workload's own minReadySeconds is at least that long and the server says "available", which it does
 * not say of the new pods alone where old ones stay (partition, OnDelete). One that crashed before has
 * to run longer by as much as it ran then, at most 25 s.
 */
#ifndef ROLLOUT_STATE_H
#define ROLLOUT_STATE_H

#include <stdint.h>

#include "base/err.h"
#include "doc/tree.h"

/* An image that rwml put into the nodes, and the container that is to run it. */
struct rollout_image {
    const char *container;     /* of an init container, too */
    const char *name;          /* the content name in the applied object: "shop:dev-0123456789ab" */
    const char *config_digest; /* "sha256:…" as CRI reports image ids */
};

struct rollout_options {
    int64_t settle_ms;  /* 0: Ready is enough */
    int restart_budget; /* this many restarts, and down again, is a failure */
    int64_t budget_ms;  /* as is being down this long after the first crash */
};
#define ROLLOUT_OPTIONS_DEFAULT ((struct rollout_options){ .settle_ms = 5000, .restart_budget = 2, .budget_ms = 20000 })

/* Everything the verdict is made of. Lists may hold objects of other owners: they are passed over. */
struct rollout_snapshot {
    const json_t *workload; /* NULL: it was deleted */
    const json_t *owned;    /* array of ReplicaSets or ControllerRevisions; NULL for other kinds */
    const json_t *pods;     /* array */
    const json_t *events;   /* array of what was fetched so far, oldest first; may be NULL */
    int64_t now_s;          /* wall clock: compared with the server's times */
    bool deadline_passed;
    const struct rollout_image *images;
    size_t image_count;
};

enum rollout_outcome {
    ROLLOUT_PROGRESSING,
    ROLLOUT_READY, /* and settled, and running the expected images */
    ROLLOUT_FAILED
};

struct rollout_verdict {
    enum rollout_outcome outcome;
    char *reason;       /* one line: what it waits for, or what failed */
    enum err_code code; /* 0 unless FAILED */
    char *cause;        /* the server's or runtime's words; NULL when the reason says all */
    char *pod;          /* the guilty pod and container; NULL when there is none */
    char *pod_uid;
    char *container;
    int exit_code;     /* -1 when nothing exited */
    bool log_previous; /* the output that matters is that of the previous instance */
    char *events_uid;  /* events about this object would tell more; NULL when not */
    int ready, wanted; /* pods of the newest revision */
    int settled;       /* of the ready ones those with no fault; one that crashes is ready for moments, too */
    int old_ready;     /* ready pods of older revisions: they still serve */
    int proved;        /* READY: pods of the newest revision that run, or ran to their end, all expected images;
                        * 0 when none is expected */
    bool paused;       /* FAILED, and going on once the Deployment is resumed */
    char *stuck; /* names of the pods that have to be deleted before it goes on (stuck.h): "db-0 db-1"; NULL: none */
};

void rollout_verdict_release(struct rollout_verdict *v);

/* rollout_applied: the verdict over a kind that is done once it is applied: READY, and nothing proved.
 * out is initialised here. */
void rollout_applied(const char *kind, struct rollout_verdict *out);

/* rollout_judge: out is initialised here. */
void rollout_judge(const struct rollout_snapshot *s, const struct rollout_options *o, struct rollout_verdict *out);

/* rollout_runs_image: does a container run this image, by what a pod's status and spec tell: imageID and image? */
bool rollout_runs_image(const struct rollout_image *image, const char *image_id, const char *spec_image);

#endif
