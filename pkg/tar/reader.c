#include <stdlib.h>
#include <string.h>

#include "tar/header.h"
#include "tar/tar.h"

enum {
    PAX_MAX = 1 << 20,      /* bytes of a pax header; archive/tar of Go takes as many */
    END_ZEROS_MAX = 1 << 20 /* bytes of zeros behind the end blocks; tar pads to 10 KiB */
};

struct tar_reader {
    struct err *(*pull)(void *ctx, const void **bytes, size_t *len);
    void *ctx;
    const char *chunk; /* what pull gave and is not used yet */
    size_t chunk_len;
    uint64_t offset;  /* of the chunk in the stream */
    uint64_t left;    /* bytes of this entry that have not been read */
    uint64_t padding; /* behind them */
    char *name;       /* of this entry */
    char *link;
    bool has_ended; /* the end blocks were there and all behind them is fine */
    bool is_broken;
};

struct err *tar_reader_new(struct err *(*pull)(void *ctx, const void **bytes, size_t *len), void *ctx,
                           struct tar_reader **out)
{
    struct tar_reader *r = xcalloc(1, sizeof *r);
    r->pull = pull;
    r->ctx = ctx;
    *out = r;
    return NULL;
}

void tar_reader_free(struct tar_reader *r)
{
    if (!r)
        return;
    free(r->name);
    free(r->link);
    free(r);
}

static struct err *refuse(const struct tar_reader *r, const char *why)
{
    return err_cause(err_new(RW4201_IMAGE_STREAM, "the image stream is incomplete or damaged"), "at byte %llu: %s",
                     (unsigned long long)r->offset, why);
}

/* more: at least one byte in the chunk, unless the stream has ended. */
static struct err *more(struct tar_reader *r, bool *has_ended)
{
    const void *bytes = NULL;
    if (r->chunk_len == 0) {
        size_t len = 0;
        TRY(r->pull(r->ctx, &bytes, &len));
        r->chunk = bytes;
        r->chunk_len = len;
    }
    *has_ended = r->chunk_len == 0;
    return NULL;
}

/* take: the next bytes, at most len and at least one, copied unless `to` is NULL. */
static struct err *take(struct tar_reader *r, char *to, uint64_t len, size_t *out_len)
{
    bool has_ended;
    TRY(more(r, &has_ended));
    if (has_ended)
        return refuse(r, "it stops in the middle of an archive");
    size_t some = len < r->chunk_len ? (size_t)len : r->chunk_len;
    if (to)
        memcpy(to, r->chunk, some);
    r->chunk += some;
    r->chunk_len -= some;
    r->offset += some;
    *out_len = some;
    return NULL;
}

/* take_all: exactly len bytes. */
static struct err *take_all(struct tar_reader *r, char *to, uint64_t len)
{
    while (len > 0) {
        size_t some = 0;
        TRY(take(r, to, len, &some));
        to = to ? to + some : NULL;
        len -= some;
    }
    return NULL;
}

