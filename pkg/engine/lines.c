#include "engine/lines.h"

#include "base/limits.h"
#include "doc/doc.h"

struct split {
    struct engine_lines *lines;
    struct buf text;
};

static void split_release(struct split *s)
{
    buf_release(&s->text);
}

const char *engine_line_error(const json_t *line)
{
    const char *message = doc_text(line, "/errorDetail/message");
    return message ? message : doc_text(line, "/error");
}

static struct err *take_line(struct engine_lines *lines, const char *text, size_t len)
{
    json_t *parsed = NULL;
    struct err *e = doc_parse_json(text, len, "the engine's answer", &parsed);
    if (e)
        return err_because(RW3106_ENGINE_PROTOCOL, e, "a line of the engine's answer is not JSON");
    DOC_AUTO line = parsed;
    return lines->take(lines->ctx, line);
}

/* A struct http_sink's take. */
static struct err *take_bytes(void *ctx, const void *bytes, size_t len)
{
    struct split *s = ctx;
    const char *line;
    size_t line_len;
    size_t used = 0;
    if (!buf_append(&s->text, bytes, len))
        return err_new(RW3106_ENGINE_PROTOCOL, "a line of the engine's answer is above %u bytes", LIMIT_STREAM_LINE);
    while (buf_line(&s->text, &used, &line, &line_len))
        if (line_len > 0)
            TRY(take_line(s->lines, line, line_len));
    buf_consume(&s->text, used);
    return NULL;
}

struct err *engine_lines_ask(struct engine *e, const struct http_request *request, struct http_response *response,
                             struct engine_lines *lines)
{
    AUTO(split) s = { .lines = lines, .text = BUF_INIT(LIMIT_STREAM_LINE) };
    struct http_sink sink = { take_bytes, &s };
    TRY(engine_failure(e, response, http_stream(e->http, request, sink, response)));
    if (s.text.len == 0)
        return NULL;
    struct err *cut = err_new(RW3104_ENGINE_GONE, "the engine went away in the middle of an answer");
    return err_cause(cut, "the last line is cut after %zu bytes", s.text.len);
}
