#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/task.h"
#include "engine/push.h"
#include "node/failure.h"
#include "node/pull.h"
#include "oci/image.h"
#include "oci/reference.h"

enum { SIDE_BY_SIDE = 8 };

static void push_run_release(struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        session_release(&r->parts[i].session);
        err_free(r->parts[i].error);
    }
    free(r->parts);
    shipment_list_release(&r->before);
    free(r->known_name);
    strv_release(&r->known_chains);
    sent_release(&r->sent);
}

void node_push_results_release(struct node_push_results *r)
{
    free(r->items);
    free(r->config_digest);
    free(r->content_name);
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
    if (!p->is_asked)
        return NULL;
    p->is_asked = false;
    p->error = session_open(s, p->engine, p->node, p->image, false, p->push->wait);
    p->travels = !p->error && !(s->has_ref && s->has_content);
    if (!p->error && !p->travels)
        p->result->outcome = NODE_HAD_IT;
    if (p->lost)
        holdings_release(&s->holdings); /* more may be about to vanish */
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
                                     .image = &r->image,
                                     .result = &out->items[i],
                                     .is_asked = true,
                                     .started_ms = clock_ms() };
    }
}

struct import_target *run_targets(struct push_run *r, size_t *count)
{
    struct import_target *targets = xcalloc(r->count + 1, sizeof *targets);
    *count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            targets[(*count)++] = (struct import_target){ .session = &r->parts[i].session };
    return targets;
}

void run_settle(struct push_run *r, struct import *im, bool is_whole)
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
        if (!p->error && (is_whole || t->is_done))
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
static struct err *stream(struct push_run *r, struct import *im, bool may_be_files)
{
    size_t next = 0;
    const struct holdings **holdings = xcalloc(im->count, sizeof *holdings);
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            holdings[next++] = &r->parts[i].session.holdings;
    const struct send send = {
        .push = r->push, .import = im, .holdings = holdings, .before = &r->before, .may_be_files = may_be_files
    };
    sent_release(&r->sent);
    struct err *e = send_image(r->engine, &send, &r->sent);
    free(holdings);
    return e;
}

bool run_any_travels(const struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].travels)
            return true;
    return false;
}

/* A node that has the image itself runs it under its own name: then the others get it, too. */
static bool may_be_files(const struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].result->outcome == NODE_HAD_IT)
            return false;
    return r->push->helper;
}

/* Noting. */

void run_read_before(struct push_run *r)
{
    shipment_list_release(&r->before);
    shipment_list_read(r->push->state_dir, r->cluster, r->push->image->ref, &r->before);
}

static void remove_base_names(struct push_run *r)
{
    const char *ref = r->push->image->ref;
    for (size_t i = 0; i < r->before.count; i++) {
        AUTO_STR name = NULL;
        const struct shipment *s = &r->before.items[i];
        if (!s->is_base)
            continue;
        struct err *e = oci_content_name(ref, s->built, &name);
        if (!e)
            e = engine_image_unname(r->engine, name, r->push->wait);
        err_ignore(e, "a name too many harms nobody");
    }
    shipment_list_drop_bases(&r->before);
}

/* As it is when somebody goes back to an image that was sent before, of which next to nothing travels then. */
static bool is_base_already(const struct push_run *r, const struct shipment *s)
{
    for (size_t i = 0; i < r->before.count; i++)
        if (r->before.items[i].is_base && strcmp(r->before.items[i].built, s->built) == 0)
            return true;
    return false;
}

/* The engine keeps what later images are to be compared with, also when its name moves on and somebody
 * removes what has no name. */
static void keep_base(struct push_run *r, struct shipment *s, bool already)
{
    if (s->file_layers == 0 && !already)
        remove_base_names(r);
    struct err *e = engine_image_name(r->engine, s->engine_id, r->push->image->content_name, r->push->wait);
    s->is_base = !e;
    err_ignore(e, "then the next image is not compared with this one");
}

static bool any_got_it(const struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].result->outcome == NODE_GOT_IT)
            return true;
    return false;
}

