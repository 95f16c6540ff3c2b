#include "node/import.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "node/cri.h"

enum {
    PIECE = 32 * 1024, /* a unix socket that poll calls writable takes this much at once */
    NODES_AT_MOST = 200,
    SAYS_BYTES = 64 * 1024,
    KILL_MS = 5000,
    FRAME_MS = 2000,
    WORDS_MS = 1000, /* the other nodes wait meanwhile */
    TELL_MS = 100,
    READ_BYTES = 4096
};

static void fail(struct import_target *t, struct err *e)
{
    t->is_active = false;
    if (t->error)
        err_ignore(e, "the first error of a node says most");
    else
        t->error = e;
}

static void start_one(struct import *im, struct import_target *t)
{
    const char *const plain[] = { "ctr", "-n", "k8s.io", "images", "import", "-", NULL };
    const char *const chosen[] = {
        "ctr", "-n", "k8s.io", "images", "import", "--snapshotter", t->snapshotter, "-", NULL
    };
    struct engine_exec_spec spec = { .container = t->node->id,
                                     .argv = t->snapshotter ? chosen : plain,
                                     .has_input = true,
                                     .privileged = true,
                                     .killable = true };
    t->says = BUF_INIT(SAYS_BYTES);
    t->moved_ms = clock_ms();
    struct err *e = engine_exec_start(im->engine, &spec, im->push->wait, &t->exec);
    t->is_active = !e;
    if (e)
        fail(t, err_because(RW4003_NODE_FAILED, e, "node %s cannot start an import", t->node->name));
}

void import_start(struct import *im)
{
    if (im->count > NODES_AT_MOST)
        BUG("%zu nodes", im->count);
    for (size_t i = 0; i < im->count; i++)
        start_one(im, &im->targets[i]);
}

static struct err *read_words(struct import_target *t, struct net_wait wait, bool *end)
{
    char piece[READ_BYTES];
    size_t len = 0;
    bool is_stderr;
    TRY(engine_exec_read(t->exec, piece, sizeof piece, wait, &len, &is_stderr));
    *end = len == 0;
    if (t->says.len + len > SAYS_BYTES)
        buf_truncate(&t->says, 0); /* its last words are what counts */
    buf_add(&t->says, piece, len);
    return NULL;
}

/* How the stream broke, or the code that ctr ended with. */
static struct err *without_words(const struct import_target *t, struct err *broken, int exit_code)
{
    if (broken)
        return err_because(RW4003_NODE_FAILED, broken, "node %s cannot import the image", t->node->name);
    struct err *e = err_new(RW4003_NODE_FAILED, "node %s cannot import the image", t->node->name);
    return err_cause(e, "ctr ended with exit code %d and said nothing about why", exit_code);
}

/* ctr has ended although there is more to come, or the stream to it broke: what it said is why. */
static void ended_early(struct import *im, struct import_target *t, struct err *broken)
{
    bool end = broken == NULL;
    int exit_code = -1;
    struct net_wait wait = { .deadline_ms = clock_after(WORDS_MS), .cancel = im->push->wait.cancel };
    if (end) { /* of the stream, for one */
        broken = engine_exec_wait(t->exec, wait, &exit_code);
        t->has_ended = broken == NULL;
    }
    while (!end) {
        struct err *e = read_words(t, wait, &end);
        if (e) {
            err_ignore(e, "what ctr said before is what there is");
            break;
        }
    }
    if (t->says.len == 0) {
        fail(t, without_words(t, broken, exit_code));
        return;
    }
    err_ignore(broken, "a closed stream is the consequence of ctr's end");
    fail(t, cri_failed(im->engine, t->node, "import the image", buf_text(&t->says)));
}

static bool is_ours_to_end(const struct err *e)
{
    return err_get_code(e) == RW9009_INTERRUPTED || err_get_code(e) == RW9007_DEADLINE;
}

/* Something is there: all nodes wait while the rest of its frame comes, so not for long. */
static struct err *read_ready(struct import_target *t, struct net_wait wait, bool *end)
{
    struct net_wait soon = { clock_earlier(wait.deadline_ms, clock_after(FRAME_MS)), wait.cancel };
    struct err *e = read_words(t, soon, end);
    if (!e || err_get_code(e) != RW9007_DEADLINE || clock_ms() >= wait.deadline_ms)
        return e;
    return err_because(RW3106_ENGINE_PROTOCOL, e, "half a frame came from node %s", t->node->name);
}