static uint64_t padding_of(uint64_t size)
{
    return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

static bool is_zeros(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == '\0' && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* read_end: one end block has been read: another one must follow, and then nothing but zeros. An
 * engine that fails half-way appends its error as JSON to the tar (moby image_routes.go). */
static struct err *read_end(struct tar_reader *r)
{
    char block[TAR_BLOCK];
    TRY(take_all(r, block, sizeof block));
    if (!is_zeros(block, sizeof block))
        return refuse(r, "it goes on behind the end of the archive");
    uint64_t end = r->offset;
    for (;;) {
        TRY(more(r, &r->has_ended));
        if (r->has_ended)
            return NULL;
        if (!is_zeros(r->chunk, r->chunk_len) || r->offset + r->chunk_len - end > END_ZEROS_MAX)
            return refuse(r, "it goes on behind the end of the archive");
        r->offset += r->chunk_len;
        r->chunk_len = 0;
    }
}

/* read_body: what follows a header that speaks about the next entry. */
static struct err *read_body(struct tar_reader *r, const struct header *h, struct buf *out)
{
    if (h->size == 0 || h->size > (h->type == HEADER_PAX ? PAX_MAX : TAR_NAME_MAX + 1))
        return refuse(r, "an extended header or a name is empty or too long");
    size_t total = (size_t)(h->size + padding_of(h->size));
    AUTO_STR bytes = xcalloc(total, 1);
    TRY(take_all(r, bytes, total));
    buf_add(out, bytes, (size_t)h->size);
    return NULL;
}

/* read_extra: one header that speaks about the next entry. A pax header stands alone; GNU's two
 * come once each. */
static struct err *read_extra(struct tar_reader *r, const struct header *h, struct header_extra *x)
{
    AUTO(buf) body = BUF_INIT(PAX_MAX);
    char **slot = h->type == HEADER_LONG_NAME ? &x->name : &x->link;
    TRY(read_body(r, h, &body));
    if (x->is_pax || (h->type == HEADER_PAX ? x->name || x->link : *slot != NULL))
        return refuse(r, "several extended headers for one entry");
    if (h->type == HEADER_PAX) {
        const char *refused = header_parse_pax(buf_text(&body), body.len, x);
        x->is_pax = true;
        return refused ? refuse(r, refused) : NULL;
    }
    if (strlen(buf_text(&body)) + 1 < body.len)
        return refuse(r, "a long name holds a NUL");
    *slot = xstrdup(buf_text(&body));
    return NULL;
}

static struct err *take_entry(struct tar_reader *r, const struct header *h, struct header_extra *x,
                              struct tar_entry *out)
{
    bool is_link = h->kind == TAR_SYMLINK || h->kind == TAR_HARDLINK;
    uint64_t size = x->has_size ? x->size : h->size;
    str_set(&r->name, x->name ? x->name : h->name);
    str_set(&r->link, x->link ? x->link : h->link);
    if (!*r->name || strlen(r->name) > TAR_NAME_MAX || strlen(r->link) > TAR_NAME_MAX)
        return refuse(r, "a name is missing or longer than 4096 bytes");
    if (h->kind == TAR_FILE ? str_ends(r->name, "/") : size > 0)
        return refuse(r, "a file with the name of a directory, or something else than a file with a size");
    if (is_link && !*r->link)
        return refuse(r, "a link without a target");
    r->left = size;
    r->padding = padding_of(size);
    *out = (struct tar_entry){ .name = r->name, .kind = h->kind, .size = size, .link = is_link ? r->link : NULL };
    return NULL;
}

static struct err *read_next(struct tar_reader *r, struct tar_entry *out)
{
    AUTO(header_extra) extra = { 0 };
    TRY(take_all(r, NULL, r->left));
    TRY(take_all(r, NULL, r->padding));
    r->left = r->padding = 0;
    for (;;) {
        char block[TAR_BLOCK];
        struct header h;
        TRY(take_all(r, block, sizeof block));
        bool is_first = !extra.is_pax && !extra.name && !extra.link;
        if (is_first && is_zeros(block, sizeof block))
            return read_end(r);
        const char *refused = header_parse(block, &h);
        if (refused)
            return refuse(r, refused);
        if (h.type == HEADER_ENTRY)
            return take_entry(r, &h, &extra, out);
        TRY(read_extra(r, &h, &extra));
    }
}

struct err *tar_read_next(struct tar_reader *r, struct tar_entry *out, bool *out_more)
{
    struct tar_entry entry;
    if (r->is_broken)
        return refuse(r, "it was given up before");
    struct err *e = r->has_ended ? NULL : read_next(r, &entry);
    r->is_broken = e != NULL;
    if (e)
        return e;
    if (!r->has_ended)
        *out = entry;
    *out_more = !r->has_ended;
    return NULL;
}

struct err *tar_read_data(struct tar_reader *r, void *to, size_t room, size_t *out_len)
{
    if (r->is_broken)
        return refuse(r, "it was given up before");
    size_t len = 0;
    if (r->left > 0 && room > 0) {
        struct err *e = take(r, to, r->left < room ? r->left : room, &len);
        r->is_broken = e != NULL;
        if (e)
            return e;
    }
    r->left -= len;
    *out_len = len;
    return NULL;
}
