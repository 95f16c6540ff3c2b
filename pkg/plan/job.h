/* job: one service on its way through the verbs. A job belongs to one thread. */
#ifndef PLAN_JOB_H
#define PLAN_JOB_H

#include "node/image.h"
#include "plan/plan.h"
#include "plan/target.h"
#include "plan/timings.h"
#include "rollout/state.h"

/* An image of the service as it is in the engine now. */
struct job_image {
    const char *reference; /* borrowed from the workspace */
    char *config_digest;   /* NULL: not built, in a dry run alone */
    char *content_name;    /* the reference where it is not built */
    char *chain_id;        /* see struct node_image, also for the next */
    char *engine_id;
    bool is_delivered; /* digest and name are those of what was delivered for it as changed files */
};

struct job {
    const struct request *request;
    const struct plan *plan;
    const struct target *target;
    struct plan_item *item;
    struct engine *engine;    /* this thread's own */
    struct kube_client *kube; /* one that is open already and that nobody else uses; NULL: it opens its own */
    struct job_image *images;
    size_t image_count;
    struct strv built; /* by this run: the engine's ids, in the order of the service's images */
    bool pushed;       /* this run has proved that every node has the images */
    bool changed;      /* this run has written to a node or to the cluster; a dry run: it would */
    bool done;         /* every verb of the request */
    struct timings timings;
};

/* job_tell: one event of this service. elapsed_ms < 0: not told. */
void job_tell(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* job_tell_with: with fields for programs (struct ui_event). */
void job_tell_with(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms,
                   json_t *fields_steal, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* job_find_images: fills images by what the engine has. RW4101_IMAGE_NOT_BUILT, but not in a dry run;
 * RW4202_IMAGE_MISMATCH when that is not what this run has built. */
struct err *job_find_images(struct job *job) MUST_USE;

/* job_check_nodes: every node has the images that job_find_images found, or what was delivered of them as
 * changed files, whose names they then have. RW4102_IMAGE_NOT_ON_NODE. job_name_images: puts the names
 * into the manifests.
 * An exec in each node takes longer than all else that a deploy asks; where nothing is to be written, and pods run
 * the images, those are the proof. job_assume_images: names the images as the nodes ought to have them, by what was
 * delivered last; nobody is asked. job_prove_images: job_check_nodes, after that and job_name_images; *renamed: the
 * nodes have others, whose names are in the manifests now. */
struct err *job_check_nodes(struct job *job) MUST_USE;
struct err *job_check_image(struct job *job, struct job_image *image) MUST_USE; /* of one of them */
struct err *job_assume_images(struct job *job) MUST_USE;
struct err *job_prove_images(struct job *job, bool *renamed) MUST_USE;
struct err *job_name_images(struct job *job) MUST_USE;

/* job_warn_of_image: for a foreign cluster: that nobody brings the image there. */
void job_warn_of_image(const struct job *job, const char *stage, const char *reference);

/* job_expect_images: the containers and init containers of a pod's spec, in which the names were put, that run an
 * image of the service. Returns how many; out has room for each container, and borrows from the spec and the job. */
size_t job_expect_images(const struct job *job, const json_t *pod_spec, struct rollout_image *out);

void job_release(struct job *job);

#endif