/* An error is the push's; a node's own stays with the node. */
static struct err *serve_one(struct import *im, struct import_target *t, short got, const char *bytes, size_t len)
{
    struct net_wait wait = im->push->wait;
    bool end = false;
    struct err *e = NULL;
    if (got & (POLLIN | POLLHUP | POLLERR))
        e = read_ready(t, wait, &end);
    if (!e && !end && (got & POLLOUT) && t->offset < len) {
        size_t piece = len - t->offset < PIECE ? len - t->offset : PIECE;
        e = engine_exec_write(t->exec, bytes + t->offset, piece, wait);
        if (!e) {
            t->offset += piece;
            t->sent += piece;
            t->moved_ms = clock_ms();
        }
    }
    if (e && is_ours_to_end(e))
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
        bool lacks = t->is_active && t->offset < len;
        set[i] = (struct net_poll){ .fd = t->is_active ? engine_exec_fd(t->exec) : -1,
                                    .want = (short)(POLLIN | (lacks ? POLLOUT : 0)) };
        lacking += lacks;
        *waiting = *waiting || (t->is_active && !lacks);
    }
    return lacking;
}

static int64_t first_stall(const struct import *im, size_t len, int64_t patience_ms)
{
    int64_t first = CLOCK_NEVER;
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active && im->targets[i].offset < len)
            first = clock_earlier(first, im->targets[i].moved_ms + patience_ms);
    return first;
}

static void drop_stalled(struct import *im, size_t len, int64_t patience_ms)
{
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        if (!t->is_active || t->offset >= len || clock_ms() < t->moved_ms + patience_ms)
            continue;
        struct err *e = err_new(RW4003_NODE_FAILED, "node %s takes no more bytes of the image", t->node->name);
        fail(t, err_cause(e, "none for %lld s", (long long)patience_ms / 1000));
    }
}

static void tell_sent(struct import *im)
{
    if (!im->push->on_progress || clock_ms() < im->told_ms + TELL_MS)
        return;
    im->told_ms = clock_ms();
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        struct node_push_progress progress = { .node = t->node, .phase = NODE_PUSH_SENDING, .bytes = t->sent };
        if (t->is_active)
            im->push->on_progress(im->push->ctx, &progress);
    }
}

static void restart_piece(struct import *im)
{
    for (size_t i = 0; i < im->count; i++) {
        im->targets[i].offset = 0;
        im->targets[i].moved_ms = clock_ms();
    }
}

/* One round of poll and what it found. */
static struct err *serve(struct import *im, const char *bytes, size_t len, struct net_poll *set, bool waiting)
{
    struct net_wait wait = im->push->wait;
    int64_t patience_ms = waiting ? NODE_STALL_MS : NODE_SILENCE_MS;
    wait.deadline_ms = clock_earlier(wait.deadline_ms, first_stall(im, len, patience_ms));
    struct err *e = net_poll(set, im->count, wait);
    if (e && err_get_code(e) == RW9007_DEADLINE && clock_ms() < im->push->wait.deadline_ms) {
        err_ignore(e, "a node has stalled; the push goes on without it");
        drop_stalled(im, len, patience_ms);
        return NULL;
    }
    TRY(e);
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active)
            TRY(serve_one(im, &im->targets[i], set[i].got, bytes, len));
    return NULL;
}

static bool any_active(const struct import *im)
{
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active)
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
    return any_active(im) ? NULL : err_new(RW4003_NODE_FAILED, "no node takes the image any more");
}

static struct err *finish_one(struct import *im, struct import_target *t)
{
    bool end = false;
    int exit_code = -1;
    struct err *broken = NULL;
    while (!end && !broken)
        broken = read_words(t, im->push->wait, &end);
    if (broken && !is_ours_to_end(broken)) {
        ended_early(im, t, broken);
        return NULL;
    }
    TRY(broken);
    TRY(engine_exec_wait(t->exec, im->push->wait, &exit_code));
    t->is_active = false;
    t->has_ended = true;
    return exit_code == 0 ? NULL : cri_failed(im->engine, t->node, "import the image", buf_text(&t->says));
}

struct err *import_finish(struct import *im)
{
    for (size_t i = 0; i < im->count; i++)
        if (im->targets[i].is_active) {
            struct err *e = engine_exec_end_input(im->targets[i].exec);
            if (e)
                ended_early(im, &im->targets[i], e);
        }
    for (size_t i = 0; i < im->count; i++) {
        struct import_target *t = &im->targets[i];
        struct err *e = t->is_active ? finish_one(im, t) : NULL;
        if (e && is_ours_to_end(e))
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
        struct err *e = t->exec && !t->has_ended ? engine_exec_kill(t->exec, wait) : NULL;
        t->is_active = false;
        if (!e)
            continue;
        left_behind = true;
        fail(t, err_because(RW4003_NODE_FAILED, e, "an import may still run in node %s", t->node->name));
    }
    return left_behind;
}

void import_release(struct import *im)
{
    for (size_t i = 0; i < im->count; i++) {
        engine_exec_free(im->targets[i].exec);
        im->targets[i].exec = NULL;
        buf_release(&im->targets[i].says);
    }
}
