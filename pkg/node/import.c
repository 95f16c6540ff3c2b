#include "node/import.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "node/failure.h"

enum {
    PIECE = 32 * 1024, /* a unix socket that poll calls writable takes this much at once */
    NODES_AT_MOST = 200,
    KILL_MS = 5000,
    FRAME_MS = 2000,
    WORDS_MS = 1000, /* the other nodes wait meanwhile */
    TELL_MS = 100
};

static void fail(struct import_target *t, struct err *e)
{
    t->is_active = false;
    if (t->error)
        err_ignore(e, "the first error of a node says most");
    else
        t->error = e;
}

static const struct node *node_of(const struct import_target *t)
{
    return t->session->node;
}

/* The session has ended although there is more to come, or the stream to it broke: what it said is
 * why. It may be done: a node that got the archive's end is ready before a slower one has got it, and
 * ctr leaves the zeros behind the end unread. */
static void ended_early(struct import *im, struct import_target *t, struct err *broken)
{
    struct net_wait wait = { .deadline_ms = clock_after(WORDS_MS), .cancel = im->push->wait.cancel };
    bool end = t->has_ended = broken == NULL;
    while (!end) {
        struct err *e = session_read(t->session, wait, &end);
        if (e) {
            err_ignore(e, "what was said before is what there is");
            break;
        }
    }
    t->is_done = session_is_done(t->session);
    if (t->is_done) {
        t->is_active = false;
        t->has_ended = true;
        err_ignore(broken, "there was nothing more to say to it");
        return;
    }
    if (broken && t->session->says.len == 0) {
        broken =
            err_because(RW4003_NODE_FAILED, broken, "node %s cannot %s", node_of(t)->name, session_told(t->session));
        fail(t, node_lost(t->session->engine, node_of(t), NULL, broken));
        return;
    }
    err_ignore(broken, "a closed stream is the consequence of the import's end");
    fail(t, session_failure(t->session));
}

static void has_moved(struct import_target *t)
{
    t->moved_ms = clock_ms();
    t->look_ms = clock_after(NODE_LOOK_MS);
}

static void start_one(struct import *im, struct import_target *t)
{
    has_moved(t);
    struct err *e = im->pulls ? session_pull(t->session, im->image, im->push->wait)
                              : session_import(t->session, im->image, im->push->wait);
    t->is_active = !e;
    if (e)
        ended_early(im, t, e);
}

void import_start(struct import *im)
{
    if (im->count > NODES_AT_MOST)
        BUG("%zu nodes", im->count);
    for (size_t i = 0; i < im->count; i++)
        start_one(im, &im->targets[i]);
}

/* Something is there: all nodes wait while the rest of its frame comes, so not for long. */
static struct err *read_ready(const struct import_target *t, struct net_wait wait, bool *end)
{
    struct net_wait soon = { clock_earlier(wait.deadline_ms, clock_after(FRAME_MS)), wait.cancel };
    struct err *e = session_read(t->session, soon, end);
    if (!e || err_get_code(e) != RW9007_DEADLINE || clock_ms() >= wait.deadline_ms)
        return e;
    return err_because(RW3106_ENGINE_PROTOCOL, e, "half a frame came from node %s", node_of(t)->name);
}

static bool lacks_bytes(const struct import_target *t, size_t len)
{
    return t->is_active && !t->passes && t->offset < len;
}

/* An error is the push's; a node's own stays with the node. */
static struct err *serve_one(struct import *im, struct import_target *t, short got, const char *bytes, size_t len)
{
    struct net_wait wait = im->push->wait;
    bool end = false;
    struct err *e = NULL;
    if (got & (POLLIN | POLLHUP | POLLERR))
        e = read_ready(t, wait, &end);
    if (!e && !end && (got & POLLOUT) && lacks_bytes(t, len)) {
        size_t piece = len - t->offset < PIECE ? len - t->offset : PIECE;
        e = engine_exec_write(t->session->exec, bytes + t->offset, piece, wait);
        if (!e) {
            t->offset += piece;
            t->sent += piece;
            has_moved(t);
        }
    }
    if (e && node_is_given_up(e))
        return e;
    if (e || end)
        ended_early(im, t, e);
    return NULL;
}

/* What poll is asked: all want to be read, those that lack bytes to be written. */
static size_t prepare(const struct import *im, size_t len, struct net_poll *set, bool *waiting)
{
    size_t lacking = 0;
    *waiting = false;
    for (size_t i = 0; i < im->count; i++) {
        const struct import_target *t = &im->targets[i];
        bool lacks = lacks_bytes(t, len);
        set[i] = (struct net_poll){ .fd = t->is_active ? engine_exec_fd(t->session->exec) : -1,
                                    .want = (short)(POLLIN | (lacks ? POLLOUT : 0)) };
        lacking += lacks;
        *waiting = *waiting || (t->is_active && !lacks);
    }
    return lacking;
}

