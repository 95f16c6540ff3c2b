#include "workspace/build_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"
#include "tar/tar.h"
#include "workspace/ignore.h"

enum { CHUNK = 64 << 10 };

/* The name of a Dockerfile that lies outside the context: always the same, so that the tar is. */
static const char OUTSIDE_NAME[] = ".rwml.Dockerfile";

/* A directory that is being walked. */
struct frame {
    int fd;
    char *path; /* relative to the context; "" for the context itself */
    struct strv names;
    size_t next;
    struct stat st;
    bool sent; /* its own entry; false for an ignored one in which something may be kept */
};

struct open_file {
    int fd;
    char *path;
    uint64_t left;
};

struct build_context {
    struct ignore *ignore;
    char *dockerfile; /* name in the tar */
    struct frame *frames;
    size_t depth;
    struct open_file file;
    struct buf sink;
    size_t taken; /* bytes of sink given out */
    struct tar_writer *writer;
    char *chunk;
    struct strv skipped;
    struct build_context_totals totals;
    bool finished;
    bool broken;
};

static struct err *unreadable(struct err *e, const char *path)
{
    return err_because(RW2003_CONTEXT_UNREADABLE, e, "cannot read %s for the build context", *path ? path : ".");
}

static struct err *changed(const char *path, const char *how)
{
    struct err *e = err_new(RW2004_CONTEXT_CHANGED, "%s changed while it was read for the build context", path);
    return err_next(err_cause(e, "%s", how), "run the same command again");
}

static struct tar_entry entry_of(const char *path, enum tar_kind kind, const struct stat *st)
{
    return (
        struct tar_entry){ .name = path, .kind = kind, .mode = st->st_mode & 07777u, .mtime_s = st->st_mtim.tv_sec };
}

static struct err *push(struct build_context *c, int *fd, char *path_steal, bool sent)
{
    c->frames = xrealloc(c->frames, c->depth + 1, sizeof *c->frames);
    struct frame *f = &c->frames[c->depth++];
    *f = (struct frame){ .fd = *fd, .path = path_steal, .sent = sent };
    *fd = -1;
    struct err *e = fs_stat_fd(f->fd, f->path, &f->st);
    if (!e)
        e = fs_list(f->fd, ".", &f->names);
    return e ? unreadable(e, f->path) : NULL;
}

static void pop(struct build_context *c)
{
    struct frame *f = &c->frames[--c->depth];
    fd_closep(&f->fd);
    str_freep(&f->path);
    strv_release(&f->names);
}

static struct err *begin_file(struct build_context *c, int *fd, const char *path, const struct stat *st)
{
    struct tar_entry entry = entry_of(path, TAR_FILE, st);
    entry.size = (uint64_t)st->st_size;
    TRY(tar_add_entry(c->writer, &entry));
    c->file = (struct open_file){ .fd = *fd, .path = xstrdup(path), .left = entry.size };
    *fd = -1;
    return NULL;
}

/* The last read goes one byte beyond the size, to see a file that grew. */
static struct err *send_chunk(struct build_context *c)
{
    struct open_file *f = &c->file;
    size_t room = f->left < CHUNK ? (size_t)f->left + 1 : CHUNK, got;
    struct err *e = fs_read_some(f->fd, f->path, c->chunk, room, &got);
    if (e)
        return unreadable(e, f->path);
    if (got > f->left)
        return changed(f->path, "it grew");
    if (got == 0 && f->left)
        return changed(f->path, "it became shorter");
    TRY(tar_add_data(c->writer, c->chunk, got));
    f->left -= got;
    c->totals.bytes += got;
    if (got == 0) {
        c->totals.files++;
        fd_closep(&f->fd);
        str_freep(&f->path);
    }
    return NULL;
}

static struct err *send_link(struct build_context *c, int dir_fd, const char *name, const char *path,
                             const struct stat *st)
{
    AUTO_STR target = NULL;
    struct err *e = fs_link_target(dir_fd, name, &target);
    if (e)
        return unreadable(e, path);
    struct tar_entry entry = entry_of(path, TAR_SYMLINK, st);
    entry.link = target;
    return tar_add_entry(c->writer, &entry);
}

