#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/task.h"
#include "flow/flow.h"
#include "flow/unit.h"
#include "kube/apply.h"
#include "oci/reference.h"
#include "plan/broker.h"
#include "plan/job.h"
#include "plan/tell.h"
#include "plan/turn.h"
#include "pods/exit.h"
#include "pods/follow.h"
#include "release/verdict.h"
#include "rollout/follow.h"
#include "workspace/source.h"

static const char STAGE[] = "run";

enum {
    LAST_LINES_MS = 5000, /* what a pod printed may be read late, when the kubelet is */
    STOPPED_MS = 1000     /* the same of a pod that has not ended */
};

struct once {
    const struct request *request;
    const struct flow_once *how;
    struct plan plan;
    struct target target;
    struct job job;
    struct kube_client *kube;
    const struct manifest_object *unit; /* these two: borrowed from the plan */
    const char *container;
    json_t *object;    /* the Job, as it was sent */
    struct kube_id id; /* borrows from it */
    char *uid;
    char *label; /* "Job shop/nightly-run-4f2a91" */
    bool alone;
    struct rollout_follow follow;
    _Atomic int64_t ends_by_ms; /* for the output: when it has to end, once the Job has */
};

static void once_release(struct once *o)
{
    kube_client_free(o->kube);
    job_release(&o->job);
    target_release(&o->target);
    plan_release(&o->plan);
    doc_unref(o->object);
    free(o->uid);
    free(o->label);
}

/* ---------------------------------------------------------------- making it */

static struct err *find_unit(struct once *o)
{
    const char *name = o->request->services->count ? o->request->services->items[0] : o->plan.items[0].service->name;
    if (o->plan.count != 1)
        return err_next(err_new(RW1020_COMMAND_LINE, "rwml run needs the name of what to run"), "rwml help run");
    TRY(unit_find(&o->plan.items[0], name, &o->unit));
    return unit_container(o->unit, o->how->container, &o->container);
}

static bool is_named(const json_t *containers, const char *reference)
{
    AUTO_STR wanted = NULL;
    bool found = false;
    size_t i;
    const json_t *each;
    err_ignore(oci_full_name(reference, &wanted), "what is no image's name is never equal");
    DOC_EACH_ITEM (containers, i, each) {
        const char *image = doc_text(each, "/image");
        AUTO_STR full = NULL;
        err_ignore(image ? oci_full_name(image, &full) : NULL, "what is no image's name is never equal");
        found = found || (wanted && str_eq(full, wanted));
    }
    return found;
}

/* A service may have more images than the unit runs. */
static void warn_of_images(const struct once *o)
{
    const struct service *service = o->job.item->service;
    const json_t *spec = unit_pod_spec(o->unit);
    for (size_t i = 0; i < service->image_count; i++) {
        const char *reference = service->images[i].reference;
        if (is_named(doc_get(spec, "/containers"), reference) || is_named(doc_get(spec, "/initContainers"), reference))
            job_warn_of_image(&o->job, STAGE, reference);
    }
}

/* As deploy proves and names them; those of a cluster that is not this engine's are left as they are named. */
static struct err *use_images(struct once *o)
{
    o->job = (struct job){ .request = o->request, .plan = &o->plan, .target = &o->target, .item = &o->plan.items[0] };
    if (o->target.foreign) {
        warn_of_images(o);
        return NULL;
    }
    TRY(engine_again(o->target.engine, &o->job.engine));
    TRY(job_find_images(&o->job));
    TRY(job_check_nodes(&o->job));
    return job_name_images(&o->job);
}

static struct err *make_object(struct once *o)
{
    char random[ENTROPY_HEX_ROOM];
    TRY(entropy_hex(random));
    AUTO_STR name = unit_new_name(o->unit->name, random);
    o->object = unit_job(o->unit, &(struct unit_wish){ name, o->container, o->how->arguments, o->how->keep });
    o->id = kube_id_of(o->object);
    o->label = kube_id_text(o->id);
    o->alone = unit_runs_alone(o->object);
    return NULL;
}

static struct err *make_job(struct once *o)
{
    DOC_AUTO live = NULL;
    struct err *e = kube_apply(o->kube, o->object, KUBE_WRITE, &live, NULL);
    if (e && err_get_code(e) == RW5401_OBJECT_REJECTED)
        return err_next(err_state(e, "no Job was made"), "rwml deploy %s   (makes what it needs)",
                        o->job.item->service->name);
    TRY(err_state(e, "%s may have been made; it goes by itself an hour after its end", o->label));
    o->uid = xstrdup(doc_text(live, "/metadata/uid"));
    job_tell(&o->job, UI_STEP, STAGE, -1, "%s runs what %s is now", o->label, o->unit->label);
    return NULL;
}

