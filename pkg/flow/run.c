#include <stdlib.h>

#include "base/task.h"
#include "flow/flow.h"
#include "flow/images.h"
#include "flow/registry.h"
#include "flow/verbs.h"
#include "plan/broker.h"
#include "plan/contested.h"
#include "plan/job.h"
#include "plan/tell.h"
#include "plan/turn.h"
#include "release/deploy.h"
#include "release/orphans.h"

static void tell_contested(const struct request *request, const struct plan *plan)
{
    AUTO(strv) lines = { 0 };
    contested_find(plan, &lines);
    for (size_t i = 0; i < lines.count; i++)
        request_tell(request, UI_WARNING, NULL, "%s", lines.items[i]);
}

static struct err *prepare_deploy(const struct request *request, const struct target *target, struct plan *plan,
                                  struct kube_client **kube)
{
    struct err *e = kube_open(&target->kube_config, request->cancel, kube);
    if (!e)
        e = broker_use(request, *kube, plan);
    if (!e)
        tell_contested(request, plan);
    return err_state(target_advise(target, e), "nothing was built, pushed or applied");
}

/* The API server is asked now, and not after a build of minutes, whether it answers at all. */
static struct err *prepare(const struct request *request, struct target *target, struct plan *plan,
                           struct kube_client **kube)
{
    if (request->verbs & VERB_DEPLOY)
        TRY(prepare_deploy(request, target, plan, kube));
    return registry_find(request, plan, *kube, target);
}

static struct err *run_verbs(struct job *job)
{
    unsigned verbs = job->request->verbs;
    TRY(err_state(cancel_check(job->request->cancel), "nothing was done for %s", job->item->service->name));
    if (!job->target->foreign)
        TRY(engine_again(job->target->engine, &job->engine));
    if (job->request->dry_run)
        verbs = VERB_DEPLOY;
    if (verbs & VERB_BUILD)
        TRY(job_build(job));
    if (verbs & VERB_PUSH)
        TRY(job_push(job));
    if (verbs & VERB_DEPLOY)
        TRY(job_deploy(job));
    job->done = true;
    return NULL;
}

static struct err *run_job(void *item)
{
    struct job *job = item;
    timings_begin(&job->timings);
    struct err *e = run_verbs(job);
    if (job->request->timings)
        timings_tell(&job->timings, job->request->ui, job->item->service->name);
    timings_release(&job->timings);
    job_release(job);
    if (e && err_get_code(e) == RW9009_INTERRUPTED)
        e = err_at(e, "service %s", job->item->service->name);
    return target_advise(job->target, e);
}

static struct err *some_deployed(const struct request *request, const struct job *jobs, size_t count)
{
    AUTO(strv) done = { 0 };
    AUTO(strv) undone = { 0 };
    for (size_t i = 0; i < count; i++)
        strv_add(jobs[i].done ? &done : &undone, jobs[i].item->service->name);
    if (!(request->verbs & VERB_DEPLOY) || request->dry_run || done.count == 0 || undone.count == 0)
        return NULL;
    AUTO_STR names = strv_join(&done, ", ");
    AUTO_STR others = strv_join(&undone, ", ");
    AUTO_STR words = strv_join(&undone, " ");
    struct err *e = err_new(RW6302_SERVICES_PARTIAL, "%zu of %zu services are deployed", done.count, count);
    return err_next(err_state(e, "done: %s; not done: %s", names, others), "rwml up %s", words);
}

static bool has_changed(const struct job *jobs, size_t count)
{
    bool changed = false;
    for (size_t i = 0; i < count; i++)
        changed = changed || jobs[i].changed;
    return changed;
}

/* What is told, cleared away and found out once all is done. A service that was renamed has changed something. */
static void finish(const struct request *request, const struct plan *plan, const struct target *target,
                   struct job *jobs)
{
    bool changed = has_changed(jobs, plan->count);
    if (!request->dry_run && !target->foreign)
        images_clear(request, plan, target, jobs);
    if (changed && !request->dry_run && request->verbs & VERB_DEPLOY)
        orphans_tell(request, "deploy", target, plan->workspace);
    if (request->changed)
        *request->changed = *request->changed || changed;
}

/* kube: NULL, or a connection for the first of the jobs. */
static struct err *run_jobs(const struct request *request, const struct plan *plan, const struct target *target,
                            struct kube_client **kube)
{
    struct job *jobs = xcalloc(plan->count, sizeof *jobs);
    for (size_t i = 0; i < plan->count; i++)
        jobs[i] = (struct job){ .request = request, .plan = plan, .target = target, .item = &plan->items[i] };
    if (plan->count > 0)
        jobs[0].kube = STEAL(kube);
    struct err *errors = task_all(jobs, plan->count, sizeof *jobs, (size_t)request->jobs, run_job);
    if (errors)
        errors = err_join(errors, some_deployed(request, jobs, plan->count));
    finish(request, plan, target, jobs);
    free(jobs);
    return errors;
}

static struct err *run(const struct request *request, struct plan *plan, struct target *target, struct timings *t)
{
    static const char stage[] = "run";
    AUTO_FD lock = -1;
    AUTO_PTR(kube_client) kube = NULL;
    timings_enter(t, stage, "finding services, reading manifests");
    TRY(plan_make(request, plan));
    timings_enter(t, stage, "waiting for another rwml");
    if (!request->dry_run)
        TRY(err_state(turn_take_workspace(request, plan->workspace->root, &lock),
                      "nothing was built, pushed or applied"));
    timings_enter(t, stage, "finding engine and cluster");
    TRY(target_open(request, plan->workspace, target));
    timings_enter(t, stage, "asking the API server");
    TRY(prepare(request, target, plan, &kube));
    timings_enter(t, stage, "the services");
    return run_jobs(request, plan, target, &kube);
}

struct err *flow_run(const struct request *request)
{
    struct plan plan = { 0 };
    struct target target = { 0 };
    struct timings timings;
    timings_begin(&timings);
    struct err *e = run(request, &plan, &target, &timings);
    if (request->timings)
        timings_tell(&timings, request->ui, NULL);
    timings_release(&timings);
    target_release(&target);
    plan_release(&plan);
    return e;
}
