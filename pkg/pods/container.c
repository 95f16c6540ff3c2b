#include "pods/container.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    PAUSE_MS = 250, /* before a log is opened again, doubling; the status follows an end within a second or so */
    LONGEST_PAUSE_MS = 4000,
    FAILURES_MAX = 7 /* broken one behind the other, about 16 s: then it is told */
};

static const int64_t SECOND_NS = 1000000000;

struct container *container_new(struct kube_client *c, const struct log_follow *how, const struct pod_root *root,
                                const json_t *pod, const char *name)
{
    struct container *new = xcalloc(1, sizeof *new);
    *new = (struct container){
        .client = c,
        .how = how,
        .root = root,
        .pod_uid = xstrdup(doc_text(pod, "/metadata/uid")),
        .pod = xstrdup(doc_text(pod, "/metadata/name")),
        .name = xstrdup(name),
        .tail = -1,
    };
    return new;
}

void container_free(struct container *c, struct merge *m)
{
    if (!c)
        return;
    merge_remove(m, &c->source);
    kube_log_close(c->log);
    log_resume_release(&c->resume);
    log_resume_release(&c->before);
    err_free(c->reason);
    free(c->pod_uid);
    free(c->pod);
    free(c->name);
    free(c);
}

/* ---------------------------------------------------------------- what comes */

/* The time in front of a line; the last one's where there is none. */
static int64_t time_of(const struct container *c, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    AUTO_STR stamp = xstrndup(line, space ? (size_t)(space - line) : len);
    int64_t ns;
    return clock_parse_ns(stamp, &ns) ? ns : c->into->newest_ns;
}

static void on_line(void *ctx, const char *line, size_t len, bool cut)
{
    struct container *c = ctx;
    int64_t time_ns = time_of(c, line, len);
    if (!log_resume_take(c->into, time_ns))
        return;
    c->failures = 0;
    int64_t age_ms = clock_wall_s() * 1000 - time_ns / 1000000;
    merge_put(&c->source, clock_ms(), age_ms,
              &(struct merge_line){ .time_ns = time_ns, .tag = c, .len = len, .cut = cut }, line);
    c->held = merge_is_full(&c->source);
    if (c->held)
        kube_log_hold(c->log, true);
}

static void on_end(void *ctx, enum kube_log_end end, struct err *reason)
{
    struct container *c = ctx;
    c->ended = true;
    c->end = end;
    c->reason = reason;
}

void container_taken(struct container *c)
{
    if (!c->held || c->source.bytes > MERGE_QUEUE_BYTES / 2)
        return;
    c->held = false;
    kube_log_hold(c->log, false);
}

/* ---------------------------------------------------------------- marks */

static void add_mark(struct container *c, const char *text)
{
    int64_t now_ms = clock_ms();
    struct merge_line mark = { .time_ns = c->resume.newest_ns, .tag = c, .len = strlen(text), .mark = true };
    if (c->how->follow)
        merge_put(&c->source, now_ms, INT32_MAX, &mark, text);
}

static void mark_end(struct container *c)
{
    int64_t instance = c->reading.instance;
    const json_t *end = instance == c->now.current ? c->now.end : c->now.previous_end;
    const char *reason = doc_text(end, "/reason");
    bool told = reason && strcmp(reason, "Error") != 0 && strcmp(reason, "Completed") != 0;
    AUTO_STR text = xasprintf("ended with exit %" PRId64 "%s%s", doc_i64(end, "/exitCode", -1), told ? ", " : "",
                              told ? reason : "");
    if (end)
        add_mark(c, text);
}

static void mark_start(struct container *c, const struct log_reading *r)
{
    if (r->lost) {
        AUTO_STR text =
            xasprintf("the output of %" PRId64 " instance%s before is gone", r->lost, r->lost == 1 ? "" : "s");
        add_mark(c, text);
    }
    if (r->instance > 0 && c->read && r->instance != c->reading.instance) {
        AUTO_STR text = xasprintf("restart %" PRId64, r->instance);
        add_mark(c, text);
    }
}

