#include "release/deploy.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/tree.h"
#include "manifest/settle.h"
#include "release/release.h"
#include "release/rollback.h"
#include "release/verdict.h"
#include "rollout/history.h"

static const char STAGE[] = "deploy";

/* `rwml rollback` returns all workloads of a service, of which the others may not have changed. */
static char *way_back(const struct release *r)
{
    size_t workloads = 0;
    for (size_t i = 0; i < r->count; i++)
        workloads += history_kind(r->objects[i].id.kind) != NULL;
    if (r->job->request->rollback_on_failure)
        return xstrdup("");
    return workloads == 1 ? xasprintf("rwml rollback %s", r->job->item->service->name) : NULL;
}

/* Fills the target, with its images at the front of *images, which is moved on. */
static void fill_target(const struct job *job, const struct release_object *o, struct rollout_target *target,
                        struct rollout_image **images, const char *back)
{
    const char *pointer = manifest_pod_pointer(o->object);
    size_t count = job_expect_images(job, pointer ? doc_get(o->object->tree, pointer) : NULL, *images);
    *target = (struct rollout_target){ .id = o->id, .images = *images, .image_count = count, .back = back };
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

/* What was seen of our images when all was ready. */
struct seen {
    bool runs; /* some pod runs one */
    bool all;  /* of each workload that has any */
};

static struct err *follow(struct release *r, struct seen *seen)
{
    struct job *job = r->job;
    struct rollout_target *targets = xcalloc(r->count, sizeof *targets);
    struct rollout_image *images = xcalloc(count_containers(r), sizeof *images), *unused = images;
    int *proved = xcalloc(r->count, sizeof *proved);
    AUTO_STR back = way_back(r);
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (rollout_follows(r->objects[i].id.api_version, r->objects[i].id.kind))
            fill_target(job, &r->objects[i], &targets[count++], &unused, back);
    const struct verdict_ask ask = { job->request, job->item->service->name, STAGE, job->plan->workspace,
                                     job->item->service };
    struct err *e = verdict_follow(&ask, r->kube, targets, count, proved);
    *seen = (struct seen){ .all = !e };
    for (size_t i = 0; i < count; i++) {
        seen->runs = seen->runs || proved[i] > 0;
        seen->all = seen->all && (proved[i] > 0 || targets[i].image_count == 0);
    }
    free(proved);
    free(images);
    free(targets);
    return err_state(e, "the new version is applied; its rollout goes on in the cluster");
}

/* What runs is told only of what was seen to run: a workload may be scaled to 0, suspended, or
 * replace its pods when somebody deletes them. */
static void tell_result(const struct release *r, size_t written, bool runs, int64_t start)
{
    const struct job *job = r->job;
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
    doc_set(fields, "/removed", doc_integer((int64_t)r->removed));
    AUTO_STR removed = r->removed ? xasprintf(", %zu removed", r->removed) : xstrdup("");
    job_tell_with(job, UI_RESULT, STAGE, clock_ms() - start, fields, "%s; %zu object%s written%s", done, written,
                  written == 1 ? "" : "s", removed);
}

static void on_notice(void *ctx, const char *line)
{
    job_tell(ctx, UI_WARNING, STAGE, -1, "%s", line);
}

/* How far a release has come. */
struct progress {
    size_t written;
    struct seen seen;
};

static struct err *apply(struct release *r, struct progress *p)
{
    release_tell_restarts(r);
    timings_enter(&r->job->timings, STAGE, "applying");
    struct err *e = release_apply(r, &p->written);
    release_tell_old_environment(r);
    return e;
}

static struct err *wait_for_it(struct release *r, struct progress *p)
{
    timings_enter(&r->job->timings, STAGE, "waiting for ready and settled");
    struct err *e = follow(r, &p->seen);
    return p->written || r->set.is_written ? e : err_state_add(e, "this run wrote nothing");
}

/* Nothing was written, and the pods have not proved all images: a node that has lost one is the reason that counts. */
static struct err *ask_nodes_after_all(struct release *r, struct progress *p, struct err *e)
{
    bool renamed = false;
    timings_enter(&r->job->timings, STAGE, "asking the nodes");
    struct err *lost = job_prove_images(r->job, &renamed);
    if (!lost && !renamed)
        return e;
    err_ignore(e, "what the nodes have explains it");
    TRY(err_state(lost, "nothing was applied"));
    release_release(r);
    TRY(release_check(r));
    TRY(apply(r, p));
    return wait_for_it(r, p);
}

static struct err *release(struct release *r, int64_t start)
{
    struct progress p = { 0 };
    TRY(apply(r, &p));
    struct err *e = wait_for_it(r, &p);
    if (!r->job->pushed && !p.seen.all && (!e || verdict_is_failure(e)))
        e = ask_nodes_after_all(r, &p, e);
    bool is_written = p.written > 0 || r->set.is_written;
    if (is_written && r->job->request->rollback_on_failure && verdict_is_failure(e))
        e = rollback_after_failure(r, e);
    TRY(e);
    r->job->changed = r->job->changed || is_written;
    TRY(release_set_close(r));
    r->job->changed = r->job->changed || r->removed > 0;
    tell_result(r, p.written, p.seen.runs, start);
    return NULL;
}

/* What a dry run lacks is told; it compares the rest. */
static struct err *look_at_image(struct job *job, struct job_image *image)
{
    if (!image->config_digest) {
        job_tell(job, UI_NOTE, STAGE, -1, "%s is not built: its image is left out of the comparison", image->reference);
        return NULL;
    }
    struct err *e = job_check_image(job, image);
    if (!e || err_get_code(e) != RW4102_IMAGE_NOT_ON_NODE)
        return e;
    AUTO_STR words = err_words(e);
    job_tell(job, UI_NOTE, STAGE, -1, "%s", words);
    err_ignore(e, "nothing is applied, so no pod will miss it");
    return NULL;
}

static struct err *look_at_images(struct job *job)
{
    if (job->request->verbs & VERB_BUILD)
        job_tell(job, UI_NOTE, STAGE, -1, "this compares with the images that the engine has now, without a build");
    TRY(job_find_images(job));
    for (size_t i = 0; i < job->image_count; i++)
        TRY(look_at_image(job, &job->images[i]));
    return NULL;
}

static struct err *prepare(struct job *job)
{
    if (job->target->foreign) {
        for (size_t i = 0; i < job->item->service->image_count; i++)
            job_warn_of_image(job, STAGE, job->item->service->images[i].reference);
        manifest_set_settle(&job->item->manifests, (job->request->settle_ms + 999) / 1000);
        return NULL;
    }
    if (job->request->dry_run) {
        TRY(look_at_images(job));
    } else if (!job->pushed) {
        TRY(job_find_images(job));
        TRY(job_assume_images(job));
    }
    TRY(job_name_images(job));
    manifest_set_settle(&job->item->manifests, (job->request->settle_ms + 999) / 1000);
    return NULL;
}

static bool writes_anything(const struct release *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].action != RELEASE_KEEP)
            return true;
    return false;
}

