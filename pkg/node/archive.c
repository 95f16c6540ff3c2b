#include "node/archive.h"

#include <stdlib.h>
#include <string.h>

#include "tar/tar.h"

enum { PIECE = 64 * 1024 };

struct archive_writer {
    struct import *import;
    struct tar_writer *tar;
    struct buf sink;
};

struct err *archive_writer_new(struct import *im, struct archive_writer **out)
{
    AUTO_PTR(archive_writer) a = xcalloc(1, sizeof *a);
    a->import = im;
    a->sink = BUF_INIT(PIECE + TAR_HEAD_ROOM);
    TRY(tar_writer_new(&a->sink, &a->tar));
    *out = STEAL(&a);
    return NULL;
}

void archive_writer_free(struct archive_writer *a)
{
    if (!a)
        return;
    tar_writer_free(a->tar);
    buf_release(&a->sink);
    free(a);
}

static struct err *flush(struct archive_writer *a)
{
    struct err *e = a->sink.len > 0 ? import_take(a->import, a->sink.bytes, a->sink.len) : NULL;
    buf_truncate(&a->sink, 0);
    return e;
}

struct err *archive_begin(struct archive_writer *a, const char *name, uint64_t size)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = size };
    TRY(tar_add_entry(a->tar, &entry));
    return flush(a);
}

struct err *archive_begin_blob(struct archive_writer *a, const char *digest, uint64_t size)
{
    AUTO_STR name = xasprintf("blobs/sha256/%s", digest + strlen("sha256:"));
    return archive_begin(a, name, size);
}

struct err *archive_add(struct archive_writer *a, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        size_t piece = len < PIECE ? len : PIECE;
        TRY(tar_add_data(a->tar, at, piece));
        TRY(flush(a));
        at += piece;
        len -= piece;
    }
    return NULL;
}

struct err *archive_add_text(struct archive_writer *a, const char *name, const char *text)
{
    TRY(archive_begin(a, name, strlen(text)));
    return archive_add(a, text, strlen(text));
}

struct err *archive_finish(struct archive_writer *a)
{
    TRY(tar_finish(a->tar));
    return flush(a);
}