/* Between the look at its name and now something else may have taken its place: what counts is
 * what was opened. *fd stays -1 when it is gone. */
static struct err *open_entry(int dir_fd, const char *name, const char *path, int flags, int *fd, struct stat *st)
{
    struct err *e = fs_open(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags, fd);
    if (e && err_errno(e) == ENOENT) {
        err_ignore(e, "a file that is gone belongs to no context");
        return NULL;
    }
    if (e && (err_errno(e) == ELOOP || err_errno(e) == ENOTDIR)) {
        err_free(e);
        return changed(path, "it became a link");
    }
    if (!e)
        e = fs_stat_fd(*fd, path, st);
    return e ? unreadable(e, path) : NULL;
}

static struct err *send_file(struct build_context *c, int dir_fd, const char *name, const char *path)
{
    AUTO_FD fd = -1;
    struct stat st;
    TRY(open_entry(dir_fd, name, path, 0, &fd, &st));
    if (fd < 0)
        return NULL;
    if (!S_ISREG(st.st_mode))
        return changed(path, "it is no regular file any more");
    return begin_file(c, &fd, path, &st);
}

static struct err *enter_directory(struct build_context *c, int dir_fd, const char *name, const char *path, bool keep)
{
    AUTO_FD fd = -1;
    struct stat st;
    TRY(open_entry(dir_fd, name, path, O_DIRECTORY, &fd, &st));
    if (fd < 0)
        return NULL;
    if (keep) {
        struct tar_entry entry = entry_of(path, TAR_DIR, &st);
        TRY(tar_add_entry(c->writer, &entry));
    }
    return push(c, &fd, xstrdup(path), keep);
}

static struct err *send_entry(struct build_context *c, int dir_fd, const char *name, const char *path,
                              const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return enter_directory(c, dir_fd, name, path, true);
    if (S_ISREG(st->st_mode))
        return send_file(c, dir_fd, name, path);
    if (S_ISLNK(st->st_mode))
        return send_link(c, dir_fd, name, path, st);
    strv_add(&c->skipped, path);
    return NULL;
}

/* The outermost directory on the way that was ignored but now holds something kept. */
static struct frame *unsent_parent(const struct build_context *c)
{
    for (size_t i = 0; i < c->depth; i++)
        if (!c->frames[i].sent)
            return &c->frames[i];
    return NULL;
}

/* One step of the walk: at most one entry. A kept entry below unsent directories makes a step for
 * each of them first. */
static struct err *walk(struct build_context *c)
{
    struct frame *f = &c->frames[c->depth - 1];
    if (f->next == f->names.count) {
        pop(c);
        return NULL;
    }
    AUTO_STR name = xstrdup(f->names.items[f->next]);
    AUTO_STR path = fs_join(f->path, name);
    struct stat st;
    struct err *e = strcmp(path, c->dockerfile) == 0 ? NULL : fs_stat(f->fd, name, false, &st);
    bool gone = e && err_errno(e) == ENOENT;
    if (e && !gone)
        return unreadable(e, path);
    err_free(e);
    bool ignored = ignore_has(c->ignore, path);
    struct frame *parent = ignored ? NULL : unsent_parent(c);
    if (parent && !gone && strcmp(path, c->dockerfile) != 0) {
        struct tar_entry entry = entry_of(parent->path, TAR_DIR, &parent->st);
        parent->sent = true;
        return tar_add_entry(c->writer, &entry);
    }
    f->next++;
    if (gone || strcmp(path, c->dockerfile) == 0)
        return NULL;
    if (!ignored)
        return send_entry(c, f->fd, name, path, &st);
    if (S_ISDIR(st.st_mode) && ignore_may_keep_below(c->ignore, path))
        return enter_directory(c, f->fd, name, path, false);
    return NULL;
}

