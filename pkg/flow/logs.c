#include "base/clock.h"
#include "flow/flow.h"
#include "plan/plan.h"
#include "plan/roots.h"
#include "plan/target.h"
#include "plan/tell.h"
#include "pods/follow.h"

static const char STAGE[] = "logs";

static void on_line(void *ctx, const struct log_line *line)
{
    const struct request *request = ctx;
    const struct ui_log shown = { line->root->service, line->pod, line->container, line->time,
                                  line->text,          line->len, line->cut,       false };
    ui_log(request->ui, &shown);
}

static void on_mark(void *ctx, const struct log_line *mark)
{
    const struct request *request = ctx;
    DOC_AUTO fields = doc_object();
    doc_set_key(fields, "pod", doc_string(mark->pod));
    doc_set_key(fields, "container", doc_string(mark->container));
    const struct ui_event event = { UI_NOTE, mark->root->service, STAGE, -1, fields };
    ui_tell(request->ui, &event, "%s/%s: %.*s", mark->pod, mark->container, (int)mark->len, mark->text);
}

static bool is_done(void *ctx)
{
    const struct request *request = ctx;
    return ui_is_broken(request->ui);
}

static struct err *read_logs(const struct request *request, const struct plan *plan, const struct target *target,
                             const struct flow_logs *how)
{
    AUTO(roots) roots = { 0 };
    AUTO_PTR(kube_client) kube = NULL;
    size_t containers = 0;
    roots_add(plan, &roots);
    TRY(kube_open(&target->kube_config, request->cancel, &kube));
    struct log_follow follow = {
        .follow = how->follow && !how->previous,
        .previous = how->previous,
        .since_s = how->since_ms ? clock_wall_s() - (how->since_ms + 999) / 1000 : 0,
        .tail = how->tail,
        .cancel = request->cancel,
        .on_line = on_line,
        .on_mark = on_mark,
        .is_done = is_done,
        .ctx = (void *)(uintptr_t)request,
    };
    TRY(log_follow(kube, roots.items, roots.count, &follow, &containers));
    if (containers == 0)
        request_tell(request, UI_NOTE, STAGE, "no container of %s has started",
                     plan->count == 1 ? plan->items[0].service->name : "these services");
    return NULL;
}

struct err *flow_logs(const struct request *request, const struct flow_logs *how)
{
    struct plan plan = { 0 };
    struct target target = { 0 };
    struct err *e = plan_make(request, &plan);
    if (!e)
        e = target_open_proved(request, plan.workspace, &target);
    if (!e)
        e = target_advise(&target, read_logs(request, &plan, &target, how));
    target_release(&target);
    plan_release(&plan);
    return err_state(e, "nothing was changed");
}
