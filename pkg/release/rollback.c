#include "release/rollback.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kube/apply.h"
#include "plan/tell.h"
#include "release/applied.h"
#include "release/template_images.h"
#include "release/template_needs.h"
#include "release/verdict.h"
#include "rollout/history.h"
#include "rollout/stuck.h"

static const char STAGE[] = "rollback";

#define SEEN_MS 10000 /* a controller that takes longer to see a change is told by the rollout */
#define LOOK_MS 100

/* One workload and what it is to go back to. */
struct step {
    struct kube_id id; /* borrows from live */
    json_t *live;
    struct history_revision to; /* number -1: of before this run, which the cluster may number as it likes */
};

struct steps {
    struct step *items;
    size_t count;
};

static void steps_release(struct steps *s)
{
    for (size_t i = 0; i < s->count; i++) {
        doc_unref(s->items[i].live);
        history_revision_release(&s->items[i].to);
    }
    free(s->items);
    *s = (struct steps){ 0 };
}

static void add_step(struct steps *s, const json_t *live, struct history_revision to)
{
    s->items = xrealloc(s->items, s->count + 1, sizeof *s->items);
    struct step *step = &s->items[s->count++];
    step->live = doc_copy(live);
    step->id = kube_id_of(step->live);
    step->to = to;
}

static struct err *list_owned(struct kube_client *kube, struct kube_id id, json_t **owned)
{
    return kube_list(kube, "apps/v1", history_kind(id.kind), id.namespace, owned);
}

static char *describe(const struct step *step)
{
    const char *image = doc_text(step->to.template, "/spec/containers/0/image");
    return step->to.number < 0
               ? xasprintf("what ran before (%s)", image ? image : "no image")
               : xasprintf("revision %lld (%s)", (long long)step->to.number, image ? image : "no image");
}

/* What describe says, for programs. */
static json_t *described(const struct step *step)
{
    const char *image = doc_text(step->to.template, "/spec/containers/0/image");
    json_t *fields = doc_object();
    doc_set_key(fields, "revision", step->to.number < 0 ? doc_null() : doc_integer(step->to.number));
    doc_set_key(fields, "image", image ? doc_string(image) : doc_null());
    return fields;
}

static struct err *put_back(const struct request *request, const char *service, struct kube_client *kube,
                            const struct steps *s)
{
    AUTO(strv) done = { 0 };
    for (size_t i = 0; i < s->count; i++) {
        AUTO_STR name = kube_id_text(s->items[i].id);
        AUTO_STR what = describe(&s->items[i]);
        AUTO_STR before = strv_join(&done, ", ");
        TRY(err_state(kube_set_template(kube, s->items[i].id, s->items[i].to.template), "%s may have gone back%s%s",
                      name, *before ? ", as have " : "", before));
        strv_add(&done, name);
        object_tell(request, UI_STEP, &(struct tell_object){ service, STAGE, name, "rolled back" },
                    described(&s->items[i]), "%s goes back to %s", name, what);
    }
    return NULL;
}

/* ---------------------------------------------------------------- pods that a StatefulSet waits for */

/* *stuck: NULL: the workload is gone, or its controller has not seen the change in time. */
static struct err *find_stuck(const struct request *request, struct kube_client *kube, struct kube_id id,
                              json_t **stuck)
{
    int64_t deadline_ms = clock_after(SEEN_MS);
    for (*stuck = NULL; clock_ms() < deadline_ms;) {
        DOC_AUTO live = NULL;
        DOC_AUTO pods = NULL;
        TRY(kube_get(kube, id, &live));
        TRY(kube_list(kube, "v1", "Pod", id.namespace, &pods));
        *stuck = live ? stuck_pods(live, pods) : NULL;
        if (*stuck || !live)
            return NULL;
        TRY(cancel_sleep(request->cancel, clock_after(LOOK_MS)));
    }
    return NULL;
}

static void tell_stuck(const struct request *request, const char *service, enum ui_kind kind, const json_t *pod)
{
    AUTO_STR name = kube_id_text(kube_id_of(pod));
    object_tell(request, kind, &(struct tell_object){ service, STAGE, name, "removed" }, NULL,
                "pod %s, which is not ready, %s deleted: the controller waits for it", kube_id_of(pod).name,
                kind == UI_RESULT ? "would be" : "is");
}

/* The controller would replace them, too, if it did not wait for them to become ready first. */
static struct err *delete_stuck(const struct request *request, const char *service, struct kube_client *kube,
                                const json_t *stuck)
{
    size_t i;
    json_t *pod;
    DOC_EACH_ITEM (stuck, i, pod) {
        bool gone;
        struct kube_id id = kube_id_of(pod);
        struct err *e = kube_delete(kube, id, doc_text(pod, "/metadata/uid"), &gone);
        if (e)
            return err_state(
                err_because(err_get_code(e), e,
                            "pod %s, which is not ready, cannot be deleted, and the controller waits for it", id.name),
                "the template has gone back; the pod stays as it is");
        tell_stuck(request, service, UI_STEP, pod);
    }
    return NULL;
}

static struct err *free_stuck(const struct request *request, const char *service, struct kube_client *kube,
                              const struct steps *s)
{
    for (size_t i = 0; i < s->count; i++) {
        DOC_AUTO stuck = NULL;
        if (!str_eq(s->items[i].id.kind, "StatefulSet"))
            continue;
        TRY(err_state(find_stuck(request, kube, s->items[i].id, &stuck), "the template has gone back"));
        TRY(delete_stuck(request, service, kube, stuck));
    }
    return NULL;
}