static void note_sent(struct push_run *r)
{
    struct sent *sent = &r->sent;
    if (!sent->shipment.sent)
        return;
    r->image = sent->image;
    if (!any_got_it(r))
        return;
    bool already = is_base_already(r, &sent->shipment);
    if (sent->shipment.is_base || already)
        keep_base(r, &sent->shipment, already);
    shipment_list_add(&r->before, &sent->shipment);
    err_ignore(shipment_list_write(&r->before), "then the next push finds out again");
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
    return err_state(e, "%s is on: %s; not on: %s; %s", r->image.content_name, have, lack,
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
    return with_state(
        r, results, failed < r->count ? node_partial(chain, "%s is on some nodes only", r->image.content_name) : chain);
}

/* Asking. */

struct err *run_ask(struct push_run *r)
{
    TRY(task_all(r->parts, r->count, sizeof *r->parts, SIDE_BY_SIDE, ask));
    return cancel_check(r->push->wait.cancel);
}

void run_ask_again(struct part *p)
{
    session_release(&p->session);
    err_free(STEAL(&p->error));
    p->result->outcome = NODE_LACKS_IT;
    p->is_asked = true;
}

/* What was sent as files for this image may be there still, in every node. */
static struct err *ask_for_known(struct push_run *r, bool *is_there)
{
    const struct node_image *image = r->push->image;
    const struct shipment *known = r->push->helper ? shipment_other(&r->before, image->config_digest) : NULL;
    *is_there = false;
    if (!known)
        return NULL;
    str_freep(&r->known_name);
    strv_release(&r->known_chains);
    TRY(oci_content_name(image->ref, known->sent, &r->known_name));
    TRY(oci_chain_ids(&known->diff_ids, &r->known_chains));
    size_t layers = known->diff_ids.count;
    r->image = (struct node_image){ .ref = image->ref,
                                    .config_digest = known->sent,
                                    .content_name = r->known_name,
                                    .chain_id = layers > 0 ? r->known_chains.items[layers - 1] : NULL };
    TRY(run_ask(r));
    *is_there = !run_any_travels(r);
    for (size_t i = 0; !*is_there && i < r->count; i++)
        if (!r->parts[i].error)
            run_ask_again(&r->parts[i]);
    return NULL;
}

static struct err *ask_first(struct push_run *r)
{
    bool is_there = false;
    tell(r->push, NULL, NODE_PUSH_ASKED, 0);
    TRY(ask_for_known(r, &is_there));
    if (is_there)
        return NULL;
    r->image = *r->push->image;
    return run_ask(r);
}

/* Sending. */

struct err *run_take_turn(const struct push_run *r, int *turn, bool *waited)
{
    return r->push->take_turn ? r->push->take_turn(r->push->ctx, turn, waited) : NULL;
}

/* The push that was waited for may have brought layers of this image, or all of it. */
static struct err *ask_after_wait(struct push_run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->parts[i].error)
            run_ask_again(&r->parts[i]);
    return ask_first(r);
}

static struct err *send_all(struct push_run *r, bool files)
{
    AUTO_FD turn = -1;
    bool waited = false;
    struct import im = { .push = r->push };
    if (!run_any_travels(r))
        return NULL;
    TRY(run_take_turn(r, &turn, &waited));
    run_read_before(r);
    if (waited)
        TRY(ask_after_wait(r));
    if (!run_any_travels(r))
        return NULL;
    im.targets = run_targets(r, &im.count);
    struct err *e = stream(r, &im, files && may_be_files(r));
    bool by_nodes = e && all_have_errors(&im);
    r->left_behind = import_abort(&im);
    run_settle(r, &im, !e);
    free(im.targets);
    note_sent(r);
    if (by_nodes) {
        err_ignore(e, "that no node is left follows from the nodes' own errors");
        e = NULL;
    }
    return e;
}

/* A node may lose a layer between its answer and the import, to a collection of garbage or to somebody who
 * removes images. What came as files there is of no use to the others then: all of them get the same. */
static struct err *ask_losers(struct push_run *r)
{
    bool any = false, was_files = strcmp(r->image.config_digest, r->push->image->config_digest) != 0;
    for (size_t i = 0; i < r->count; i++) {
        r->parts[i].lost = r->parts[i].error && session_lost_layer(&r->parts[i].session);
        any = any || r->parts[i].lost;
    }
    for (size_t i = 0; any && i < r->count; i++)
        if (r->parts[i].lost || (was_files && !r->parts[i].error))
            run_ask_again(&r->parts[i]);
    r->image = any ? *r->push->image : r->image;
    return any ? run_ask(r) : NULL;
}

static struct err *run_all(struct push_run *r)
{
    TRY(ask_first(r));
    TRY(pull_all(r));
    TRY(send_all(r, true));
    TRY(ask_losers(r));
    return send_all(r, false);
}

static void tell_ends(const struct push_run *r, const struct node_push_results *out)
{
    for (size_t i = 0; i < out->count; i++)
        tell(r->push, out->items[i].node, out->items[i].outcome == NODE_LACKS_IT ? NODE_PUSH_FAILED : NODE_PUSH_DONE,
             out->items[i].bytes_sent);
}

struct err *node_push_image(struct engine *e, const struct node_list *nodes, const struct node_push *push,
                            struct node_push_results *out)
{
    AUTO(push_run) run = { .engine = e, .push = push, .cluster = nodes->cluster };
    open_run(&run, nodes, out);
    shipment_list_read(push->state_dir, run.cluster, push->image->ref, &run.before);
    struct err *failed = run_all(&run);
    out->config_digest = xstrdup(run.image.config_digest);
    out->content_name = xstrdup(run.image.content_name);
    if (failed && err_chain_class(failed) != ERR_INTERRUPTED) {
        size_t count = 0; /* a node's own trouble would be met at the next push */
        failed = err_join(failed, join_errors(&run, &count));
    }
    if (failed)
        return with_state(&run, out, failed);
    tell_ends(&run, out);
    return conclude(&run, out);
}
