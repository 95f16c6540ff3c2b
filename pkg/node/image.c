#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/task.h"
#include "engine/image.h"
#include "node/cri.h"
#include "node/import.h"

enum { SIDE_BY_SIDE = 8, VERIFY_MS = 30000 };

/* One node's part of a push. */
struct part {
    struct engine *engine; /* to be opened again by the task that works on this part */
    const struct node *node;
    const struct node_push *push;
    struct node_push_result *result;
    struct cri_answer has;
    int64_t started_ms;
    struct err *error;
    bool travels; /* the whole image has to be sent */
};

struct push_run {
    struct engine *engine;
    const struct node_push *push;
    struct part *parts;
    size_t count;
    bool left_behind; /* an import could not be ended */
};

static void push_run_release(struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        cri_answer_release(&r->parts[i].has);
        err_free(r->parts[i].error);
    }
    free(r->parts);
}

void node_push_results_release(struct node_push_results *r)
{
    free(r->items);
    *r = (struct node_push_results){ 0 };
}

static void tell(const struct node_push *push, const struct node *node, enum node_push_phase phase, uint64_t bytes)
{
    struct node_push_progress progress = { .node = node, .phase = phase, .bytes = bytes };
    if (push->on_progress)
        push->on_progress(push->ctx, &progress);
}

/* A task: what the node has. */
static struct err *ask(void *item)
{
    struct part *p = item;
    AUTO_PTR(engine) engine = NULL;
    TRY(engine_again(p->engine, &engine));
    p->error = cri_ask(engine, p->node, p->push->image, p->push->wait, &p->has);
    p->travels = !p->error && !p->has.has_ref && !p->has.has_content;
    if (!p->error && p->has.has_ref && p->has.has_content)
        p->result->outcome = NODE_HAD_IT;
    return NULL;
}

/* A task: both names on a content that is there, and CRI's word for it. */
static struct err *name(void *item)
{
    struct part *p = item;
    const struct node_image *image = p->push->image;
    if (p->error || p->result->outcome == NODE_HAD_IT)
        return NULL;
    AUTO_PTR(engine) engine = NULL;
    TRY(engine_again(p->engine, &engine));
    struct net_wait wait = p->push->wait;
    wait.deadline_ms = clock_earlier(wait.deadline_ms, clock_after(VERIFY_MS));
    bool from_ref = p->travels || p->has.has_ref;
    p->error = cri_name(engine, p->node, from_ref ? image->ref : image->content_name,
                        from_ref ? image->content_name : image->ref, image->config_digest, wait);
    p->result->elapsed_ms = clock_ms() - p->started_ms;
    if (!p->error)
        p->result->outcome = p->travels ? NODE_GOT_IT : NODE_GOT_NAME;
    return NULL;
}

static void open_run(struct push_run *r, const struct node_list *nodes, struct node_push_results *out)
{
    out->items = xcalloc(nodes->count + 1, sizeof *out->items);
    out->count = nodes->count;
    r->parts = xcalloc(nodes->count + 1, sizeof *r->parts);
    r->count = nodes->count;
    for (size_t i = 0; i < nodes->count; i++) {
        out->items[i] = (struct node_push_result){ .node = &nodes->items[i], .outcome = NODE_LACKS_IT };
        r->parts[i] = (struct part){ .engine = r->engine,
                                     .node = &nodes->items[i],
                                     .push = r->push,
                                     .result = &out->items[i],
                                     .started_ms = clock_ms() };
    }
}

static struct import_target *targets_of(const struct push_run *r, size_t *count)
{
    struct import_target *targets = xcalloc(r->count + 1, sizeof *targets);
    *count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            targets[(*count)++] =
                (struct import_target){ .node = r->parts[i].node, .snapshotter = r->parts[i].has.snapshotter };
    return targets;
}

/* What the import found out goes back to the parts, which own the errors then. */
static void settle(struct push_run *r, struct import *im)
{
    size_t next = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct part *p = &r->parts[i];
        if (!p->travels)
            continue;
        struct import_target *t = &im->targets[next++];
        p->result->bytes_sent = t->sent;
        p->result->elapsed_ms = clock_ms() - p->started_ms;
        p->error = STEAL(&t->error);
    }
}

static bool all_have_errors(const struct import *im)
{
    for (size_t i = 0; i < im->count; i++)
        if (!im->targets[i].error)
            return false;
    return true;
}

/* The export and all imports: NULL also when single nodes failed, they keep their errors. */
static struct err *stream(struct push_run *r, struct import *im)
{
    const struct node_image *image = r->push->image;
    struct http_sink sink = { import_take, im };
    struct engine_export whole = { 0 };
    import_start(im);
    if (all_have_errors(im))
        return NULL;
    struct err *e = engine_image_export(r->engine, image->ref, image->config_digest, r->push->wait, sink, &whole);
    free(whole.config_digest);
    if (!e)
        e = import_finish(im);
    return e;
}

static bool any_travels(const struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            return true;
    return false;
}

static struct err *send_whole(struct push_run *r)
{
    AUTO_FD turn = -1;
    struct import im = { .engine = r->engine, .push = r->push };
    if (!any_travels(r))
        return NULL;
    if (r->push->take_turn)
        TRY(r->push->take_turn(r->push->ctx, &turn));
    im.targets = targets_of(r, &im.count);
    struct err *e = stream(r, &im);
    bool by_nodes = e && all_have_errors(&im);
    r->left_behind = import_abort(&im);
    import_release(&im);
    settle(r, &im);
    free(im.targets);
    if (by_nodes) {
        err_ignore(e, "that no node is left follows from the nodes' own errors");
        e = NULL;
    }
    return e;
}