static struct err *pump(struct build_context *c)
{
    if (c->file.fd >= 0)
        return send_chunk(c);
    if (c->depth)
        return walk(c);
    c->finished = true;
    return tar_finish(c->writer);
}

struct err *build_context_read(void *build_context, void *to, size_t room, size_t *out_len)
{
    struct build_context *c = build_context;
    if (c->broken)
        return err_new(RW2003_CONTEXT_UNREADABLE, "the build context was given up after an error");
    while (c->taken == c->sink.len && !c->finished) {
        c->taken = 0;
        buf_truncate(&c->sink, 0);
        struct err *e = pump(c);
        c->broken = e != NULL;
        TRY(e);
    }
    size_t len = c->sink.len - c->taken < room ? c->sink.len - c->taken : room;
    if (len)
        memcpy(to, c->sink.bytes + c->taken, len);
    c->taken += len;
    c->totals.tar_bytes += len;
    *out_len = len;
    return NULL;
}

/* The file's name inside the context, or the fixed one. */
static char *name_in_tar(const char *dir, const char *dockerfile)
{
    if (!path_is_below(dockerfile, dir) || strcmp(dockerfile, dir) == 0)
        return xstrdup(OUTSIDE_NAME);
    return xstrdup(strcmp(dir, ".") == 0 ? dockerfile : dockerfile + strlen(dir) + 1);
}

static struct err *send_dockerfile(struct build_context *c, int root_fd, const char *dockerfile)
{
    AUTO_FD fd = -1;
    struct stat st;
    struct err *e = fs_open_beneath(root_fd, dockerfile, &fd);
    if (e && err_errno(e) == ENOENT)
        return err_because(RW1013_NO_DOCKERFILE, e, "there is no Dockerfile %s", dockerfile);
    if (!e)
        e = fs_stat_fd(fd, dockerfile, &st);
    if (e)
        return unreadable(e, dockerfile);
    if (!S_ISREG(st.st_mode))
        return err_cause(err_new(RW2003_CONTEXT_UNREADABLE, "cannot read %s", dockerfile), "it is not a regular file");
    return begin_file(c, &fd, c->dockerfile, &st);
}

struct err *build_context_open(int root_fd, const char *dir, const char *dockerfile, struct build_context **out)
{
    AUTO_PTR(build_context) c = xcalloc(1, sizeof *c);
    AUTO_STR clean_dir = path_clean(dir);
    AUTO_STR clean_file = path_clean(dockerfile);
    AUTO_FD fd = -1;
    c->file.fd = -1;
    c->sink = BUF_INIT(CHUNK + TAR_HEAD_ROOM);
    c->chunk = xcalloc(CHUNK, 1);
    c->dockerfile = name_in_tar(clean_dir, clean_file);
    TRY(tar_writer_new(&c->sink, &c->writer));
    TRY(send_dockerfile(c, root_fd, clean_file));
    TRY(ignore_load(root_fd, clean_dir, clean_file, &c->ignore));
    struct err *e = fs_open_beneath(root_fd, clean_dir, &fd);
    if (e)
        return unreadable(e, clean_dir);
    TRY(push(c, &fd, xstrdup(""), true));
    *out = STEAL(&c);
    return NULL;
}

const char *build_context_get_dockerfile(const struct build_context *c)
{
    return c->dockerfile;
}

struct build_context_totals build_context_get_totals(const struct build_context *c)
{
    return c->totals;
}

const struct strv *build_context_get_skipped(const struct build_context *c)
{
    return &c->skipped;
}

void build_context_free(struct build_context *c)
{
    if (!c)
        return;
    while (c->depth)
        pop(c);
    free(c->frames);
    fd_closep(&c->file.fd);
    free(c->file.path);
    tar_writer_free(c->writer);
    buf_release(&c->sink);
    free(c->chunk);
    strv_release(&c->skipped);
    ignore_free(c->ignore);
    free(c->dockerfile);
    free(c);
}
