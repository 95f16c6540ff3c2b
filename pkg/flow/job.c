#include "flow/job.h"

#include <stdlib.h>

#include "base/clock.h"
#include "node/identity.h"
#include "oci/reference.h"

enum { DIGEST_MS = 30 * 60 * 1000 }; /* an export may have to be read for it */

void job_tell(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR text = xvasprintf(fmt, ap);
    va_end(ap);
    struct ui_event event = { kind, job->item->service->name, stage, elapsed_ms, NULL };
    ui_tell(job->request->ui, &event, "%s", text);
}

void job_tell_with(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms,
                   json_t *fields_steal, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR text = xvasprintf(fmt, ap);
    va_end(ap);
    DOC_AUTO fields = fields_steal;
    struct ui_event event = { kind, job->item->service->name, stage, elapsed_ms, fields };
    ui_tell(job->request->ui, &event, "%s", text);
}

static struct err *find_image(struct job *job, const char *reference, struct job_image *out)
{
    struct net_wait wait = { clock_after(DIGEST_MS), job->request->cancel };
    const char *state_dir = job->request->state_dir;
    struct err *e = node_image_digest(job->engine, reference, state_dir, wait, &out->config_digest, &out->chain_id);
    if (e)
        return err_next(e, "rwml build %s", job->item->service->name);
    out->reference = reference;
    return oci_content_name(reference, out->config_digest, &out->content_name);
}

static void drop_images(struct job *job)
{
    for (size_t i = 0; i < job->image_count; i++) {
        free(job->images[i].config_digest);
        free(job->images[i].content_name);
        free(job->images[i].chain_id);
    }
    free(job->images);
    job->images = NULL;
    job->image_count = 0;
}

struct err *job_find_images(struct job *job)
{
    const struct service *service = job->item->service;
    drop_images(job);
    job->images = xcalloc(service->image_count, sizeof *job->images);
    job->image_count = service->image_count;
    for (size_t i = 0; i < service->image_count; i++)
        TRY(find_image(job, service->images[i].reference, &job->images[i]));
    return NULL;
}

void job_release(struct job *job)
{
    drop_images(job);
    engine_free(job->engine);
    job->engine = NULL;
}
