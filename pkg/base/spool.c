#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"

enum { PIECE = 64 * 1024 };

struct spool {
    char *dir;
    struct spool_budget *budget;
    struct buf held; /* each byte of it is taken from the budget */
    int fd;          /* -1: all is held */
    uint64_t size;
};

struct spool *spool_new(const char *dir, struct spool_budget *budget)
{
    struct spool *s = xcalloc(1, sizeof *s);
    s->dir = xstrdup(dir);
    s->budget = budget;
    s->held = BUF_INIT(SIZE_MAX);
    s->fd = -1;
    return s;
}

static void drop_held(struct spool *s)
{
    atomic_fetch_add(&s->budget->left, s->held.len);
    buf_release(&s->held);
}

/* hold: false when the budget does not allow it. */
static bool hold(struct spool *s, const void *bytes, size_t len)
{
    size_t left = atomic_load(&s->budget->left);
    do {
        if (left < len)
            return false;
    } while (!atomic_compare_exchange_weak(&s->budget->left, &left, left - len));
    buf_add(&s->held, bytes, len);
    return true;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    fd_closep(&s->fd);
    drop_held(s);
    free(s->dir);
    free(s);
}

/* Where the file system knows no nameless files (overlayfs before Linux 6.1, some NFS), the name
 * lives for a moment only. */
static int open_nameless(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    AUTO_STR name = xasprintf("%s/rwml-spool.XXXXXX", dir);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

static struct err *write_out(struct spool *s, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t want = len;
        int fault = fault_point("spool.write", &want);
        ssize_t put = fault ? -1 : write(s->fd, bytes, want);
        int number = fault ? fault : errno;
        if (put < 0 && number != EINTR)
            return err_sys(RW9001_FILE, number, "cannot put a layer aside in %s", s->dir);
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
        }
    }
    return NULL;
}

static struct err *move_to_file(struct spool *s)
{
    int fault = fault_point("spool.open", NULL);
    s->fd = fault ? -1 : open_nameless(s->dir);
    if (s->fd < 0)
        return err_sys(RW9001_FILE, fault ? fault : errno, "cannot put a layer aside in %s", s->dir);
    TRY(write_out(s, s->held.bytes, s->held.len));
    drop_held(s);
    return NULL;
}

struct err *spool_add(struct spool *s, const void *bytes, size_t len)
{
    if (s->fd >= 0 || !hold(s, bytes, len)) {
        if (s->fd < 0)
            TRY(move_to_file(s));
        TRY(write_out(s, bytes, len));
    }
    s->size += len;
    return NULL;
}

uint64_t spool_size(const struct spool *s)
{
    return s->size;
}

struct err *spool_each(struct spool *s, struct err *(*take)(void *ctx, const void *bytes, size_t len), void *ctx)
{
    if (s->fd < 0)
        return s->size > 0 ? take(ctx, s->held.bytes, s->held.len) : NULL;
    char piece[PIECE];
    for (uint64_t at = 0; at < s->size;) {
        size_t want = s->size - at < sizeof piece ? (size_t)(s->size - at) : sizeof piece;
        int fault = fault_point("spool.read", &want);
        ssize_t got = fault ? -1 : pread(s->fd, piece, want, (off_t)at);
        int number = fault ? fault : errno;
        if (got < 0 && number == EINTR)
            continue;
        if (got <= 0)
            return err_sys(RW9001_FILE, got < 0 ? number : EIO, "cannot read a layer that was put aside in %s", s->dir);
        TRY(take(ctx, piece, (size_t)got));
        at += (uint64_t)got;
    }
    return NULL;
}

static struct err *append(void *ctx, const void *bytes, size_t len)
{
    return buf_append(ctx, bytes, len) ? NULL : err_new(RW9002_FILE_TOO_LARGE, "more bytes than there is room for");
}

struct err *spool_read(struct spool *s, struct buf *out)
{
    return spool_each(s, append, out);
}
