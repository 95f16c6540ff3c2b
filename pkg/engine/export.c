#include "engine/export.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "engine/call.h"

enum { ERROR_TAIL = 4096 /* bytes at the end of a stream in which the engine's own error is looked for */ };

struct engine_export {
    struct engine *engine;
    struct http_path path;
    struct http_request request;
    struct http_response answer;
    struct http_body *body;
    struct tar_reader *reader;
    struct buf tail;
};

static void keep_tail(struct engine_export *x, const void *bytes, size_t len)
{
    size_t kept = len < ERROR_TAIL ? len : ERROR_TAIL;
    size_t room = ERROR_TAIL - kept;
    if (x->tail.len > room)
        buf_consume(&x->tail, x->tail.len - room);
    buf_add(&x->tail, (const char *)bytes + (len - kept), kept);
}

/* A tar_reader's pull. */
static struct err *pull(void *ctx, const void **bytes, size_t *len)
{
    struct engine_export *x = ctx;
    TRY(http_body_read(x->body, bytes, len));
    keep_tail(x, *bytes, *len);
    return NULL;
}

/* An engine that fails in the middle writes its error as JSON behind the bytes of the archive. */
static char *engine_words(const struct buf *tail)
{
    for (const char *at = buf_text(tail), *end = at + tail->len; at < end; at++) {
        at = memchr(at, '{', (size_t)(end - at));
        if (!at)
            return NULL;
        size_t len = (size_t)(end - at);
        while (len > 0 && (at[len - 1] == '\n' || at[len - 1] == '\r' || at[len - 1] == '\0'))
            len--;
        json_t *parsed = NULL;
        err_ignore(doc_parse_json(at, len, "the end of the stream", &parsed), "most bytes are no JSON");
        DOC_AUTO tree = parsed;
        const char *message = doc_text(tree, "/errorDetail/message");
        message = message ? message : doc_text(tree, "/message");
        if (message)
            return xstrdup(message);
    }
    return NULL;
}

static struct err *explain(const struct engine_export *x, struct err *inner)
{
    inner = engine_failure(x->engine, &x->answer, inner);
    if (!inner)
        return NULL;
    bool is_stream = err_get_code(inner) == RW4201_IMAGE_STREAM;
    if (err_get_code(inner) == RW3104_ENGINE_GONE) {
        inner = err_because(RW4201_IMAGE_STREAM, inner, "the image that the engine exports is incomplete");
        return err_cause(inner, "the stream ended at byte %llu", (unsigned long long)x->answer.received);
    }
    AUTO_STR words = is_stream ? engine_words(&x->tail) : NULL;
    return words ? err_cause(inner, "the engine said: %s", words) : inner;
}

static struct err *not_exported(const struct http_response *answer, const char *ref)
{
    if (answer->status != 404)
        return engine_refused(answer, "export image %s", ref);
    AUTO_STR says = engine_says(answer);
    struct err *e = err_new(RW4101_IMAGE_NOT_BUILT, "the engine has no image %s", ref);
    return err_cause(e, "%s", says);
}

struct err *engine_export_open(struct engine *e, const char *ref, struct net_wait wait, struct engine_export **out)
{
    AUTO_PTR(engine_export) x = xcalloc(1, sizeof *x);
    x->engine = e;
    x->path = HTTP_PATH_INIT;
    x->tail = BUF_INIT(ERROR_TAIL);
    http_path_fixed(&x->path, "/images");
    http_path_segments(&x->path, ref);
    http_path_fixed(&x->path, "/get");
    x->request = (struct http_request){ .method = "GET", .path = &x->path, .wait = wait };
    TRY(engine_failure(e, &x->answer, http_body_open(e->http, &x->request, &x->answer, &x->body)));
    if (!x->body)
        return not_exported(&x->answer, ref);
    TRY(tar_reader_new(pull, x, &x->reader));
    *out = STEAL(&x);
    return NULL;
}

void engine_export_free(struct engine_export *x)
{
    if (!x)
        return;
    tar_reader_free(x->reader);
    http_body_close(x->body);
    http_response_release(&x->answer);
    http_path_release(&x->path);
    buf_release(&x->tail);
    free(x);
}

struct err *engine_export_next(struct engine_export *x, struct tar_entry *entry, bool *more)
{
    return explain(x, tar_read_next(x->reader, entry, more));
}

struct err *engine_export_read(struct engine_export *x, void *to, size_t room, size_t *len)
{
    return explain(x, tar_read_data(x->reader, to, room, len));
}
