#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "doc/doc.h"
#include "engine/call.h"
#include "engine/image.h"
#include "tar/tar.h"

enum {
    MANIFEST_BYTES = 4 * 1024 * 1024, /* of manifest.json: an image has at most 127 layers */
    READ_PIECE = 64 * 1024,
    ERROR_TAIL = 4096 /* bytes at the end of a stream in which the engine's own error is looked for */
};

/* The archive on its way: the tar reader pulls, and a piece goes to the sink only when the reader
 * wants the one behind it, that is when it has found nothing wrong in it. */
struct passing {
    struct http_body *body;
    struct tar_reader *reader;
    struct http_sink sink;
    struct buf held;
    struct buf next; /* what came last: the sink may ask the engine, and the bytes given to us end then */
    struct buf tail;
    uint64_t bytes;
};

static void passing_release(struct passing *p)
{
    http_body_close(p->body);
    buf_release(&p->held);
    buf_release(&p->next);
    buf_release(&p->tail);
}

static void keep_tail(struct passing *p, const void *bytes, size_t len)
{
    size_t kept = len < ERROR_TAIL ? len : ERROR_TAIL;
    size_t room = ERROR_TAIL - kept;
    if (p->tail.len > room)
        buf_consume(&p->tail, p->tail.len - room);
    buf_add(&p->tail, (const char *)bytes + (len - kept), kept);
}

static struct err *hand_on(struct passing *p)
{
    TRY(p->sink.take(p->sink.ctx, p->held.bytes, p->held.len));
    p->bytes += p->held.len;
    buf_truncate(&p->held, 0);
    return NULL;
}

static struct err *unusable(const char *why)
{
    struct err *e = err_new(RW4201_IMAGE_STREAM, "the image that the engine exports cannot be used");
    return err_cause(e, "%s", why);
}

/* A tar_reader's pull. */
static struct err *pull(void *ctx, const void **bytes, size_t *len)
{
    struct passing *p = ctx;
    const void *came = NULL;
    TRY(http_body_read(p->body, &came, len));
    *bytes = NULL;
    if (*len == 0) /* the last piece is held until the reader has seen what it ends with */
        return NULL;
    keep_tail(p, came, *len);
    if (tar_is_ending(p->reader)) { /* the end is handed on when nothing but zeros is behind it */
        size_t held = p->held.len;
        if (!buf_append(&p->held, came, *len))
            return unusable("it goes on behind the end of the archive");
        *bytes = p->held.bytes + held;
        return NULL;
    }
    buf_add(&p->next, came, *len);
    if (p->held.len > 0)
        TRY(hand_on(p));
    struct buf empty = p->held;
    p->held = p->next;
    p->next = empty;
    *bytes = p->held.bytes;
    return NULL;
}

/* The config's digest out of "<hex>.json" (before Docker 25) or "blobs/sha256/<hex>". */
static char *digest_of_config(const char *name)
{
    enum { HEX = 64 };
    static const char blobs[] = "blobs/sha256/";
    const char *hex = name && str_starts(name, blobs) ? name + strlen(blobs) : name;
    if (!hex || strspn(hex, "0123456789abcdef") != HEX || (hex[HEX] && strcmp(hex + HEX, ".json") != 0))
        return NULL;
    return xasprintf("sha256:%.*s", HEX, hex);
}

static struct err *read_manifest(struct tar_reader *reader, uint64_t size, const char *want, char **config_digest)
{
    if (size > MANIFEST_BYTES)
        return unusable("its manifest.json is too large");
    AUTO(buf) text = BUF_INIT(MANIFEST_BYTES);
    size_t len = 1;
    char piece[READ_PIECE];
    while (len > 0) {
        TRY(tar_read_data(reader, piece, sizeof piece, &len));
        if (!buf_append(&text, piece, len))
            return unusable("its manifest.json is too large");
    }
    json_t *parsed = NULL;
    struct err *e = doc_parse_json(buf_text(&text), text.len, "manifest.json", &parsed);
    if (e)
        return err_because(RW4201_IMAGE_STREAM, e, "the image that the engine exports cannot be used");
    DOC_AUTO manifest = parsed;
    char *digest = doc_count(manifest) == 1 ? digest_of_config(doc_text(manifest, "/0/Config")) : NULL;
    if (!digest)
        return unusable("its manifest.json does not name one image with its configuration");
    str_set(config_digest, digest);
    free(digest);
    if (!want || strcmp(want, *config_digest) == 0)
        return NULL;
    struct err *other = err_new(RW4202_IMAGE_MISMATCH, "the engine exports another image than was asked for");
    return err_cause(other, "expected %s, got %s: was it built again meanwhile?", want, *config_digest);
}

static struct err *read_archive(struct passing *p, const char *want, char **config_digest)
{
    AUTO_PTR(tar_reader) reader = NULL;
    TRY(tar_reader_new(pull, p, &reader));
    p->reader = reader;
    struct tar_entry entry = { 0 };
    for (;;) {
        bool more = false;
        TRY(tar_read_next(reader, &entry, &more));
        if (!more)
            break;
        if (entry.kind == TAR_FILE && strcmp(entry.name, "manifest.json") == 0)
            TRY(read_manifest(reader, entry.size, want, config_digest));
    }
    if (!*config_digest)
        return unusable("it has no manifest.json");
    return p->held.len > 0 ? hand_on(p) : NULL;
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

static struct err *not_exported(const struct http_response *answer, const char *ref)
{
    if (answer->status != 404)
        return engine_refused(answer, "export image %s", ref);
    AUTO_STR says = engine_says(answer);
    struct err *e = err_new(RW4101_IMAGE_NOT_BUILT, "the engine has no image %s", ref);
    return err_cause(e, "%s", says);
}

static struct err *explain(const struct engine *e, const struct http_response *answer, const struct passing *p,
                           struct err *inner)
{
    inner = engine_failure(e, answer, inner);
    if (!inner)
        return NULL;
    bool is_stream = err_get_code(inner) == RW4201_IMAGE_STREAM;
    if (err_get_code(inner) == RW3104_ENGINE_GONE) {
        inner = err_because(RW4201_IMAGE_STREAM, inner, "the image that the engine exports is incomplete");
        return err_cause(inner, "the stream ended at byte %llu", (unsigned long long)answer->received);
    }
    AUTO_STR words = is_stream ? engine_words(&p->tail) : NULL;
    return words ? err_cause(inner, "the engine said: %s", words) : inner;
}

struct err *engine_image_export(struct engine *e, const char *ref, const char *want_config, struct net_wait wait,
                                struct http_sink sink, struct engine_export *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    AUTO(passing)
    p = { .sink = sink,
          .held = BUF_INIT(LIMIT_STREAM_LINE),
          .next = BUF_INIT(LIMIT_STREAM_LINE),
          .tail = BUF_INIT(ERROR_TAIL) };
    AUTO_STR config_digest = NULL;
    http_path_fixed(&path, "/images");
    http_path_segments(&path, ref);
    http_path_fixed(&path, "/get");
    struct http_request request = { .method = "GET", .path = &path, .wait = wait };
    TRY(engine_failure(e, &answer, http_body_open(e->http, &request, &answer, &p.body)));
    if (!p.body)
        return not_exported(&answer, ref);
    TRY(explain(e, &answer, &p, read_archive(&p, want_config, &config_digest)));
    *out = (struct engine_export){ .bytes = p.bytes, .config_digest = STEAL(&config_digest) };
    return NULL;
}
