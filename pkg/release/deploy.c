#include "release/deploy.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/tree.h"
#include "manifest/settle.h"
#include "oci/reference.h"
#include "release/release.h"
#include "rollout/follow.h"

static const char STAGE[] = "deploy";

static const struct job_image *find_image(const struct job *job, const char *content_name)
{
    for (size_t i = 0; i < job->image_count; i++)
        if (str_eq(job->images[i].content_name, content_name))
            return &job->images[i];
    return NULL;
}

/* The containers of one list that run an image of ours, appended to found. */
static size_t add_images(const struct job *job, const json_t *containers, struct rollout_image *found, size_t count)
{
    const json_t *each;
    size_t i;
    DOC_EACH_ITEM (containers, i, each) {
        const struct job_image *image = find_image(job, doc_text(each, "/image"));
        if (image)
            found[count++] = (struct rollout_image){ .container = doc_text(each, "/name"),
                                                     .name = image->content_name,
                                                     .config_digest = image->config_digest };
    }
    return count;
}

/* Fills the target, with its images at the front of *images, which is moved on. */
static void fill_target(const struct job *job, const struct release_object *o, struct rollout_target *target,
                        struct rollout_image **images)
{
    const json_t *spec = doc_get(o->object->tree, manifest_pod_pointer(o->object));
    size_t count = add_images(job, doc_get(spec, "/containers"), *images, 0);
    count = add_images(job, doc_get(spec, "/initContainers"), *images, count);
    *target = (struct rollout_target){ .id = o->id, .images = *images, .image_count = count };
    *images += count;
}

static size_t count_containers(const struct release *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        const char *pointer = manifest_pod_pointer(r->objects[i].object);
        const json_t *spec = pointer ? doc_get(r->objects[i].object->tree, pointer) : NULL;
        count += doc_count(doc_get(spec, "/containers")) + doc_count(doc_get(spec, "/initContainers"));
    }
    return count;
}

static void on_change(void *ctx, const struct rollout_target *target, const struct rollout_verdict *verdict)
{
    const struct job *job = ctx;
    enum ui_kind kind = verdict->outcome == ROLLOUT_PROGRESSING ? UI_PROGRESS : UI_STEP;
    AUTO_STR name = kube_id_text(target->id);
    job_tell(job, kind, STAGE, -1, "%s: %s", name, verdict->reason);
}

/* *runs: some pod was seen to run an image of ours. */
static struct err *follow(struct release *r, bool *runs)
{
    struct job *job = r->job;
    struct rollout_target *targets = xcalloc(r->count, sizeof *targets);
    struct rollout_image *images = xcalloc(count_containers(r), sizeof *images), *unused = images;
    int *proved = xcalloc(r->count, sizeof *proved);
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (rollout_follows(r->objects[i].id.api_version, r->objects[i].id.kind))
            fill_target(job, &r->objects[i], &targets[count++], &unused);
    struct rollout_follow how = {
        .options = ROLLOUT_OPTIONS_DEFAULT,
        .deadline_ms = clock_after(job->request->timeout_ms),
        .cancel = job->request->cancel,
        .on_change = on_change,
        .ctx = job,
        .proved = proved,
    };
    how.options.settle_ms = job->request->settle_ms;
    struct err *e = count ? rollout_follow(r->kube, targets, count, &how) : NULL;
    *runs = false;
    for (size_t i = 0; i < count; i++)
        *runs = *runs || proved[i] > 0;
    free(proved);
    free(images);
    free(targets);
    return err_state(e, "the new version is applied; its rollout goes on in the cluster");
}

/* What runs is told only of what was seen to run: a workload may be scaled to 0, suspended, or
 * replace its pods when somebody deletes them. */
static void tell_result(const struct job *job, size_t written, bool runs, int64_t start)
{
    AUTO(strv) names = { 0 };
    for (size_t i = 0; i < job->image_count; i++)
        strv_add(&names, job->images[i].content_name);
    AUTO_STR images = strv_join(&names, ", ");
    AUTO_STR done = names.count == 0 ? xstrdup("applied, ready and settled")
                    : runs           ? xasprintf("%s runs, ready and settled", images)
                                     : xasprintf("%s is applied; no pod runs it", images);
    json_t *fields = doc_object();
    doc_set(fields, "/images", doc_array());
    for (size_t i = 0; i < names.count; i++)
        doc_set(fields, "/images/-", doc_string(names.items[i]));
    doc_set(fields, "/runs", doc_boolean(runs));
    doc_set(fields, "/written", doc_integer((int64_t)written));
    job_tell_with(job, UI_RESULT, STAGE, clock_ms() - start, fields, "%s; %zu object%s written", done, written,
                  written == 1 ? "" : "s");
}

static void on_notice(void *ctx, const char *line)
{
    job_tell(ctx, UI_WARNING, STAGE, -1, "%s", line);
}

static struct err *release(struct release *r, int64_t start)
{
    size_t written = 0;
    bool runs;
    timings_enter(&r->job->timings, STAGE, "the API server's dry run");
    TRY(release_check(r));
    timings_enter(&r->job->timings, STAGE, "applying");
    TRY(release_apply(r, &written));
    timings_enter(&r->job->timings, STAGE, "waiting for ready and settled");
    struct err *e = follow(r, &runs);
    TRY(written ? e : err_state_add(e, "this run wrote nothing"));
    r->job->changed = r->job->changed || written > 0;
    tell_result(r->job, written, runs, start);
    return NULL;
}

/* What images a foreign cluster has, or where it pulls them from, is not ours to say. */
void job_warn_of_image(const struct job *job, const char *stage, const char *reference)
{
    AUTO_STR named = oci_registry(reference);
    bool is_node = named && oci_registry_is_loopback(named);
    job_tell(job, UI_WARNING, stage, -1,
             "%s is not brought to the nodes of context %s: they have to have it already, or to pull it from %s%s",
             reference, job->target->cluster, named ? named : "docker.io",
             is_node ? ", which is each node itself" : "");
}

static struct err *prepare(struct job *job)
{
    if (job->target->foreign) {
        for (size_t i = 0; i < job->item->service->image_count; i++)
            job_warn_of_image(job, STAGE, job->item->service->images[i].reference);
        manifest_set_settle(&job->item->manifests, (job->request->settle_ms + 999) / 1000);
        return NULL;
    }
    if (!job->pushed) {
        TRY(job_find_images(job));
        TRY(job_check_nodes(job));
    }
    TRY(job_name_images(job));
    manifest_set_settle(&job->item->manifests, (job->request->settle_ms + 999) / 1000);
    return NULL;
}

struct err *job_deploy(struct job *job)
{
    AUTO_PTR(kube_client) kube = NULL;
    int64_t start = clock_ms();
    timings_enter(&job->timings, STAGE, "preparing the objects");
    TRY(err_state(prepare(job), "nothing was applied"));
    TRY(err_state(kube_open(&job->target->kube_config, job->request->cancel, &kube), "nothing was applied"));
    kube_on_notice(kube, on_notice, job);
    AUTO(release) r = { .job = job, .kube = kube };
    return release(&r, start);
}