static void on_notice(void *ctx, const char *line)
{
    const struct once *o = ctx;
    request_tell(o->request, UI_WARNING, STAGE, "%s", line);
}

static struct err *prepare(struct once *o)
{
    TRY(target_open(o->request, o->plan.workspace, &o->target));
    TRY(target_advise(&o->target, kube_open(&o->target.kube_config, o->request->cancel, &o->kube)));
    kube_on_notice(o->kube, on_notice, o);
    TRY(target_advise(&o->target, broker_use(o->request, o->kube, &o->plan)));
    TRY(use_images(o));
    return make_object(o);
}

/* Until the Job is there, nobody else may take its image from the nodes. */
static struct err *start(struct once *o)
{
    AUTO_FD lock = -1;
    TRY(plan_make(o->request, &o->plan));
    TRY(err_state(find_unit(o), "nothing was contacted"));
    TRY(err_state(turn_take_workspace(o->request, o->plan.workspace->root, &lock), "nothing was run"));
    TRY(err_state(prepare(o), "nothing was run"));
    return target_advise(&o->target, make_job(o));
}

/* ---------------------------------------------------------------- following it */

/* How long it takes to start is limited, how long it runs is not. */
static void on_change(void *ctx, const struct rollout_target *target, const struct rollout_verdict *verdict)
{
    struct once *o = ctx;
    (void)target;
    if (verdict->ready > 0)
        o->follow.deadline_ms = CLOCK_NEVER;
    if (verdict->outcome == ROLLOUT_PROGRESSING)
        job_tell(&o->job, UI_PROGRESS, STAGE, -1, "%s: %s", o->label, verdict->reason);
}

static char *locate(void *ctx, const char *path, int64_t line, const char *source)
{
    const struct once *o = ctx;
    return workspace_source(o->plan.workspace, o->job.item->service, path, line, source);
}

static struct err *wait_for_end(struct once *o)
{
    const json_t *spec = doc_get(o->object, "/spec/template/spec");
    size_t room = doc_count(doc_get(spec, "/containers")) + doc_count(doc_get(spec, "/initContainers"));
    struct rollout_image *images = xcalloc(room + 1, sizeof *images);
    const struct rollout_target target = {
        .id = o->id,
        .images = images,
        .image_count = job_expect_images(&o->job, spec, images),
        .applied = "the manifests' own objects are unchanged",
    };
    o->follow = (struct rollout_follow){
        .options = ROLLOUT_OPTIONS_DEFAULT,
        .deadline_ms = clock_after(o->request->timeout_ms),
        .cancel = o->request->cancel,
        .on_change = on_change,
        .locate = locate,
        .ctx = o,
    };
    o->follow.options.settle_ms = 0;
    struct err *e = rollout_follow(o->kube, &target, 1, &o->follow);
    bool pods_end = !e || err_get_code(e) == RW6106_JOB_FAILED;
    atomic_store(&o->ends_by_ms, clock_after(pods_end ? LAST_LINES_MS : STOPPED_MS));
    free(images);
    return e;
}

static void on_line(void *ctx, const struct log_line *line)
{
    const struct once *o = ctx;
    const struct ui_log shown = { line->root->service, line->pod, line->container, line->time,
                                  line->text,          line->len, line->cut,       o->alone };
    ui_log(o->request->ui, &shown);
}

static void on_mark(void *ctx, const struct log_line *mark)
{
    const struct once *o = ctx;
    job_tell(&o->job, UI_DETAIL, STAGE, -1, "%s/%s: %.*s", mark->pod, mark->container, (int)mark->len, mark->text);
}

static bool is_done(void *ctx)
{
    const struct once *o = ctx;
    return ui_is_broken(o->request->ui);
}

static int64_t ends_by(void *ctx)
{
    struct once *o = ctx;
    return atomic_load(&o->ends_by_ms);
}