/* "a, b" of the nodes that have it, or that do not. */
static char *names_of(const struct node_push_results *results, bool having)
{
    AUTO(strv) names = { 0 };
    for (size_t i = 0; i < results->count; i++)
        if ((results->items[i].outcome != NODE_LACKS_IT) == having)
            strv_add(&names, results->items[i].node->name);
    return names.count ? strv_join(&names, ", ") : xstrdup("none");
}

static struct err *with_state(const struct push_run *r, const struct node_push_results *results, struct err *e)
{
    AUTO_STR have = names_of(results, true);
    AUTO_STR lack = names_of(results, false);
    return err_state(e, "%s is on: %s; not on: %s; %s", r->push->image->content_name, have, lack,
                     r->left_behind ? "an import may still run there" : "no import is left running");
}

static struct err *join_errors(struct push_run *r, size_t *failed)
{
    struct err *all = NULL;
    for (size_t i = 0; i < r->count; i++) {
        if (!r->parts[i].error)
            continue;
        all = err_join(all, STEAL(&r->parts[i].error));
        (*failed)++;
    }
    return all;
}

static char *causes_of(const struct err *chain)
{
    AUTO(strv) lines = { 0 };
    for (const struct err *each = chain; each; each = err_sibling(each))
        strv_addf(&lines, "%s: %s", err_get_message(each), err_get_cause(each) ? err_get_cause(each) : "no cause told");
    return strv_join(&lines, "; ");
}

/* Some nodes have the image, some do not: one error that names both. */
static struct err *partial(const struct node_push *push, struct err *chain)
{
    AUTO_STR causes = causes_of(chain);
    struct err *e = err_new(RW4005_NODES_PARTIAL, "%s is on some nodes only", push->image->content_name);
    e = err_cause(e, "%s", causes);
    for (size_t i = 0; i < 2 && err_get_next(chain, i); i++)
        e = err_next(e, "%s", err_get_next(chain, i));
    err_free(chain);
    return e;
}

static struct err *conclude(struct push_run *r, const struct node_push_results *results)
{
    size_t failed = 0;
    struct err *chain = join_errors(r, &failed);
    if (!chain)
        return NULL;
    if (err_chain_class(chain) == ERR_INTERRUPTED) {
        err_free(chain); /* one interruption, however many nodes it met */
        return with_state(r, results, err_new(RW9009_INTERRUPTED, "interrupted"));
    }
    return with_state(r, results, failed < r->count ? partial(r->push, chain) : chain);
}

static struct err *run_all(struct push_run *r)
{
    tell(r->push, NULL, NODE_PUSH_ASKED, 0);
    TRY(task_all(r->parts, r->count, sizeof *r->parts, SIDE_BY_SIDE, ask));
    TRY(cancel_check(r->push->wait.cancel));
    TRY(send_whole(r));
    tell(r->push, NULL, NODE_PUSH_VERIFYING, 0);
    return task_all(r->parts, r->count, sizeof *r->parts, SIDE_BY_SIDE, name);
}

struct err *node_push_image(struct engine *e, const struct node_list *nodes, const struct node_push *push,
                            struct node_push_results *out)
{
    AUTO(push_run) run = { .engine = e, .push = push };
    open_run(&run, nodes, out);
    struct err *failed = run_all(&run);
    if (failed && err_chain_class(failed) != ERR_INTERRUPTED) {
        size_t count = 0; /* a node's own trouble would be met at the next push */
        failed = err_join(failed, join_errors(&run, &count));
    }
    if (failed)
        return with_state(&run, out, failed);
    for (size_t i = 0; i < out->count; i++)
        tell(push, out->items[i].node, out->items[i].outcome == NODE_LACKS_IT ? NODE_PUSH_FAILED : NODE_PUSH_DONE,
             out->items[i].bytes_sent);
    return conclude(&run, out);
}

struct err *node_has_image(struct engine *e, const struct node *node, const char *image_name, const char *config_digest,
                           struct net_wait wait, bool *has)
{
    struct node_image image = { .ref = image_name, .config_digest = config_digest, .content_name = image_name };
    AUTO(cri_answer) answer = { 0 };
    TRY(cri_ask(e, node, &image, wait, &answer));
    *has = answer.has_content;
    return NULL;
}

struct question {
    struct engine *engine;
    const struct node *node;
    const char *name;
    const char *config_digest;
    struct net_wait wait;
    bool has;
};

static struct err *ask_one(void *item)
{
    struct question *q = item;
    AUTO_PTR(engine) engine = NULL;
    TRY(engine_again(q->engine, &engine));
    return node_has_image(engine, q->node, q->name, q->config_digest, q->wait, &q->has);
}

struct err *node_lacking_image(struct engine *e, const struct node_list *nodes, const char *image_name,
                               const char *config_digest, struct net_wait wait, struct strv *lacking)
{
    struct question *questions = xcalloc(nodes->count + 1, sizeof *questions);
    for (size_t i = 0; i < nodes->count; i++)
        questions[i] = (struct question){ e, &nodes->items[i], image_name, config_digest, wait, false };
    struct err *failed = task_all(questions, nodes->count, sizeof *questions, SIDE_BY_SIDE, ask_one);
    for (size_t i = 0; !failed && i < nodes->count; i++)
        if (!questions[i].has)
            strv_add(lacking, nodes->items[i].name);
    free(questions);
    return err_state(failed, "nothing was changed");
}
