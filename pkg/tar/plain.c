#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "tar/tar.h"

struct tar_plain {
    struct err *(*pull)(void *ctx, const void **bytes, size_t *len);
    void *ctx;
    struct archive *archive;
    struct err *failed; /* by pull, to be returned by the read that met it */
    bool is_open;
};

static la_ssize_t read_more(struct archive *archive, void *ctx, const void **bytes)
{
    struct tar_plain *p = ctx;
    size_t len = 0;
    (void)archive;
    if (!p->failed)
        p->failed = p->pull(p->ctx, bytes, &len);
    return p->failed ? -1 : (la_ssize_t)len;
}

static struct err *damaged(struct tar_plain *p)
{
    if (p->failed)
        return STEAL(&p->failed);
    const char *why = archive_error_string(p->archive);
    return err_cause(err_new(RW4201_IMAGE_STREAM, "a layer of the image cannot be unpacked"), "%s",
                     why ? why : "libarchive gives no reason");
}

struct err *tar_plain_new(struct err *(*pull)(void *ctx, const void **bytes, size_t *len), void *ctx,
                          struct tar_plain **out)
{
    AUTO_PTR(tar_plain) p = xcalloc(1, sizeof *p);
    p->pull = pull;
    p->ctx = ctx;
    p->archive = archive_read_new();
    if (!p->archive || archive_read_support_filter_gzip(p->archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(p->archive) != ARCHIVE_OK ||
        archive_read_support_format_raw(p->archive) != ARCHIVE_OK)
        return err_new(RW9005_RESOURCES, "cannot start to unpack a layer");
    *out = STEAL(&p);
    return NULL;
}

/* libarchive looks at the first bytes when it opens, so that comes with the first read. */
static struct err *open_stream(struct tar_plain *p)
{
    struct archive_entry *entry = NULL;
    if (archive_read_open(p->archive, p, NULL, read_more, NULL) != ARCHIVE_OK ||
        archive_read_next_header(p->archive, &entry) != ARCHIVE_OK)
        return damaged(p);
    p->is_open = true;
    return NULL;
}

struct err *tar_plain_read(void *plain, const void **bytes, size_t *len)
{
    struct tar_plain *p = plain;
    la_int64_t offset = 0;
    int result;
    if (!p->is_open)
        TRY(open_stream(p));
    do
        result = archive_read_data_block(p->archive, bytes, len, &offset);
    while (result == ARCHIVE_OK && *len == 0);
    if (result == ARCHIVE_OK)
        return NULL;
    *len = 0;
    return result == ARCHIVE_EOF ? NULL : damaged(p);
}

void tar_plain_free(struct tar_plain *p)
{
    if (!p)
        return;
    archive_read_free(p->archive);
    err_free(p->failed);
    free(p);
}
