#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/fs.h"
#include "base/task.h"
#include "tar/tar.h"
#include "tree/changes.h"
#include "tree/compare.h"
#include "tree/tree.h"

enum { CHUNK = 256 * 1024 };

static const char WHITEOUT[] = ".wh.";

/* A layer that is being written. */
struct layer {
    const struct tree_list *tree;
    const struct tree_changes *changes;
    struct tar_writer *tar;
    struct buf sink;
    int fd;
    char *chunk;
};

static void layer_release(struct layer *l)
{
    tar_writer_free(l->tar);
    buf_release(&l->sink);
    free(l->chunk);
}

static struct err *flush(struct layer *l)
{
    TRY(fs_write_all(l->fd, "the layer", l->sink.bytes, l->sink.len));
    buf_truncate(&l->sink, 0);
    return NULL;
}

static enum tar_kind kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return TAR_FILE;
    case S_IFDIR:
        return TAR_DIR;
    case S_IFLNK:
        return TAR_SYMLINK;
    case S_IFIFO:
        return TAR_FIFO;
    case S_IFCHR:
        return TAR_CHAR_DEVICE;
    case S_IFBLK:
        return TAR_BLOCK_DEVICE;
    default:
        return TAR_OTHER;
    }
}

static struct tar_entry header_of(const struct tree_entry *e)
{
    return (struct tar_entry){ .name = e->path,
                               .kind = kind_of(e->st.st_mode),
                               .mode = e->st.st_mode & 07777u,
                               .size = S_ISREG(e->st.st_mode) ? (uint64_t)e->st.st_size : 0,
                               .mtime_s = e->st.st_mtim.tv_sec,
                               .link = e->link,
                               .uid = e->st.st_uid,
                               .gid = e->st.st_gid,
                               .dev_major = major(e->st.st_rdev),
                               .dev_minor = minor(e->st.st_rdev) };
}

static struct err *add_content(struct layer *l, const char *path)
{
    AUTO_FD fd = -1;
    AUTO_STR full = fs_join(l->tree->root, path);
    size_t len = 1;
    TRY(fs_open(AT_FDCWD, full, O_RDONLY | O_NOFOLLOW, &fd));
    while (len > 0) {
        TRY(fs_read_some(fd, full, l->chunk, CHUNK, &len));
        TRY(tar_add_data(l->tar, l->chunk, len));
        TRY(flush(l));
    }
    return NULL;
}

static struct err *add_file(struct layer *l, const struct tree_entry *e)
{
    AUTO(buf) capability = { 0 };
    struct tar_entry header = header_of(e);
    TRY(tree_capability(l->tree->root, e->path, &capability));
    header.capability = capability.len > 0 ? capability.bytes : NULL;
    header.capability_len = capability.len;
    TRY(tar_add_entry(l->tar, &header));
    return add_content(l, e->path);
}

/* The name under which the same file stands before this one in the layer, or NULL. */
static const char *link_target(const struct layer *l, const struct tree_entry *e)
{
    size_t index = (size_t)(e - l->tree->items), leader = l->changes->leaders[index];
    return leader == index ? NULL : l->tree->items[leader].path;
}

static bool is_whiteout_name(const char *path)
{
    return strncmp(fs_base(path), WHITEOUT, strlen(WHITEOUT)) == 0;
}

static struct err *add_entry(struct layer *l, const struct tree_entry *e)
{
    struct tar_entry header = header_of(e);
    const char *same = link_target(l, e);
    if (is_whiteout_name(e->path))
        return err_new(RW2003_CONTEXT_UNREADABLE, "a layer cannot hold %s: its name means that another is gone",
                       e->path);
    if (same) {
        header.kind = TAR_HARDLINK;
        header.link = same;
        header.size = 0;
    } else if (header.kind == TAR_FILE) {
        return add_file(l, e);
    }
    TRY(tar_add_entry(l->tar, &header));
    return flush(l);
}

static struct err *add_whiteout(struct layer *l, const char *path)
{
    const char *base = fs_base(path);
    AUTO_STR name = xasprintf("%.*s%s%s", (int)(base - path), path, WHITEOUT, base);
    struct tar_entry header = { .name = name, .kind = TAR_FILE };
    TRY(tar_add_entry(l->tar, &header));
    return flush(l);
}

static struct err *write_layer(struct layer *l, struct tree_totals *totals)
{
    for (size_t i = 0; i < l->tree->count; i++) {
        if (!l->changes->carried[i])
            continue;
        totals->carried++;
        TRY(add_entry(l, &l->tree->items[i]));
    }
    for (size_t i = 0; i < l->changes->removed.count; i++)
        TRY(add_whiteout(l, l->changes->removed.items[i]));
    totals->removed = l->changes->removed.count;
    if (totals->carried + totals->removed == 0)
        return NULL;
    TRY(tar_finish(l->tar));
    return flush(l);
}

struct reading {
    const char *root;
    struct tree_list list;
};

/* A task. */
static struct err *read_one(void *item)
{
    struct reading *r = item;
    return tree_list_read(r->root, &r->list);
}

static struct err *write_changes(const struct tree_list *old, const struct tree_list *new, size_t threads, int out_fd,
                                 struct tree_totals *totals)
{
    AUTO(tree_changes) changes = { 0 };
    AUTO(layer) l = { .tree = new, .fd = out_fd, .chunk = xcalloc(1, CHUNK), .sink = BUF_INIT(CHUNK + TAR_HEAD_ROOM) };
    TRY(tree_changes_find(old, new, threads, &changes));
    l.changes = &changes;
    totals->entries = new->count;
    totals->bytes_read = changes.bytes_read;
    TRY(tar_layer_writer_new(&l.sink, &l.tar));
    return write_layer(&l, totals);
}

struct err *tree_write_layer(const char *old_root, const char *new_root, size_t threads, int out_fd,
                             struct tree_totals *out)
{
    struct reading trees[] = { { .root = old_root }, { .root = new_root } };
    struct tree_totals totals = { 0 };
    struct err *e = task_all(trees, COUNT_OF(trees), sizeof *trees, COUNT_OF(trees), read_one);
    if (!e)
        e = write_changes(&trees[0].list, &trees[1].list, threads, out_fd, &totals);
    tree_list_release(&trees[0].list);
    tree_list_release(&trees[1].list);
    if (!e)
        *out = totals;
    return e;
}
