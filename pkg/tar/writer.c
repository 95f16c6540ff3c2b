#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tar/tar.h"

/* Two writers of libarchive share the sink, one entry at a time: its pax writer cannot be told to
 * take names as bytes and still to leave out the extended header where plain ustar suffices. */
struct tar_writer {
    struct archive *ustar;
    struct archive *pax;
    struct archive *current; /* of these, the one that wrote the last header; NULL before the first */
    struct buf *sink;
    uint64_t missing; /* bytes of the file begun last that have not come */
    char *name;       /* its name */
    bool is_closed;   /* finished, or an error was given: nothing more is written */
    bool is_layer;
};

static la_ssize_t append(struct archive *archive, void *ctx, const void *bytes, size_t len)
{
    struct tar_writer *w = ctx;
    (void)archive;
    if (!w->is_closed)
        buf_add(w->sink, bytes, len);
    return (la_ssize_t)len;
}

/* checked: libarchive's refusal as an error. */
static struct err *checked(struct tar_writer *w, struct archive *archive, int result, const char *name)
{
    if (result == ARCHIVE_OK)
        return NULL;
    w->is_closed = true;
    const char *why = archive_error_string(archive);
    return err_cause(err_new(RW2003_CONTEXT_UNREADABLE, "cannot put %s into a tar", name), "%s",
                     why ? why : "libarchive gives no reason");
}

/* begin: an archive whose bytes go to the sink as they come, unblocked. */
static struct err *begin(struct tar_writer *w, int (*set_format)(struct archive *), struct archive **out)
{
    struct archive *archive = *out = archive_write_new();
    if (!archive)
        return err_new(RW9005_RESOURCES, "cannot start a tar");
    TRY(checked(w, archive, set_format(archive), "a header"));
    TRY(checked(w, archive, archive_write_set_bytes_per_block(archive, 0), "a header"));
    if (set_format == archive_write_set_format_pax_restricted) /* names are bytes, whatever the locale */
        TRY(checked(w, archive, archive_write_set_format_option(archive, "pax", "hdrcharset", "BINARY"), "a header"));
    return checked(w, archive, archive_write_open(archive, w, NULL, append, NULL), "a header");
}

struct err *tar_writer_new(struct buf *sink, struct tar_writer **out)
{
    AUTO_PTR(tar_writer) w = xcalloc(1, sizeof *w);
    w->sink = sink;
    TRY(begin(w, archive_write_set_format_ustar, &w->ustar));
    TRY(begin(w, archive_write_set_format_pax_restricted, &w->pax));
    *out = STEAL(&w);
    return NULL;
}

struct err *tar_layer_writer_new(struct buf *sink, struct tar_writer **out)
{
    TRY(tar_writer_new(sink, out));
    (*out)->is_layer = true;
    return NULL;
}

void tar_writer_free(struct tar_writer *w)
{
    if (!w)
        return;
    w->is_closed = true; /* freeing writes the end blocks, which would make this look whole */
    archive_write_free(w->ustar);
    archive_write_free(w->pax);
    free(w->name);
    free(w);
}

/* has_parent_part: one of the name's parts is "..". */
static bool has_parent_part(const char *name)
{
    for (const char *s = name; *s; s += *s == '/') {
        size_t len = strcspn(s, "/");
        if (len == 2 && memcmp(s, "..", 2) == 0)
            return true;
        s += len;
    }
    return false;
}

static const char *name_fault(const char *name)
{
    if (!name || !*name)
        return "it has no name";
    if (strlen(name) > TAR_NAME_MAX)
        return "the name is longer than 4096 bytes";
    if (*name == '/')
        return "the name is absolute";
    return has_parent_part(name) ? "the name leads out by \"..\"" : NULL;
}

/* check_entry: names go into a tar only where no reader can be led out of its directory by them.
 * A symbolic link's target may be anything: it is not followed here. */
static struct err *check_entry(const struct tar_entry *entry, bool is_layer)
{
    bool is_special = entry->kind == TAR_FIFO || entry->kind == TAR_CHAR_DEVICE || entry->kind == TAR_BLOCK_DEVICE;
    const char *fault = name_fault(entry->name);
    if (!fault && entry->kind == TAR_HARDLINK)
        fault = name_fault(entry->link);
    if (!fault && entry->kind == TAR_SYMLINK && (!entry->link || !*entry->link || strlen(entry->link) > TAR_NAME_MAX))
        fault = "its target is empty or longer than 4096 bytes";
    if (!fault && (entry->kind == TAR_OTHER || (is_special && !is_layer)))
        fault = "it is neither a file, a directory nor a link";
    if (!fault && entry->size > INT64_MAX)
        fault = "it is larger than a tar can say";
    if (!fault)
        return NULL;
    return err_cause(
        err_new(RW2003_CONTEXT_UNREADABLE, "cannot put %s into a tar", entry->name ? entry->name : "a file"), "%s",
        fault);
}

