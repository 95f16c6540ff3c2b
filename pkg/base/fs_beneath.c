/* Files below a folder that may hold traps: what a cloned repository names must not lead out of it. */
#include <errno.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"

static struct err *failed(const char *path, int number)
{
    return err_sys(RW9001_FILE, number, "cannot open %s", path);
}

static struct err *open_component(int dir_fd, const char *name, bool last, const char *path, int *out_fd)
{
    if (strcmp(name, "..") == 0)
        return failed(path, EXDEV);
    AUTO_PTR(err) e = fs_open(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY), out_fd);
    return e ? failed(path, err_errno(e)) : NULL;
}

/* Kernels before 5.6, and sandboxes that hide openat2: component by component, following no link. */
static struct err *open_by_components(int dir_fd, const char *path, int *out_fd)
{
    AUTO_STR copy = xstrdup(path);
    AUTO_FD at = -1;
    char *rest = copy, *name;
    while ((name = strsep(&rest, "/"))) {
        if (!*name)
            continue;
        int next = -1;
        TRY(open_component(at < 0 ? dir_fd : at, name, !rest, path, &next));
        fd_closep(&at);
        at = next;
    }
    if (at < 0)
        return failed(path, ENOENT);
    *out_fd = at;
    at = -1;
    return NULL;
}

struct err *fs_open_beneath(int dir_fd, const char *path, int *out_fd)
{
    if (path[0] == '/')
        return failed(path, EXDEV);
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    int fault = fault_point("fs.openat2", NULL);
    long fd = fault ? -1 : syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
    int number = fault ? fault : errno;
    if (fd < 0 && (number == ENOSYS || number == EPERM))
        return open_by_components(dir_fd, path, out_fd);
    if (fd < 0)
        return failed(path, number);
    *out_fd = (int)fd;
    return NULL;
}

struct err *fs_read_beneath(int dir_fd, const char *path, size_t max, struct buf *out)
{
    AUTO_FD fd = -1;
    struct err *e = fs_open_beneath(dir_fd, path, &fd);
    if (e && err_errno(e) == EXDEV) {
        err_free(e);
        e = err_new(RW1016_PATH_OUTSIDE, "%s is a link that leads out of the workspace", path);
        return err_at(err_cause(e, "nothing outside of it is read"), "%s", path);
    }
    return e ? e : fs_read_regular(fd, path, max, out);
}