/* The pods that would have to go if the controller had seen the change. */
static struct err *foresee_stuck(const struct request *request, const char *service, struct kube_client *kube,
                                 const struct step *step)
{
    DOC_AUTO pods = NULL;
    DOC_AUTO after = doc_copy(step->live);
    if (!str_eq(step->id.kind, "StatefulSet"))
        return NULL;
    TRY(kube_list(kube, "v1", "Pod", step->id.namespace, &pods));
    doc_set_text(after, "/status/updateRevision", step->to.name);
    DOC_AUTO stuck = stuck_pods(after, pods);
    for (size_t i = 0; i < doc_count(stuck); i++)
        tell_stuck(request, service, UI_RESULT, doc_at(stuck, i));
    return NULL;
}

static struct err *tell_steps(const struct request *request, const char *service, struct kube_client *kube,
                              const struct steps *s)
{
    for (size_t i = 0; i < s->count; i++) {
        AUTO_STR name = kube_id_text(s->items[i].id);
        AUTO_STR what = describe(&s->items[i]);
        object_tell(request, UI_RESULT, &(struct tell_object){ service, STAGE, name, "rolled back" },
                    described(&s->items[i]), "%s would go back to %s", name, what);
        TRY(foresee_stuck(request, service, kube, &s->items[i]));
    }
    return NULL;
}

static struct err *follow(const struct request *request, const char *service, struct kube_client *kube,
                          const struct steps *s)
{
    struct rollout_target *targets = xcalloc(s->count + 1, sizeof *targets);
    for (size_t i = 0; i < s->count; i++)
        targets[i] = (struct rollout_target){ .id = s->items[i].id };
    struct err *e =
        verdict_follow(&(struct verdict_ask){ request, service, STAGE, NULL, NULL }, kube, targets, s->count, NULL);
    free(targets);
    return e;
}

/* ---------------------------------------------------------------- rwml rollback */

static struct err *plan_step(struct applied *a, const struct service_set *set, const json_t *workload,
                             struct steps *steps)
{
    struct kube_id id = kube_id_of(workload);
    struct history_revision to;
    DOC_AUTO owned = NULL;
    AUTO_STR name = kube_id_text(id);
    TRY(list_owned(a->kube, id, &owned));
    if (!history_serving(workload, owned, &to) && !history_previous(workload, owned, &to)) {
        object_tell(a->request, UI_NOTE, &(struct tell_object){ set->service, STAGE, name, "kept" }, NULL,
                    "%s has no earlier revision and stays as it is", name);
        return NULL;
    }
    add_step(steps, workload, to);
    TRY(template_needs_check(a->kube, workload, to.template, name, set->service));
    return template_images_check(&a->target, a->plan.workspace, a->request->cancel, name, to.template);
}

static struct err *plan_steps(struct applied *a, const struct service_set *set, struct steps *steps)
{
    DOC_AUTO workloads = NULL;
    struct err *errors = NULL;
    size_t i;
    json_t *each;
    TRY(applied_workloads(a, set, &workloads));
    DOC_EACH_ITEM (workloads, i, each)
        errors = err_join(errors, plan_step(a, set, each, steps));
    if (errors || steps->count > 0)
        return errors;
    struct err *e = err_new(RW5405_NO_REVISION, "%s has nothing to go back to", set->service);
    return err_cause(e, "none of its workloads has an earlier revision in the cluster");
}

struct err *applied_rollback(struct applied *a, const struct service_set *set)
{
    AUTO(steps) steps = { 0 };
    TRY(plan_steps(a, set, &steps));
    if (a->request->dry_run)
        return tell_steps(a->request, set->service, a->kube, &steps);
    TRY(put_back(a->request, set->service, a->kube, &steps));
    TRY(free_stuck(a->request, set->service, a->kube, &steps));
    TRY(err_state_add(follow(a->request, set->service, a->kube, &steps), "the rollback goes on in the cluster"));
    service_tell(a->request, UI_RESULT, set->service, STAGE,
                 "back, ready and settled; the next rwml deploy %s applies the manifests again", set->service);
    return NULL;
}

/* ---------------------------------------------------------------- --rollback-on-failure */

static struct err *plan_return(struct release *r, const struct release_object *o, struct steps *steps)
{
    struct history_revision to = { .number = -1 };
    DOC_AUTO live = NULL;
    DOC_AUTO owned = NULL;
    TRY(kube_get(r->kube, o->id, &live));
    if (!live)
        return NULL;
    TRY(list_owned(r->kube, o->id, &owned));
    if (!history_serving(live, owned, &to))
        to = (struct history_revision){ -1, doc_copy(o->template_before), NULL };
    add_step(steps, live, to);
    return NULL;
}

static struct err *go_back(struct release *r, struct steps *steps)
{
    const struct request *request = r->job->request;
    const char *service = r->job->item->service->name;
    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].template_before)
            TRY(plan_return(r, &r->objects[i], steps));
    TRY(put_back(request, service, r->kube, steps));
    TRY(free_stuck(request, service, r->kube, steps));
    return follow(request, service, r->kube, steps);
}

struct err *rollback_after_failure(struct release *r, struct err *e)
{
    AUTO(steps) steps = { 0 };
    AUTO(strv) done = { 0 };
    AUTO_PTR(err) failed = go_back(r, &steps);
    if (failed) {
        AUTO_STR words = err_words(failed);
        return err_state_add(e, "it could not be rolled back: %s", words);
    }
    if (steps.count == 0)
        return err_state_add(e, "there is nothing to roll back to");
    for (size_t i = 0; i < steps.count; i++) {
        AUTO_STR name = kube_id_text(steps.items[i].id);
        AUTO_STR what = describe(&steps.items[i]);
        strv_addf(&done, "%s to %s", name, what);
    }
    AUTO_STR list = strv_join(&done, ", ");
    return err_state_add(e, "rolled back: %s, ready and settled; other objects stay as applied", list);
}
