#include "tree/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/task.h"

enum { CHUNK = 256 * 1024, CAPABILITY_BYTES = 1024 /* of a vfs_ns_cap_data: 24 */ };

/* The pairs of one thread: every step-th from the first. */
struct share {
    const char *old_root;
    const char *new_root;
    struct tree_pair *pairs;
    size_t first, step, count;
    uint64_t bytes;
    char *old_chunk;
    char *new_chunk;
};

/* st_dev differs from mount to mount of the same layers (overlayfs). A file that was never changed since
 * it was made with its mtime could be one of a file system that keeps no ctime of its own, where inodes
 * of different images may look the same: such a one is read. */
bool tree_is_same_file(const struct stat *a, const struct stat *b)
{
    const struct timespec *c = &a->st_ctim, *d = &b->st_ctim, *m = &a->st_mtim;
    bool has_own_ctime = c->tv_sec != m->tv_sec || c->tv_nsec != m->tv_nsec;
    return has_own_ctime && a->st_ino == b->st_ino && a->st_size == b->st_size && c->tv_sec == d->tv_sec &&
           c->tv_nsec == d->tv_nsec && m->tv_sec == b->st_mtim.tv_sec && m->tv_nsec == b->st_mtim.tv_nsec;
}

struct err *tree_capability(const char *root, const char *path, struct buf *out)
{
    AUTO_STR full = fs_join(root, path);
    *out = BUF_INIT(CAPABILITY_BYTES);
    return fs_attribute(full, "security.capability", out);
}

static bool equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static struct err *same_capability(const struct share *s, const char *path, bool *same)
{
    AUTO(buf) old = { 0 };
    AUTO(buf) new = { 0 };
    TRY(tree_capability(s->old_root, path, &old));
    TRY(tree_capability(s->new_root, path, &new));
    *same = equal(old.bytes, old.len, new.bytes, new.len);
    return NULL;
}

static struct err *open_file(const char *root, const char *path, int *fd)
{
    AUTO_STR full = fs_join(root, path);
    return fs_open(AT_FDCWD, full, O_RDONLY | O_NOFOLLOW, fd);
}

static struct err *fill(int fd, const char *path, char *chunk, size_t *len)
{
    size_t some = 1;
    for (*len = 0; *len < CHUNK && some > 0; *len += some)
        TRY(fs_read_some(fd, path, chunk + *len, CHUNK - *len, &some));
    return NULL;
}

static struct err *same_content(struct share *s, const char *path, bool *same)
{
    AUTO_FD old = -1;
    AUTO_FD new = -1;
    size_t old_len = 0, new_len = CHUNK;
    TRY(open_file(s->old_root, path, &old));
    TRY(open_file(s->new_root, path, &new));
    for (*same = true; *same && new_len == CHUNK;) {
        TRY(fill(old, path, s->old_chunk, &old_len));
        TRY(fill(new, path, s->new_chunk, &new_len));
        s->bytes += new_len;
        *same = equal(s->old_chunk, old_len, s->new_chunk, new_len);
    }
    return NULL;
}

static struct err *compare_pair(struct share *s, struct tree_pair *pair)
{
    bool same = false;
    TRY(same_capability(s, pair->new->path, &same));
    if (same)
        TRY(same_content(s, pair->new->path, &same));
    pair->differs = !same;
    return NULL;
}

/* A task. */
static struct err *compare_share(void *item)
{
    struct share *s = item;
    struct err *e = NULL;
    s->old_chunk = xcalloc(1, CHUNK);
    s->new_chunk = xcalloc(1, CHUNK);
    for (size_t i = s->first; !e && i < s->count; i += s->step)
        e = compare_pair(s, &s->pairs[i]);
    free(s->old_chunk);
    free(s->new_chunk);
    return e;
}

struct err *tree_compare(const char *old_root, const char *new_root, struct tree_pair *pairs, size_t count,
                         size_t threads, uint64_t *bytes_read)
{
    struct share *shares = xcalloc(threads + 1, sizeof *shares);
    for (size_t i = 0; i < threads; i++)
        shares[i] = (struct share){
            .old_root = old_root, .new_root = new_root, .pairs = pairs, .first = i, .step = threads, .count = count
        };
    struct err *e = task_all(shares, threads, sizeof *shares, threads, compare_share);
    for (size_t i = 0; i < threads; i++)
        *bytes_read += shares[i].bytes;
    free(shares);
    return e;
}
