#include "flow/flow.h"
#include "flow/images.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/brought.h"
#include "plan/tell.h"
#include "plan/turn.h"

static const char STAGE[] = "images";

/* Nobody waits long for a clearing that nobody asked for. */
enum { ASK_MS = 60 * 1000, CLEAR_MS = 10 * 1000, CLEAR_TURN_MS = 500 };

struct clearing {
    const struct request *request;
    const struct target *target;
    struct strv known;      /* every reference of the workspace */
    struct strv references; /* those that are looked for */
    struct shelves shelves;
    struct brought brought;
};

static void clearing_release(struct clearing *c)
{
    strv_release(&c->known);
    strv_release(&c->references);
    shelves_release(&c->shelves);
    brought_release(&c->brought);
}

/* The objects are asked after the nodes: what came in between is among the newest. */
static struct err *look(struct clearing *c, struct net_wait wait)
{
    AUTO(image_uses) uses = { 0 };
    AUTO_PTR(kube_client) kube = NULL;
    TRY(shelves_open(c->target->engine, &c->target->nodes, wait, &c->shelves));
    TRY(kube_open(&c->target->kube_config, wait.cancel, &kube));
    TRY(uses_find(kube, &uses));
    brought_find(&c->shelves, &c->known, &c->references, &c->brought);
    brought_judge(&c->brought, &uses, (size_t)c->request->keep);
    return NULL;
}

static size_t count_going(const struct brought *b)
{
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++)
        count += b->items[i].reasons.count == 0;
    return count;
}

static struct err *remove_going(struct clearing *c, struct net_wait wait)
{
    struct stock_name *names = xcalloc(c->brought.count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < c->brought.count; i++)
        if (c->brought.items[i].reasons.count == 0)
            names[count++] = (struct stock_name){ c->brought.items[i].full_name, c->brought.items[i].digest };
    struct err *e = count ? shelves_remove(&c->shelves, names, count, wait) : NULL;
    free(names);
    return e;
}

/* ---------------------------------------------------------------- after a rollout */

static void tell_cleared(const struct clearing *c)
{
    for (size_t i = 0; i < c->brought.count; i++)
        if (c->brought.items[i].reasons.count == 0)
            request_tell(c->request, UI_DETAIL, STAGE, "%s: old, and nothing uses it", c->brought.items[i].name);
    for (size_t i = 0; i < c->shelves.count; i++)
        if (c->shelves.items[i].removed)
            request_tell(c->request, UI_STEP, STAGE, "%s: %zu old image%s removed", c->shelves.items[i].node->name,
                         c->shelves.items[i].removed, c->shelves.items[i].removed == 1 ? "" : "s");
}

static struct err *clear(struct clearing *c)
{
    AUTO_FD turn = -1;
    struct net_wait wait = { clock_after(CLEAR_MS), c->request->cancel };
    TRY(turn_take_nodes(c->request, c->target->cluster, clock_after(CLEAR_TURN_MS), NULL, NULL, &turn));
    TRY(look(c, wait));
    TRY(remove_going(c, wait));
    tell_cleared(c);
    return shelves_error(&c->shelves, "be cleared of old images");
}

static void warn(const struct request *request, struct err *e)
{
    for (const struct err *each = e; each; each = err_sibling(each)) {
        AUTO_STR words = err_words(each);
        bool is_busy = err_get_code(each) == RW9008_LOCKED;
        request_tell(request, is_busy ? UI_DETAIL : UI_WARNING, STAGE, "old images stay on the nodes: %s", words);
    }
    err_ignore(e, "the services run; what stays now goes after the next rollout");
}

void images_clear(const struct request *request, const struct plan *plan, const struct target *target,
                  const struct job *jobs)
{
    AUTO(clearing) c = { .request = request, .target = target };
    for (size_t i = 0; i < plan->count; i++)
        if (jobs[i].done && jobs[i].changed)
            plan_add_references(jobs[i].item->service, &c.references);
    if (!(request->verbs & VERB_DEPLOY) || c.references.count == 0)
        return;
    plan_known_references(plan, &c.known);
    warn(request, clear(&c));
}

/* ---------------------------------------------------------------- rwml images */

