#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/task.h"
#include "node/send.h"

enum { SIDE_BY_SIDE = 8 };

/* One node's part of a push. */
struct part {
    struct engine *engine; /* the session makes its own of it */
    const struct node *node;
    const struct node_push *push;
    struct node_push_result *result;
    struct session session;
    int64_t started_ms;
    struct err *error;
    bool travels; /* something of the image has to be sent, be it a name */
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
        session_release(&r->parts[i].session);
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
    struct session *s = &p->session;
    p->error = session_open(s, p->engine, p->node, p->push->image, false, p->push->wait);
    p->travels = !p->error && !(s->has_ref && s->has_content);
    if (!p->error && !p->travels)
        p->result->outcome = NODE_HAD_IT;
    return NULL;
}

/* A task: once more what a node has that lost a layer between its answer and the import, to a
 * collection of garbage or to somebody who removed images. */
static struct err *ask_again(void *item)
{
    struct part *p = item;
    if (!p->error || !session_lost_layer(&p->session))
        return NULL;
    session_release(&p->session);
    err_free(STEAL(&p->error));
    TRY(ask(p));
    holdings_release(&p->session.holdings); /* more may be about to vanish */
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

static struct import_target *targets_of(struct push_run *r, size_t *count)
{
    struct import_target *targets = xcalloc(r->count + 1, sizeof *targets);
    *count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            targets[(*count)++] = (struct import_target){ .session = &r->parts[i].session };
    return targets;
}

/* What the import found out goes back to the parts, which own the errors then. */
static void settle(struct push_run *r, struct import *im, bool is_whole)
{
    size_t next = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct part *p = &r->parts[i];
        if (!p->travels)
            continue;
        struct import_target *t = &im->targets[next++];
        p->result->bytes_sent += t->sent;
        p->result->elapsed_ms = clock_ms() - p->started_ms;
        p->error = STEAL(&t->error);
        p->travels = false;
        if (!p->error && is_whole)
            p->result->outcome = NODE_GOT_IT;
    }
}

static bool all_have_errors(const struct import *im)
{
    for (size_t i = 0; i < im->count; i++)
        if (!im->targets[i].error)
            return false;
    return true;
}

/* All imports, and what they are sent: NULL also when single nodes failed, they keep their errors. */
static struct err *stream(struct push_run *r, struct import *im)
{
    size_t next = 0;
    import_start(im);
    if (all_have_errors(im))
        return NULL;
    const struct holdings **holdings = xcalloc(im->count, sizeof *holdings);
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            holdings[next++] = &r->parts[i].session.holdings;
    struct err *e = send_image(r->engine, r->push, im, holdings);
    free(holdings);
    return e;
}

static bool any_travels(const struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            return true;
    return false;
}

static struct err *send_all(struct push_run *r)
{
    AUTO_FD turn = -1;
    struct import im = { .push = r->push };
    if (!any_travels(r))
        return NULL;
    if (r->push->take_turn)
        TRY(r->push->take_turn(r->push->ctx, &turn));
    im.targets = targets_of(r, &im.count);
    struct err *e = stream(r, &im);
    bool by_nodes = e && all_have_errors(&im);
    r->left_behind = import_abort(&im);
    settle(r, &im, !e);
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
    TRY(send_all(r));
    TRY(task_all(r->parts, r->count, sizeof *r->parts, SIDE_BY_SIDE, ask_again));
    return send_all(r);
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
    AUTO(session) s = { 0 };
    TRY(session_open(&s, e, node, &image, true, wait));
    *has = s.has_content;
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
    return node_has_image(q->engine, q->node, q->name, q->config_digest, q->wait, &q->has);
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