/* When somebody is to be given up, or to be looked at. */
static int64_t first_due(const struct import *im, size_t len, int64_t patience_ms)
{
    int64_t first = CLOCK_NEVER;
    for (size_t i = 0; i < im->count; i++) {
        const struct import_target *t = &im->targets[i];
        if (lacks_bytes(t, len))
            first = clock_earlier(first, clock_earlier(t->moved_ms + patience_ms, t->look_ms));
    }
    return first;
}

static void drop_stalled(struct import_target *t, int64_t patience_ms)
{
    struct err *e = err_new(RW4003_NODE_FAILED, "node %s takes no more bytes of the image", node_of(t)->name);
    fail(t, err_cause(e, "none for %lld s", (long long)patience_ms / 1000));
}

static void drop_stopped(const struct import *im, struct import_target *t)
{
    struct err *stopped = node_stopped_meanwhile(t->session->engine, node_of(t), im->push->wait.cancel);
    t->look_ms = clock_after(NODE_LOOK_MS);
    if (stopped)
        fail(t, stopped);
}

static void drop_silent(struct import *im, size_t len, int64_t patience_ms)
{
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        if (lacks_bytes(t, len) && clock_ms() >= t->look_ms)
            drop_stopped(im, t);
        if (lacks_bytes(t, len) && clock_ms() >= t->moved_ms + patience_ms)
            drop_stalled(t, patience_ms);
    }
}

static void tell_sent(struct import *im)
{
    if (!im->push->on_progress || clock_ms() < im->told_ms + TELL_MS)
        return;
    im->told_ms = clock_ms();
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        struct node_push_progress progress = { .node = node_of(t), .phase = NODE_PUSH_SENDING, .bytes = t->sent };
        if (t->is_active)
            im->push->on_progress(im->push->ctx, &progress);
    }
}

static void restart_piece(struct import *im)
{
    for (size_t i = 0; i < im->count; i++) {
        im->targets[i].offset = 0;
        has_moved(&im->targets[i]);
    }
}

/* One round of poll and what it found. */
static struct err *serve(struct import *im, const char *bytes, size_t len, struct net_poll *set, bool waiting)
{
    struct net_wait wait = im->push->wait;
    int64_t patience_ms = waiting ? NODE_STALL_MS : NODE_SILENCE_MS;
    wait.deadline_ms = clock_earlier(wait.deadline_ms, first_due(im, len, patience_ms));
    struct err *e = net_poll(set, im->count, wait);
    if (e && err_get_code(e) == RW9007_DEADLINE && clock_ms() < im->push->wait.deadline_ms) {
        err_ignore(e, "one that does not go on is left behind");
        drop_silent(im, len, patience_ms);
        return NULL;
    }
    TRY(e);
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active)
            TRY(serve_one(im, &im->targets[i], set[i].got, bytes, len));
    return NULL;
}

static bool any_is_left(const struct import *im)
{
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active || im->targets[i].is_done)
            return true;
    return false;
}

struct err *import_take(void *ctx, const void *bytes, size_t len)
{
    struct import *im = ctx;
    struct net_poll set[NODES_AT_MOST];
    bool waiting = false;
    restart_piece(im);
    while (prepare(im, len, set, &waiting) > 0) {
        TRY(serve(im, bytes, len, set, waiting));
        tell_sent(im);
    }
    return any_is_left(im) ? NULL : err_new(RW4003_NODE_FAILED, "no node takes the image any more");
}

static struct err *finish_one(struct import *im, struct import_target *t)
{
    bool end = false;
    struct err *broken = NULL;
    while (!end && !broken)
        broken = session_await(t->session, im->push->wait, &end);
    if (broken && !node_is_given_up(broken) && err_get_code(broken) != RW4002_NODE_STOPPED) {
        ended_early(im, t, broken);
        return NULL;
    }
    TRY(broken);
    t->is_active = false;
    t->has_ended = true;
    t->is_done = session_is_done(t->session);
    return session_result(t->session);
}

struct err *import_finish(struct import *im)
{
    const struct node_push_progress rest = { .phase = im->pulls ? NODE_PUSH_PULLING : NODE_PUSH_VERIFYING };
    if (im->push->on_progress)
        im->push->on_progress(im->push->ctx, &rest);
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active) {
            struct err *e = engine_exec_end_input(im->targets[i].session->exec);
            if (e)
                ended_early(im, &im->targets[i], e);
        }
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        struct err *e = t->is_active ? finish_one(im, t) : NULL;
        if (e && node_is_given_up(e))
            return e;
        if (e)
            fail(t, e);
    }
    return NULL;
}

bool import_abort(struct import *im)
{
    bool left_behind = false;
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        struct net_wait wait = { .deadline_ms = clock_after(KILL_MS) };
        struct err *e = t->has_ended ? NULL : session_end(t->session, wait);
        t->is_active = false;
        if (!e)
            continue;
        left_behind = true;
        fail(t, err_because(RW4003_NODE_FAILED, e, "an import may still run in node %s", node_of(t)->name));
    }
    return left_behind;
}