static bool has_failed(const struct shelves *shelves, const struct brought_image *image)
{
    for (size_t i = 0; i < shelves->count; i++)
        if (shelves->items[i].error && strv_has(&image->nodes, shelves->items[i].node->name))
            return true;
    return false;
}

static const char *verdict_of(const struct clearing *c, const struct brought_image *image)
{
    if (image->reasons.count)
        return "stays";
    if (!c->request->prune || c->request->dry_run)
        return "would go";
    return has_failed(&c->shelves, image) ? "not removed everywhere" : "removed";
}

static json_t *texts(const struct strv *list)
{
    json_t *array = doc_array();
    for (size_t i = 0; i < list->count; i++)
        doc_append(array, doc_string(list->items[i]));
    return array;
}

static json_t *row_of(const struct clearing *c, const struct brought_image *image)
{
    json_t *row = doc_object();
    doc_set_key(row, "reference", doc_string(image->reference));
    doc_set_key(row, "image", doc_string(image->name));
    doc_set_key(row, "digest", doc_string(image->digest));
    doc_set_key(row, "size", doc_integer((int64_t)image->size));
    doc_set_key(row, "nodes", texts(&image->nodes));
    doc_set_key(row, "verdict", doc_string(verdict_of(c, image)));
    doc_set_key(row, "why", texts(&image->reasons));
    return row;
}

static void show(const struct clearing *c)
{
    AUTO_STR prefix = xasprintf("%s-", c->target->cluster);
    const struct ui_column columns[] = {
        { "REFERENCE", "reference", NULL }, { "IMAGE", "image", NULL },     { "SIZE", "size", NULL },
        { "NODES", "nodes", prefix },       { "VERDICT", "verdict", NULL }, { "WHY", "why", NULL },
    };
    DOC_AUTO rows = doc_array();
    for (size_t i = 0; i < c->brought.count; i++)
        doc_append(rows, row_of(c, &c->brought.items[i]));
    ui_table(c->request->ui, "image", columns, COUNT_OF(columns), rows);
}

static void conclude(const struct clearing *c)
{
    size_t going = count_going(&c->brought), all = c->brought.count;
    bool removes = c->request->prune && !c->request->dry_run;
    request_tell(c->request, UI_RESULT, STAGE, "%zu of %zu image%s %s", going, all, all == 1 ? "" : "s",
                 removes ? "removed" : "would go");
}

static void on_turn_wait(void *ctx, int64_t holder_pid)
{
    (void)holder_pid;
    request_tell(ctx, UI_NOTE, STAGE, "waiting for another push to this cluster");
}

static struct err *look_and_remove(struct clearing *c)
{
    AUTO_FD turn = -1;
    bool removes = c->request->prune && !c->request->dry_run;
    struct net_wait wait = { clock_after(ASK_MS), c->request->cancel };
    if (removes)
        TRY(turn_take_nodes(c->request, c->target->cluster, clock_after(c->request->lock_timeout_ms), on_turn_wait,
                            (void *)(uintptr_t)c->request, &turn));
    wait.deadline_ms = clock_after(ASK_MS);
    TRY(err_state(target_advise(c->target, look(c, wait)), "nothing was removed"));
    return removes ? err_state(remove_going(c, wait), "some images may be removed") : NULL;
}

static struct err *images(struct clearing *c, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        plan_add_references(plan->items[i].service, &c->references);
    plan_known_references(plan, &c->known);
    TRY(err_state(look_and_remove(c), "nothing was removed"));
    show(c);
    struct err *e = shelves_error(&c->shelves, c->request->prune ? "be cleared of old images" : "tell their images");
    if (!e)
        conclude(c);
    return err_state(e, "nothing was removed");
}

struct err *flow_images(const struct request *request)
{
    struct plan plan = { 0 };
    struct target target = { 0 };
    struct err *e = plan_make(request, &plan);
    if (!e)
        e = target_open(request, plan.workspace, &target);
    if (!e) {
        AUTO(clearing) c = { .request = request, .target = &target };
        e = images(&c, &plan);
    }
    target_release(&target);
    plan_release(&plan);
    return e;
}