/* ---------------------------------------------------------------- one reading after the other */

static void wait_a_while(struct container *c)
{
    int64_t pause_ms = PAUSE_MS << (c->failures < 5 ? c->failures : 5);
    c->failures++;
    c->open_at_ms = clock_after(pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS);
}

static struct err *take_break(struct container *c)
{
    wait_a_while(c);
    if (c->failures == FAILURES_MAX && !c->how->follow)
        return STEAL(&c->reason);
    if (c->failures == FAILURES_MAX) {
        AUTO_STR words = err_words(c->reason);
        add_mark(c, words);
    }
    return NULL;
}

/* A reading that ended by itself has brought all of an instance that had ended before. */
static void take_end(struct container *c)
{
    if (!c->how->follow || c->how->previous) {
        c->finished = true;
    } else if (c->reading.last) {
        c->done = c->reading.instance + 1;
        mark_end(c);
    } else {
        wait_a_while(c);
    }
}

static struct err *close_ended(struct container *c)
{
    kube_log_close(c->log);
    c->log = NULL;
    c->ended = c->held = false;
    merge_close(&c->source);
    struct err *e = NULL;
    if (c->end == KUBE_LOG_BROKEN)
        e = take_break(c);
    else
        take_end(c);
    err_free(c->reason);
    c->reason = NULL;
    return e;
}

/* Has the instance that is now the one before ended before the newest line was written? */
static bool was_of_next(const struct container *c)
{
    const char *finished = doc_text(c->now.previous_end, "/finishedAt");
    int64_t finished_s;
    return finished && clock_parse_rfc3339(finished, &finished_s) && c->resume.newest_ns / SECOND_NS > finished_s;
}

static void choose_resume(struct container *c, const struct log_reading *r)
{
    bool earlier = r->what == LOG_NEXT_PREVIOUS && was_of_next(c);
    c->into = earlier ? &c->before : &c->resume;
    if (!earlier) {
        log_resume_release(&c->before);
        log_resume_copy(&c->resume, &c->before);
    }
    log_resume_begin(c->into);
}

static struct err *open_log(struct container *c, struct merge *m, const struct log_reading *r)
{
    choose_resume(c, r);
    int64_t since_s = log_resume_since(c->into);
    struct kube_log_query query = {
        .namespace = c->root->id.namespace,
        .pod = c->pod,
        .container = c->name,
        .follow = c->how->follow && !c->how->previous && r->what == LOG_NEXT_CURRENT,
        .previous = c->how->previous || r->what == LOG_NEXT_PREVIOUS,
        .since_s = since_s ? since_s : c->how->since_s,
        .tail = since_s ? -1 : c->tail,
    };
    merge_open(m, &c->source, clock_ms());
    mark_start(c, r);
    c->reading = *r;
    c->read++;
    return kube_log_open(c->client, &query, (struct kube_log_taker){ on_line, on_end, c }, &c->log);
}

struct err *container_step(struct container *c, struct merge *m, int64_t *next_ms)
{
    if (c->log && !c->ended)
        return NULL;
    if (c->log)
        TRY(close_ended(c));
    if (c->gone || c->finished)
        return NULL;
    if (clock_ms() < c->open_at_ms) {
        *next_ms = clock_earlier(*next_ms, c->open_at_ms);
        return NULL;
    }
    struct log_reading reading = log_next(&c->now, c->done);
    if (reading.what != LOG_NEXT_NOTHING)
        return open_log(c, m, &reading);
    c->finished = !c->how->follow;
    return NULL;
}

bool container_is_over(const struct container *c)
{
    return !c->log && !c->source.first && (c->finished || c->gone);
}

bool container_is_read(const struct container *c)
{
    bool has_ended = c->gone || (c->final && log_next(&c->now, c->done).what == LOG_NEXT_NOTHING);
    return !c->log && !c->source.first && has_ended;
}
