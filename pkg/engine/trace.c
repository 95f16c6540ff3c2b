#include "engine/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "engine/protobuf.h"

enum { STEPS_AT_MOST = 20000 };

enum step_state { STEP_NEW, STEP_RUNS, STEP_ENDED };

struct step {
    char *digest;
    char *name;
    char *error;
    enum step_state state;
    int64_t started_ms;
    struct buf output; /* the last LIMIT_STEP_OUTPUT bytes */
};

struct trace {
    void (*on_event)(void *ctx, const struct engine_build_event *event);
    void *ctx;
    struct step *steps;
    size_t count;
};

/* One vertex message, its texts still inside the message. */
struct vertex {
    char *digest;
    char *name;
    char *error;
    bool cached, started, completed;
    int64_t started_ms, completed_ms;
};

static void vertex_release(struct vertex *v)
{
    free(v->digest);
    free(v->name);
    free(v->error);
}

struct trace *trace_new(void (*on_event)(void *ctx, const struct engine_build_event *event), void *ctx)
{
    struct trace *t = xcalloc(1, sizeof *t);
    t->on_event = on_event;
    t->ctx = ctx;
    return t;
}

void trace_free(struct trace *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        free(t->steps[i].digest);
        free(t->steps[i].name);
        free(t->steps[i].error);
        buf_release(&t->steps[i].output);
    }
    free(t->steps);
    free(t);
}

static char *text_of(const struct pb_field *f)
{
    return f->bytes ? xstrndup((const char *)f->bytes, f->len) : xstrdup("");
}

static void set_text(char **slot, const struct pb_field *f)
{
    free(*slot);
    *slot = text_of(f);
}

/* google.protobuf.Timestamp, in milliseconds. */
static int64_t time_of(const struct pb_field *f)
{
    struct pb m = pb_inner(f);
    struct pb_field part;
    uint64_t seconds = 0;
    uint64_t nanos = 0;
    while (pb_next(&m, &part)) {
        if (part.number == 1)
            seconds = part.value;
        else if (part.number == 2)
            nanos = part.value;
    }
    return (int64_t)((seconds & 0xffffffffffu) * 1000 + (nanos % 1000000000u) / 1000000);
}

static struct step *find_step(struct trace *t, const char *digest)
{
    for (size_t i = t->count; i > 0; i--)
        if (strcmp(t->steps[i - 1].digest, digest) == 0)
            return &t->steps[i - 1];
    return NULL;
}

static struct step *find_or_add_step(struct trace *t, const char *digest)
{
    struct step *found = find_step(t, digest);
    if (found || t->count == STEPS_AT_MOST)
        return found;
    t->steps = xrealloc(t->steps, t->count + 1, sizeof *t->steps);
    struct step *s = &t->steps[t->count++];
    *s = (struct step){ .digest = xstrdup(digest), .name = xstrdup(""), .output = BUF_INIT(LIMIT_STEP_OUTPUT) };
    return s;
}

static void tell(const struct trace *t, const struct step *s, struct engine_build_event event)
{
    event.step = s->digest;
    event.name = s->name;
    if (t->on_event)
        t->on_event(t->ctx, &event);
}

static void begin(struct trace *t, struct step *s, int64_t started_ms)
{
    s->state = STEP_RUNS;
    s->started_ms = started_ms;
    str_set(&s->error, NULL);
    tell(t, s, (struct engine_build_event){ .kind = ENGINE_STEP_STARTED });
}

static void end(struct trace *t, struct step *s, const struct vertex *v)
{
    bool failed = v->error && *v->error;
    int64_t began = s->state == STEP_RUNS ? s->started_ms : v->completed_ms; /* a cached step never ran */
    int64_t elapsed = v->completed_ms > began ? v->completed_ms - began : 0;
    s->state = STEP_ENDED;
    if (failed) {
        str_set(&s->error, v->error);
        tell(t, s, (struct engine_build_event){ .kind = ENGINE_STEP_FAILED, .error = s->error, .elapsed_ms = elapsed });
        return;
    }
    buf_release(&s->output);
    s->output = BUF_INIT(LIMIT_STEP_OUTPUT);
    tell(t, s,
         (struct engine_build_event){ .kind = v->cached ? ENGINE_STEP_CACHED : ENGINE_STEP_DONE,
                                      .elapsed_ms = elapsed });
}

static void apply_vertex(struct trace *t, const struct vertex *v)
{
    struct step *s = v->digest ? find_or_add_step(t, v->digest) : NULL;
    if (!s)
        return;
    if (v->name && *v->name)
        str_set(&s->name, v->name);
    bool goes_on = v->started && !v->completed;
    bool is_news = s->state == STEP_NEW && v->completed;
    if ((goes_on && s->state != STEP_RUNS) || (is_news && !v->cached))
        begin(t, s, v->started_ms);
    if (v->completed && s->state != STEP_ENDED)
        end(t, s, v);
}

