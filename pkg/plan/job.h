/* job: one service on its way through the verbs. A job belongs to one thread. */
#ifndef PLAN_JOB_H
#define PLAN_JOB_H

#include "node/image.h"
#include "plan/plan.h"
#include "plan/target.h"
#include "plan/timings.h"

/* An image of the service as it is in the engine now. */
struct job_image {
    const char *reference; /* borrowed from the workspace */
    char *config_digest;
    char *content_name;
    char *chain_id; /* see struct node_image, also for the next */
    char *engine_id;
};

struct job {
    const struct request *request;
    const struct plan *plan;
    const struct target *target;
    struct plan_item *item;
    struct engine *engine; /* this thread's own */
    struct job_image *images;
    size_t image_count;
    struct strv built; /* by this run: the engine's ids, in the order of the service's images */
    bool pushed;       /* this run has proved that every node has the images */
    bool changed;      /* this run has written to a node or to the cluster */
    bool done;         /* every verb of the request */
    struct timings timings;
};

/* job_tell: one event of this service. elapsed_ms < 0: not told. */
void job_tell(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
/* job_tell_with: with fields for programs (struct ui_event). */
void job_tell_with(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms,
                   json_t *fields_steal, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* job_find_images: fills images by what the engine has. RW4101_IMAGE_NOT_BUILT; RW4202_IMAGE_MISMATCH when that is
 * not what this run has built. */
struct err *job_find_images(struct job *job) MUST_USE;

void job_release(struct job *job);

#endif
