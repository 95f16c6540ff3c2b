#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tar/tar.h"

enum {
    END_BLOCKS = 1024,    /* two blocks of zeros end an archive */
    END_ZEROS_MAX = 1 << 20 /* bytes of zeros behind the last entry; tar pads to 10 KiB */
};

struct tar_reader {
    struct archive *archive;
    struct err *(*pull)(void *ctx, const void **bytes, size_t *len);
    void *ctx;
    struct err *pull_error; /* owned: what pull answered, while libarchive unwinds */
    uint64_t total;         /* bytes pulled */
    uint64_t zeros;         /* of these, how many at the end are zeros */
    bool has_ended;         /* pull gave its end */
    bool is_broken;
};

static void count_zeros(struct tar_reader *r, const char *bytes, size_t len)
{
    size_t tail = 0;
    while (tail < len && bytes[len - 1 - tail] == 0)
        tail++;
    r->zeros = tail == len ? r->zeros + tail : tail;
    r->total += len;
}

static la_ssize_t next_bytes(struct archive *archive, void *ctx, const void **bytes)
{
    struct tar_reader *r = ctx;
    size_t len = 0;
    if (r->has_ended)
        return 0;
    if (!r->pull_error) /* libarchive may ask once more */
        r->pull_error = r->pull(r->ctx, bytes, &len);
    if (r->pull_error) {
        archive_set_error(archive, EIO, "the stream failed");
        return ARCHIVE_FATAL;
    }
    if (len == 0)
        r->has_ended = true;
    else
        count_zeros(r, *bytes, len);
    return (la_ssize_t)len;
}

/* broken: what to tell when libarchive is not content. */
static struct err *broken(struct tar_reader *r)
{
    r->is_broken = true;
    if (r->pull_error)
        return STEAL(&r->pull_error);
    const char *why = archive_error_string(r->archive);
    return err_cause(err_new(RW4201_IMAGE_STREAM, "the image stream is incomplete or damaged"), "at byte %llu: %s",
                     (unsigned long long)r->total, why ? why : "it is no tar");
}

static struct err *refuse(struct tar_reader *r, const char *why)
{
    r->is_broken = true;
    return err_cause(err_new(RW4201_IMAGE_STREAM, "the image stream is incomplete or damaged"), "%s", why);
}

struct err *tar_reader_new(struct err *(*pull)(void *ctx, const void **bytes, size_t *len), void *ctx,
                           struct tar_reader **out)
{
    AUTO_PTR(tar_reader) r = xcalloc(1, sizeof *r);
    r->pull = pull;
    r->ctx = ctx;
    r->archive = archive_read_new();
    if (!r->archive || archive_read_support_format_tar(r->archive) != ARCHIVE_OK)
        return err_new(RW9005_RESOURCES, "cannot start reading a tar");
    *out = STEAL(&r);
    return NULL;
}

void tar_reader_free(struct tar_reader *r)
{
    if (!r)
        return;
    archive_read_free(r->archive);
    err_free(r->pull_error);
    free(r);
}

/* check_end: libarchive takes a stream that just stops between entries for complete, and looks at
 * nothing behind the first block of zeros. So all bytes behind the last entry must be zeros, and
 * two blocks of them at least: an error text that an engine appends to the tar is found, too. */
static struct err *check_end(struct tar_reader *r)
{
    uint64_t end = (uint64_t)archive_read_header_position(r->archive);
    while (!r->has_ended) {
        const void *bytes;
        if (next_bytes(r->archive, r, &bytes) < 0)
            return broken(r);
        if (r->total - end > END_ZEROS_MAX)
            return refuse(r, "it goes on behind its end");
    }
    if (r->total - end < END_BLOCKS)
        return refuse(r, "it stops before the end of the archive");
    if (r->zeros < r->total - end)
        return refuse(r, "something else than a tar follows in it");
    return NULL;
}

static enum tar_kind kind_of(struct archive_entry *header)
{
    if (archive_entry_hardlink(header))
        return TAR_HARDLINK;
    switch (archive_entry_filetype(header)) {
    case AE_IFREG:
        return TAR_FILE;
    case AE_IFDIR:
        return TAR_DIR;
    case AE_IFLNK:
        return TAR_SYMLINK;
    }
    return TAR_OTHER;
}

static struct err *take_entry(struct tar_reader *r, struct archive_entry *header, struct tar_entry *out)
{
    const char *name = archive_entry_pathname(header);
    const char *link = archive_entry_hardlink(header);
    if (!link)
        link = archive_entry_symlink(header);
    if (!name || !*name || strlen(name) > TAR_NAME_MAX || (link && strlen(link) > TAR_NAME_MAX))
        return refuse(r, "a name in it is missing or longer than 4096 bytes");
    if (archive_entry_sparse_count(header) > 0 || archive_entry_size(header) < 0)
        return refuse(r, "it holds a sparse file or a size below zero");
    enum tar_kind kind = kind_of(header);
    *out = (struct tar_entry){
        .name = name,
        .kind = kind,
        .mode = (uint32_t)archive_entry_perm(header),
        .size = kind == TAR_FILE ? (uint64_t)archive_entry_size(header) : 0,
        .mtime_s = archive_entry_mtime(header),
        .link = link,
    };
    return NULL;
}

/* next_header: opens at the first call, so that a stream that fails at once fails here. */
static int next_header(struct tar_reader *r, struct archive_entry **header)
{
    if (r->total == 0 && !r->has_ended && archive_read_open(r->archive, r, NULL, next_bytes, NULL) != ARCHIVE_OK)
        return ARCHIVE_FATAL;
    return archive_read_next_header(r->archive, header);
}

struct err *tar_read_next(struct tar_reader *r, struct tar_entry *out, bool *out_more)
{
    struct archive_entry *header = NULL;
    if (r->is_broken)
        return refuse(r, "it was given up before");
    int result = next_header(r, &header);
    if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
        return broken(r);
    if (result == ARCHIVE_EOF)
        TRY(check_end(r));
    else
        TRY(take_entry(r, header, out));
    *out_more = result == ARCHIVE_OK;
    return NULL;
}

struct err *tar_read_data(struct tar_reader *r, void *to, size_t room, size_t *out_len)
{
    if (r->is_broken)
        return refuse(r, "it was given up before");
    la_ssize_t len = archive_read_data(r->archive, to, room);
    if (len < 0)
        return broken(r);
    *out_len = (size_t)len;
    return NULL;
}