static void fill(struct archive_entry *to, const struct tar_entry *entry)
{
    static const mode_t types[] = {
        [TAR_FILE] = AE_IFREG, [TAR_DIR] = AE_IFDIR,         [TAR_SYMLINK] = AE_IFLNK,     [TAR_HARDLINK] = AE_IFREG,
        [TAR_FIFO] = AE_IFIFO, [TAR_CHAR_DEVICE] = AE_IFCHR, [TAR_BLOCK_DEVICE] = AE_IFBLK
    };
    archive_entry_set_pathname(to, entry->name);
    archive_entry_set_mode(to, types[entry->kind] | (entry->mode & 07777));
    archive_entry_set_size(to, entry->kind == TAR_FILE ? (int64_t)entry->size : 0);
    archive_entry_set_mtime(to, (time_t)entry->mtime_s, 0);
    archive_entry_set_uid(to, entry->uid);
    archive_entry_set_gid(to, entry->gid);
    archive_entry_set_rdevmajor(to, entry->dev_major);
    archive_entry_set_rdevminor(to, entry->dev_minor);
    if (entry->capability)
        archive_entry_xattr_add_entry(to, "security.capability", entry->capability, entry->capability_len);
    if (entry->kind == TAR_SYMLINK)
        archive_entry_set_symlink(to, entry->link);
    if (entry->kind == TAR_HARDLINK)
        archive_entry_set_hardlink(to, entry->link);
}

static struct err *write_root(struct tar_writer *w, int64_t mtime_s)
{
    const struct tar_entry root = { .name = "./", .kind = TAR_DIR, .mode = 0755, .mtime_s = mtime_s };
    return tar_add_entry(w, &root);
}

/* write_header: as plain ustar; where that has no place for the entry, with an extended header,
 * in front of which "./" keeps the first header plain. */
static struct err *write_header(struct tar_writer *w, const struct tar_entry *entry, struct archive_entry *header)
{
    int result = entry->capability ? ARCHIVE_FAILED : archive_write_header(w->ustar, header);
    if (result != ARCHIVE_FAILED) {
        w->current = w->ustar;
        return checked(w, w->ustar, result, entry->name);
    }
    if (!w->current && !w->is_layer)
        TRY(write_root(w, entry->mtime_s));
    w->current = w->pax;
    return checked(w, w->pax, archive_write_header(w->pax, header), entry->name);
}

/* complete: the entry before this has all its bytes, and its padding. */
static struct err *complete(struct tar_writer *w)
{
    if (w->is_closed)
        return err_new(RW2004_CONTEXT_CHANGED, "a tar that has ended or failed cannot be continued");
    if (w->missing > 0) {
        w->is_closed = true;
        return err_cause(err_new(RW2004_CONTEXT_CHANGED, "%s became shorter while it was read", w->name),
                         "%llu bytes of it are missing", (unsigned long long)w->missing);
    }
    if (!w->current)
        return NULL;
    return checked(w, w->current, archive_write_finish_entry(w->current), w->name);
}

struct err *tar_add_entry(struct tar_writer *w, const struct tar_entry *entry)
{
    TRY(complete(w));
    struct archive_entry *header = archive_entry_new();
    struct err *e = header ? check_entry(entry, w->is_layer) : err_new(RW9005_RESOURCES, "cannot make a tar header");
    if (!e) {
        fill(header, entry);
        e = write_header(w, entry, header);
    }
    archive_entry_free(header);
    w->is_closed = w->is_closed || e;
    w->missing = entry->kind == TAR_FILE ? entry->size : 0;
    str_set(&w->name, entry->name);
    return e;
}

struct err *tar_add_data(struct tar_writer *w, const void *bytes, size_t len)
{
    if (w->is_closed)
        return complete(w);
    if (len > w->missing) {
        w->is_closed = true;
        return err_new(RW2004_CONTEXT_CHANGED, "%s became longer while it was read", w->name ? w->name : "a file");
    }
    while (len > 0) {
        la_ssize_t written = archive_write_data(w->current, bytes, len);
        if (written <= 0)
            return checked(w, w->current, ARCHIVE_FATAL, w->name);
        bytes = (const char *)bytes + written;
        len -= (size_t)written;
        w->missing -= (uint64_t)written;
    }
    return w->missing == 0 ? complete(w) : NULL;
}

struct err *tar_finish(struct tar_writer *w)
{
    TRY(complete(w));
    if (!w->current && !w->is_layer)
        TRY(write_root(w, 0));
    TRY(complete(w));
    TRY(checked(w, w->ustar, archive_write_close(w->ustar), "its end"));
    w->is_closed = true;
    return NULL;
}