static bool take_vertex(struct trace *t, const struct pb_field *message)
{
    AUTO(vertex) v = { 0 };
    struct pb m = pb_inner(message);
    struct pb_field f;
    while (pb_next(&m, &f)) {
        switch (f.number) {
        case 1:
            set_text(&v.digest, &f);
            break;
        case 3:
            set_text(&v.name, &f);
            break;
        case 4:
            v.cached = f.value != 0;
            break;
        case 5:
            v.started = true;
            v.started_ms = time_of(&f);
            break;
        case 6:
            v.completed = true;
            v.completed_ms = time_of(&f);
            break;
        case 7:
            set_text(&v.error, &f);
            break;
        default:
            break;
        }
    }
    apply_vertex(t, &v);
    return !m.is_broken;
}

static bool take_status(struct trace *t, const struct pb_field *message)
{
    struct pb m = pb_inner(message);
    struct pb_field f;
    AUTO_STR item = NULL;
    AUTO_STR digest = NULL;
    struct engine_build_event event = { .kind = ENGINE_STEP_PROGRESS };
    while (pb_next(&m, &f)) {
        if (f.number == 1)
            set_text(&item, &f);
        else if (f.number == 2)
            set_text(&digest, &f);
        else if (f.number == 4)
            event.current = (int64_t)f.value;
        else if (f.number == 5)
            event.total = (int64_t)f.value;
    }
    const struct step *s = digest ? find_step(t, digest) : NULL;
    event.item = item;
    if (s && item)
        tell(t, s, event);
    return !m.is_broken;
}

/* Only the end of a step's output is kept: half is dropped whenever the buffer is full. */
static void keep_output(struct buf *kept, const unsigned char *bytes, size_t len)
{
    if (len > kept->max / 2) {
        bytes += len - kept->max / 2;
        len = kept->max / 2;
    }
    if (kept->len + len > kept->max)
        buf_consume(kept, kept->len - kept->max / 2);
    buf_add(kept, bytes, len);
}

static bool take_log(struct trace *t, const struct pb_field *message)
{
    enum { STDERR_STREAM = 2 };
    struct pb m = pb_inner(message);
    struct pb_field f;
    struct pb_field said = { 0 };
    AUTO_STR digest = NULL;
    bool is_stderr = false;
    while (pb_next(&m, &f)) {
        if (f.number == 1)
            set_text(&digest, &f);
        else if (f.number == 3)
            is_stderr = f.value == STDERR_STREAM;
        else if (f.number == 4)
            said = f;
    }
    struct step *s = digest ? find_step(t, digest) : NULL;
    if (s && said.len > 0) {
        keep_output(&s->output, said.bytes, said.len);
        tell(t, s,
             (struct engine_build_event){ .kind = ENGINE_STEP_OUTPUT,
                                          .output = (const char *)said.bytes,
                                          .output_len = said.len,
                                          .is_stderr = is_stderr });
    }
    return !m.is_broken;
}

static bool take_warning(struct trace *t, const struct pb_field *message)
{
    struct pb m = pb_inner(message);
    struct pb_field f;
    AUTO_STR digest = NULL;
    AUTO_STR text = NULL;
    while (pb_next(&m, &f)) {
        if (f.number == 1)
            set_text(&digest, &f);
        else if (f.number == 3)
            set_text(&text, &f);
    }
    const struct step *s = digest ? find_step(t, digest) : NULL;
    if (s && text)
        tell(t, s, (struct engine_build_event){ .kind = ENGINE_STEP_WARNING, .error = text });
    return !m.is_broken;
}

static bool take_message(struct trace *t, const void *bytes, size_t len)
{
    struct pb m = pb_open(bytes, len);
    struct pb_field f;
    bool ok = true;
    while (ok && pb_next(&m, &f)) {
        switch (f.number) {
        case 1:
            ok = take_vertex(t, &f);
            break;
        case 2:
            ok = take_status(t, &f);
            break;
        case 3:
            ok = take_log(t, &f);
            break;
        case 4:
            ok = take_warning(t, &f);
            break;
        default:
            break;
        }
    }
    return ok && !m.is_broken;
}

struct err *trace_take(struct trace *t, const char *base64)
{
    AUTO(buf) bytes = BUF_INIT(LIMIT_STREAM_LINE);
    if (!base64_decode(base64, &bytes))
        return err_new(RW3106_ENGINE_PROTOCOL, "a progress message of the engine is not base64");
    if (!take_message(t, bytes.bytes, bytes.len))
        return err_new(RW3106_ENGINE_PROTOCOL, "a progress message of the engine is damaged");
    return NULL;
}

bool trace_failed(const struct trace *t, struct trace_failure *out)
{
    const struct step *found = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const struct step *s = &t->steps[i];
        if (s->error && (!found || !strstr(s->error, "context canceled")))
            found = s;
    }
    if (!found)
        return false;
    *out = (struct trace_failure){ found->name, found->error, &found->output };
    return true;
}

const char *trace_running(const struct trace *t)
{
    for (size_t i = t->count; i > 0; i--)
        if (t->steps[i - 1].state == STEP_RUNS && *t->steps[i - 1].name)
            return t->steps[i - 1].name;
    return NULL;
}
