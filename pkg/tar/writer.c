#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tar/tar.h"

enum { BLOCK = 512, TYPE_OFFSET = 156 };

struct tar_writer {
    struct archive *archive;
    struct buf *sink;
    uint64_t missing; /* bytes of the file begun last that have not come */
    char *name;       /* its name */
    bool is_empty;    /* no entry has been written */
    bool is_broken;   /* an error was given: nothing more is written */
};

static la_ssize_t append(struct archive *archive, void *ctx, const void *bytes, size_t len)
{
    struct tar_writer *w = ctx;
    (void)archive;
    if (!w->is_broken)
        buf_add(w->sink, bytes, len);
    return (la_ssize_t)len;
}

/* checked: libarchive's refusal as an error. */
static struct err *checked(struct tar_writer *w, int result, const char *name)
{
    if (result == ARCHIVE_OK)
        return NULL;
    w->is_broken = true;
    const char *why = archive_error_string(w->archive);
    return err_cause(err_new(RW2003_CONTEXT_UNREADABLE, "cannot put %s into a tar", name), "%s",
                     why ? why : "libarchive gives no reason");
}

struct err *tar_writer_new(struct buf *sink, struct tar_writer **out)
{
    AUTO_PTR(tar_writer) w = xcalloc(1, sizeof *w);
    w->sink = sink;
    w->is_empty = true;
    w->archive = archive_write_new();
    if (!w->archive)
        return err_new(RW9005_RESOURCES, "cannot start a tar");
    /* "Restricted" is plain ustar wherever that suffices. BINARY: names are bytes, whatever the locale. */
    TRY(checked(w, archive_write_set_format_pax_restricted(w->archive), "a header"));
    TRY(checked(w, archive_write_set_format_option(w->archive, "pax", "hdrcharset", "BINARY"), "a header"));
    TRY(checked(w, archive_write_set_bytes_per_block(w->archive, 0), "a header"));
    TRY(checked(w, archive_write_open(w->archive, w, NULL, append, NULL), "a header"));
    *out = STEAL(&w);
    return NULL;
}

void tar_writer_free(struct tar_writer *w)
{
    if (!w)
        return;
    w->is_broken = true; /* closing writes the end blocks, which would make this look whole */
    archive_write_free(w->archive);
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
static struct err *check_entry(const struct tar_entry *entry)
{
    const char *fault = name_fault(entry->name);
    if (!fault && entry->kind == TAR_HARDLINK)
        fault = name_fault(entry->link);
    if (!fault && entry->kind == TAR_SYMLINK && (!entry->link || !*entry->link || strlen(entry->link) > TAR_NAME_MAX))
        fault = "its target is empty or longer than 4096 bytes";
    if (!fault && entry->kind == TAR_OTHER)
        fault = "it is neither a file, a directory nor a link";
    if (!fault && entry->size > INT64_MAX)
        fault = "it is larger than a tar can say";
    if (!fault)
        return NULL;
    return err_cause(err_new(RW2003_CONTEXT_UNREADABLE, "cannot put %s into a tar", entry->name ? entry->name : "a file"),
                     "%s", fault);
}

static void fill(struct archive_entry *to, const struct tar_entry *entry)
{
    static const mode_t types[] = {
        [TAR_FILE] = AE_IFREG, [TAR_DIR] = AE_IFDIR, [TAR_SYMLINK] = AE_IFLNK, [TAR_HARDLINK] = AE_IFREG};
    archive_entry_set_pathname(to, entry->name);
    archive_entry_set_mode(to, types[entry->kind] | (entry->mode & 07777));
    archive_entry_set_size(to, entry->kind == TAR_FILE ? (int64_t)entry->size : 0);
    archive_entry_set_mtime(to, (time_t)entry->mtime_s, 0);
    archive_entry_set_uid(to, 0);
    archive_entry_set_gid(to, 0);
    if (entry->kind == TAR_SYMLINK)
        archive_entry_set_symlink(to, entry->link);
    if (entry->kind == TAR_HARDLINK)
        archive_entry_set_hardlink(to, entry->link);
}

static struct err *write_header(struct tar_writer *w, const struct tar_entry *entry)
{
    struct archive_entry *header = archive_entry_new();
    if (!header)
        return err_new(RW9005_RESOURCES, "cannot make a tar header");
    fill(header, entry);
    struct err *e = checked(w, archive_write_header(w->archive, header), entry->name);
    archive_entry_free(header);
    if (e)
        return e;
    w->is_empty = false;
    w->missing = entry->kind == TAR_FILE ? entry->size : 0;
    str_set(&w->name, entry->name);
    return NULL;
}

static struct err *write_root(struct tar_writer *w, int64_t mtime_s)
{
    const struct tar_entry root = {.name = "./", .kind = TAR_DIR, .mode = 0755, .mtime_s = mtime_s};
    return write_header(w, &root);
}

/* write_first: with "./" in front where the entry turns out to have an extended header. */
static struct err *write_first(struct tar_writer *w, const struct tar_entry *entry)
{
    AUTO(buf) alone = BUF_INIT(TAR_HEAD_ROOM);
    struct tar_writer *trial = NULL;
    TRY(tar_writer_new(&alone, &trial));
    struct err *e = write_header(trial, entry);
    bool is_extended = alone.len < BLOCK || alone.bytes[TYPE_OFFSET] == 'x';
    tar_writer_free(trial);
    TRY(e);
    if (is_extended)
        TRY(write_root(w, entry->mtime_s));
    return write_header(w, entry);
}

/* complete: the entry before this has all its bytes. */
static struct err *complete(struct tar_writer *w)
{
    if (w->is_broken)
        return err_new(RW2004_CONTEXT_CHANGED, "a tar that failed cannot be continued");
    if (w->missing == 0)
        return NULL;
    w->is_broken = true;
    return err_cause(err_new(RW2004_CONTEXT_CHANGED, "%s became shorter while it was read", w->name),
                     "%llu bytes of it are missing", (unsigned long long)w->missing);
}

struct err *tar_add_entry(struct tar_writer *w, const struct tar_entry *entry)
{
    TRY(complete(w));
    struct err *e = check_entry(entry);
    if (!e)
        e = w->is_empty ? write_first(w, entry) : write_header(w, entry);
    w->is_broken = w->is_broken || e;
    return e;
}

struct err *tar_add_data(struct tar_writer *w, const void *bytes, size_t len)
{
    if (w->is_broken)
        return complete(w);
    if (len > w->missing) {
        w->is_broken = true;
        return err_new(RW2004_CONTEXT_CHANGED, "%s became longer while it was read", w->name ? w->name : "a file");
    }
    while (len > 0) {
        la_ssize_t written = archive_write_data(w->archive, bytes, len);
        if (written <= 0)
            return checked(w, ARCHIVE_FATAL, w->name);
        bytes = (const char *)bytes + written;
        len -= (size_t)written;
        w->missing -= (uint64_t)written;
    }
    return NULL;
}

struct err *tar_finish(struct tar_writer *w)
{
    TRY(complete(w));
    if (w->is_empty)
        TRY(write_root(w, 0));
    TRY(checked(w, archive_write_close(w->archive), "its end"));
    w->is_broken = true; /* nothing may follow */
    return NULL;
}
