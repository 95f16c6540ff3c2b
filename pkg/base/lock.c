#include "base/fs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/num.h"

enum { RETRY_MS = 100 }; /* flock(2) has no deadline, and its blocking form can't watch a cancel token */

static int64_t read_holder(int fd)
{
    char text[32] = "";
    int64_t pid = 0;
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    return got > 0 && num_i64(text, 1, INT32_MAX, &pid) ? pid : 0;
}

static struct err *write_holder(int fd, const char *path)
{
    AUTO_STR text = xasprintf("%ld", (long)getpid());
    int fault = fault_point("fs.write", NULL);
    if (fault || ftruncate(fd, 0) != 0)
        return err_sys(RW9001_FILE, fault ? fault : errno, "cannot write %s", path);
    return fs_write_all(fd, path, text, strlen(text));
}

static struct err *held_by(int64_t pid, const char *path)
{
    struct err *e = pid ? err_new(RW9008_LOCKED, "another rwml is at work in this workspace (pid %" PRId64 ")", pid)
                        : err_new(RW9008_LOCKED, "another rwml is at work in this workspace");
    return err_cause(e, "it holds the lock %s", path);
}

static struct err *take(int fd, const char *path, bool *taken)
{
    int fault = fault_point("fs.lock", NULL);
    *taken = !fault && flock(fd, LOCK_EX | LOCK_NB) == 0;
    int number = fault ? fault : errno;
    if (*taken || number == EWOULDBLOCK || number == EINTR)
        return NULL;
    return err_sys(RW9001_FILE, number, "cannot lock %s", path);
}

struct err *fs_lock(const char *path, int64_t deadline_ms, const struct cancel *cancel,
                    void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *out_fd)
{
    AUTO_FD fd = -1;
    bool told = false;
    TRY(fs_open(AT_FDCWD, path, O_RDWR | O_CREAT, &fd));
    for (;;) {
        bool taken;
        TRY(take(fd, path, &taken));
        if (taken)
            break;
        if (clock_ms() >= deadline_ms)
            return held_by(read_holder(fd), path);
        if (!told && on_wait)
            on_wait(ctx, read_holder(fd));
        told = true;
        TRY(cancel_sleep(cancel, clock_earlier(deadline_ms, clock_after(RETRY_MS))));
    }
    TRY(write_holder(fd, path));
    *out_fd = fd;
    fd = -1;
    return NULL;
}