/* What is to be done, and, before anything is, that the nodes have what it is done with. */
static struct err *check(struct release *r)
{
    struct job *job = r->job;
    bool renamed = false;
    timings_enter(&job->timings, STAGE, "looking, and the API server's dry run");
    TRY(release_check(r));
    if (job->pushed || job->request->dry_run || !writes_anything(r))
        return NULL;
    timings_enter(&job->timings, STAGE, "asking the nodes");
    TRY(err_state(job_prove_images(job, &renamed), "nothing was applied"));
    if (!renamed)
        return NULL;
    release_release(r);
    return release_check(r);
}

static struct err *open_client(struct job *job, struct kube_client **out)
{
    *out = STEAL(&job->kube);
    return *out ? NULL : kube_open(&job->target->kube_config, job->request->cancel, out);
}

struct err *job_deploy(struct job *job)
{
    AUTO_PTR(kube_client) kube = NULL;
    int64_t start = clock_ms();
    timings_enter(&job->timings, STAGE, "preparing the objects");
    TRY(err_state(prepare(job), "nothing was applied"));
    TRY(err_state(open_client(job, &kube), "nothing was applied"));
    kube_on_notice(kube, on_notice, job);
    if (job->request->force_conflicts)
        kube_force_conflicts(kube);
    AUTO(release) r = { .job = job, .kube = kube, .joining = PTHREAD_MUTEX_INITIALIZER };
    TRY(check(&r));
    if (!job->request->dry_run)
        return release(&r, start);
    TRY(err_state(release_set_leaving(&r), "nothing was applied"));
    job->changed = release_tell(&r);
    return NULL;
}