static struct err *follow_output(struct once *o)
{
    AUTO_PTR(kube_client) kube = NULL;
    const struct pod_root root = { o->id, o->job.item->service->name };
    const struct log_follow follow = {
        .follow = true,
        .tail = -1,
        .cancel = o->request->cancel,
        .on_line = on_line,
        .on_mark = on_mark,
        .is_done = is_done,
        .ends_by = ends_by,
        .ctx = o,
    };
    size_t containers;
    TRY(kube_open(&o->target.kube_config, o->request->cancel, &kube));
    return log_follow(kube, &root, 1, &follow, &containers);
}

/* The Job's end is what counts, whoever can read its output. */
static struct err *show_output(struct once *o)
{
    struct err *e = follow_output(o);
    if (e && err_get_code(e) != RW9009_INTERRUPTED) {
        AUTO_STR words = err_words(e);
        job_tell(&o->job, UI_WARNING, STAGE, -1, "what it prints can't be shown: %s", words);
    }
    err_ignore(e, "the Job goes on");
    return NULL;
}

struct half {
    struct once *once;
    struct err *(*work)(struct once *once);
};

static struct err *run_half(void *item)
{
    const struct half *half = item;
    return half->work(half->once);
}

/* ---------------------------------------------------------------- its end */

static void learn_exit_code(struct once *o)
{
    DOC_AUTO pods = NULL;
    err_ignore(kube_list(o->kube, "v1", "Pod", o->id.namespace, &pods), "then the failure has no code");
    int code = pods_exit_code(pods, o->uid, o->container);
    if (code > 0)
        *o->how->exit_code = code;
}

/* By a client of its own, since an interrupted one does nothing any more. */
static struct err *remove_job(const struct once *o)
{
    AUTO_PTR(kube_client) kube = NULL;
    bool gone;
    TRY(kube_open(&o->target.kube_config, NULL, &kube));
    return kube_delete(kube, o->id, o->uid, &gone);
}

static struct err *remove_unfinished(const struct once *o, struct err *e, const char *consequence)
{
    struct err *failed = remove_job(o);
    if (!failed)
        return err_state_add(e, "%s is being removed%s", o->label, consequence);
    AUTO_STR words = err_words(failed);
    err_ignore(failed, "told in the state of the error that it comes with");
    e = err_state_add(e, "%s could not be removed and may go on: %s", o->label, words);
    return err_next(e, "kubectl -n %s delete job %s", o->id.namespace, o->id.name);
}

static struct err *end_well(const struct once *o, int64_t began_ms)
{
    json_t *fields = doc_object();
    doc_set_text(fields, "/job", o->id.name);
    doc_set_text(fields, "/namespace", o->id.namespace);
    doc_set(fields, "/exit_code", doc_integer(0));
    job_tell_with(&o->job, UI_STEP, STAGE, clock_ms() - began_ms, fields, "%s has ended with 0%s", o->label,
                  o->how->keep ? " and stays" : "");
    struct err *failed = o->how->keep ? NULL : remove_job(o);
    if (!failed)
        return NULL;
    AUTO_STR words = err_words(failed);
    job_tell(&o->job, UI_WARNING, STAGE, -1, "%s could not be removed and goes by itself within an hour: %s", o->label,
             words);
    err_ignore(failed, "what was asked for is done");
    return NULL;
}

static struct err *end_badly(const struct once *o, struct err *e)
{
    if (o->how->keep)
        return err_state_add(e, "%s stays", o->label);
    if (err_get_code(e) == RW6106_JOB_FAILED)
        return err_state_add(e, "%s stays for an hour", o->label);
    if (err_get_code(e) == RW9009_INTERRUPTED)
        return remove_unfinished(o, e, "; its program is asked to end by SIGTERM");
    if (verdict_is_failure(e))
        return remove_unfinished(o, e, "");
    return err_state_add(e, "%s may go on; it goes by itself an hour after its end", o->label);
}

static struct err *once(struct once *o)
{
    TRY(start(o));
    int64_t began_ms = clock_ms();
    struct half halves[] = { { o, wait_for_end }, { o, show_output } };
    struct err *e = task_all(halves, COUNT_OF(halves), sizeof halves[0], COUNT_OF(halves), run_half);
    if (!e)
        return end_well(o, began_ms);
    if (err_get_code(e) == RW6106_JOB_FAILED)
        learn_exit_code(o);
    return target_advise(&o->target, end_badly(o, e));
}

struct err *flow_once(const struct request *request, const struct flow_once *how)
{
    AUTO(once) o = { .request = request, .how = how, .ends_by_ms = CLOCK_NEVER };
    return once(&o);
}
