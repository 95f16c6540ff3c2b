#include "plan/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "node/identity.h"
#include "oci/reference.h"

enum { DIGEST_MS = 30 * 60 * 1000 }; /* an export may have to be read for it */

void job_tell(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms, const char *fmt, ...)
{
    const struct ui_event event = { kind, job->item->service->name, stage, elapsed_ms, NULL };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(job->request->ui, &event, fmt, ap);
    va_end(ap);
}

void job_tell_with(const struct job *job, enum ui_kind kind, const char *stage, int64_t elapsed_ms,
                   json_t *fields_steal, const char *fmt, ...)
{
    DOC_AUTO fields = fields_steal;
    const struct ui_event event = { kind, job->item->service->name, stage, elapsed_ms, fields };
    va_list ap;
    va_start(ap, fmt);
    ui_vtell(job->request->ui, &event, fmt, ap);
    va_end(ap);
}

/* Somebody else's build, or docker tag, between ours and this. */
static struct err *check_built(const struct job *job, size_t i, const struct node_identity *found)
{
    const char *built = i < job->built.count ? job->built.items[i] : NULL;
    if (!built || strcmp(built, found->engine_id) == 0)
        return NULL;
    const char *reference = job->item->service->images[i].reference;
    struct err *e = err_new(RW4202_IMAGE_MISMATCH, "%s is another image than this run has built", reference);
    e = err_cause(e, "built %s, got %s: was it built again meanwhile?", built, found->engine_id);
    return err_next(e, "rwml up %s", job->item->service->name);
}

static struct err *find_image(struct job *job, size_t i, struct job_image *out)
{
    AUTO(node_identity) found = { 0 };
    const char *reference = job->item->service->images[i].reference;
    struct net_wait wait = { clock_after(DIGEST_MS), job->request->cancel };
    const char *state_dir = job->request->state_dir;
    struct err *e = node_image_identity(job->engine, reference, state_dir, wait, &found);
    if (e && job->request->dry_run && err_get_code(e) == RW4101_IMAGE_NOT_BUILT) {
        err_ignore(e, "a dry run compares the rest");
        out->reference = reference;
        out->content_name = xstrdup(reference);
        return NULL;
    }
    if (e)
        return err_next(e, "rwml build %s", job->item->service->name);
    TRY(check_built(job, i, &found));
    out->reference = reference;
    out->engine_id = STEAL(&found.engine_id);
    out->config_digest = STEAL(&found.config_digest);
    out->chain_id = STEAL(&found.chain_id);
    return oci_content_name(reference, out->config_digest, &out->content_name);
}

static void drop_images(struct job *job)
{
    for (size_t i = 0; i < job->image_count; i++) {
        free(job->images[i].config_digest);
        free(job->images[i].content_name);
        free(job->images[i].chain_id);
        free(job->images[i].engine_id);
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
        TRY(find_image(job, i, &job->images[i]));
    return NULL;
}

void job_release(struct job *job)
{
    drop_images(job);
    strv_release(&job->built);
    kube_client_free(job->kube);
    job->kube = NULL;
    engine_free(job->engine);
    job->engine = NULL;
}
