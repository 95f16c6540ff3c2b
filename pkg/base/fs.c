#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <linux/limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"

enum { READ_CHUNK = 64 << 10 };

static struct err *failed(const char *what, const char *path, int number)
{
    return err_sys(RW9001_FILE, number, "cannot %s %s", what, path);
}

/* 0 and *out_fd, or the errno. */
static int open_at(int dir_fd, const char *path, int flags, mode_t mode, int *out_fd)
{
    int fault = fault_point("fs.open", NULL);
    int fd = fault ? -1 : openat(dir_fd, path, flags | O_CLOEXEC, mode);
    if (fd < 0)
        return fault ? fault : errno;
    *out_fd = fd;
    return 0;
}

struct err *fs_open(int dir_fd, const char *path, int flags, int *out_fd)
{
    int number = open_at(dir_fd, path, flags, 0666, out_fd);
    return number ? failed("open", path, number) : NULL;
}

struct err *fs_read_some(int fd, const char *name, void *to, size_t room, size_t *out_len)
{
    for (;;) {
        size_t want = room;
        int fault = fault_point("fs.read", &want);
        ssize_t got = fault ? -1 : read(fd, to, want);
        if (got >= 0) {
            *out_len = (size_t)got;
            return NULL;
        }
        int number = fault ? fault : errno;
        if (number != EINTR)
            return failed("read", name, number);
    }
}

struct err *fs_read_fd(int fd, const char *name, size_t max, struct buf *out)
{
    struct buf read_so_far = BUF_INIT(max);
    AUTO_STR chunk = xcalloc(READ_CHUNK, 1);
    for (;;) {
        size_t got = 0;
        struct err *e = fs_read_some(fd, name, chunk, READ_CHUNK, &got);
        if (!e && got && !buf_append(&read_so_far, chunk, got))
            e = err_cause(err_new(RW9002_FILE_TOO_LARGE, "%s is too large", name), "more than %zu bytes", max);
        if (e) {
            buf_release(&read_so_far);
            return e;
        }
        if (got == 0)
            break;
    }
    buf_release(out);
    *out = read_so_far;
    return NULL;
}

struct err *fs_read_regular(int fd, const char *name, size_t max, struct buf *out)
{
    struct stat st;
    TRY(fs_stat_fd(fd, name, &st));
    if (S_ISDIR(st.st_mode))
        return failed("read", name, EISDIR);
    if (!S_ISREG(st.st_mode))
        return err_cause(err_new(RW9001_FILE, "cannot read %s", name), "it is not a regular file");
    return fs_read_fd(fd, name, max, out);
}

struct err *fs_read(int dir_fd, const char *path, size_t max, struct buf *out)
{
    AUTO_FD fd = -1;
    TRY(fs_open(dir_fd, path, O_RDONLY | O_NONBLOCK, &fd));
    return fs_read_regular(fd, path, max, out);
}

/* Whoever started us may have left stdout non-blocking. */
static void wait_for_room(int fd)
{
    struct pollfd full = { .fd = fd, .events = POLLOUT };
    poll(&full, 1, -1); /* whatever it says, the next write tells the truth */
}

struct err *fs_write_all(int fd, const char *name, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        size_t want = len;
        int fault = fault_point("fs.write", &want);
        ssize_t put = fault ? -1 : write(fd, at, want);
        int number = fault ? fault : errno;
        if (put < 0 && number == EAGAIN)
            wait_for_room(fd);
        else if (put < 0 && number != EINTR)
            return failed("write", name, number);
        if (put < 0)
            continue;
        at += put;
        len -= (size_t)put;
    }
    return NULL;
}

static struct err *sync_and_close(int *fd, const char *name)
{
    int fault = fault_point("fs.sync", NULL);
    if (fault || fsync(*fd) != 0)
        return failed("sync", name, fault ? fault : errno);
    int to_close = *fd;
    *fd = -1;
    return close(to_close) == 0 ? NULL : failed("close", name, errno);
}

/* A file of that name is a dead process's: thread ids are unique among the living. */
static struct err *create_temporary(int dir_fd, const char *temporary, mode_t mode, int *out_fd)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL;
    int number = open_at(dir_fd, temporary, flags, mode, out_fd);
    if (number == EEXIST) {
        TRY(fs_unlink(dir_fd, temporary));
        number = open_at(dir_fd, temporary, flags, mode, out_fd);
    }
    return number ? failed("create", temporary, number) : NULL;
}

static struct err *write_then_rename(int dir_fd, const char *temporary, const char *path, const void *bytes, size_t len,
                                     mode_t mode)
{
    AUTO_FD fd = -1;
    TRY(create_temporary(dir_fd, temporary, mode, &fd));
    TRY(fs_write_all(fd, temporary, bytes, len));
    TRY(sync_and_close(&fd, temporary));
    int fault = fault_point("fs.rename", NULL);
    if (fault || renameat(dir_fd, temporary, dir_fd, path) != 0)
        return failed("replace", path, fault ? fault : errno);
    return NULL;
}

struct err *fs_replace(int dir_fd, const char *path, const void *bytes, size_t len, mode_t mode)
{
    AUTO_STR temporary = xasprintf("%s.%ld.tmp", path, (long)gettid());
    struct err *e = write_then_rename(dir_fd, temporary, path, bytes, len, mode);
    if (e)
        err_ignore(fs_unlink(dir_fd, temporary), "it may never have been made; the first error is what counts");
    return e;
}

struct err *fs_stat(int dir_fd, const char *path, bool follow, struct stat *out)
{
    int fault = fault_point("fs.stat", NULL);
    if (fault || fstatat(dir_fd, path, out, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return failed("look at", path, fault ? fault : errno);
    return NULL;
}

struct err *fs_stat_fd(int fd, const char *name, struct stat *out)
{
    int fault = fault_point("fs.stat", NULL);
    if (fault || fstat(fd, out) != 0)
        return failed("look at", name, fault ? fault : errno);
    return NULL;
}

bool fs_exists(int dir_fd, const char *path)
{
    struct stat st;
    return fault_point("fs.stat", NULL) == 0 && fstatat(dir_fd, path, &st, 0) == 0;
}

bool fs_is_dir(int dir_fd, const char *path)
{
    struct stat st;
    return fault_point("fs.stat", NULL) == 0 && fstatat(dir_fd, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static struct err *read_names(DIR *dir, const char *path, struct strv *names)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno ? failed("list", path, errno) : NULL;
        if (is_dots(entry->d_name))
            continue;
        if (names->count == LIMIT_DIR_ENTRIES)
            return err_cause(err_new(RW9002_FILE_TOO_LARGE, "%s holds too many files", path), "more than %u",
                             LIMIT_DIR_ENTRIES);
        strv_add(names, entry->d_name);
    }
}

struct err *fs_list(int dir_fd, const char *path, struct strv *out)
{
    int fault = fault_point("fs.list", NULL);
    int fd = -1;
    if (fault)
        return failed("list", path, fault);
    TRY(fs_open(dir_fd, path, O_RDONLY | O_DIRECTORY, &fd));
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int number = errno;
        close(fd);
        return failed("list", path, number);
    }
    struct strv names = { 0 };
    struct err *e = read_names(dir, path, &names);
    closedir(dir);
    if (e) {
        strv_release(&names);
        return e;
    }
    strv_sort(&names);
    strv_release(out);
    *out = names;
    return NULL;
}

struct err *fs_link_target(int dir_fd, const char *path, char **out)
{
    char target[PATH_MAX + 1];
    int fault = fault_point("fs.read", NULL);
    ssize_t length = fault ? -1 : readlinkat(dir_fd, path, target, sizeof target);
    if (length < 0 || (size_t)length == sizeof target)
        return failed("read the link", path, fault ? fault : length < 0 ? errno : ENAMETOOLONG);
    *out = xstrndup(target, (size_t)length);
    return NULL;
}

struct err *fs_attribute(const char *path, const char *name, struct buf *out)
{
    char value[XATTR_SIZE_MAX];
    int fault = fault_point("fs.attribute", NULL);
    ssize_t length = fault ? -1 : lgetxattr(path, name, value, sizeof value);
    int number = length >= 0 ? 0 : fault ? fault : errno;
    if (number == ENODATA || number == ENOTSUP)
        return NULL;
    if (number)
        return failed("read an attribute of", path, number);
    if (!buf_append(out, value, (size_t)length))
        return err_new(RW9002_FILE_TOO_LARGE, "%s of %s is larger than it may be", name, path);
    return NULL;
}

struct err *fs_real_path(const char *path, char **out)
{
    int fault = fault_point("fs.stat", NULL);
    char *resolved = fault ? NULL : realpath(path, NULL);
    if (!resolved)
        return failed("find", path, fault ? fault : errno);
    *out = resolved;
    return NULL;
}

static struct err *make_dir(const char *path, mode_t mode)
{
    int fault = fault_point("fs.mkdir", NULL);
    int number = fault ? fault : mkdir(path, mode) == 0 ? 0 : errno;
    if (number == EEXIST && !fs_is_dir(AT_FDCWD, path))
        number = ENOTDIR;
    return number && number != EEXIST ? failed("make the directory", path, number) : NULL;
}

struct err *fs_make_dirs(const char *path, mode_t mode)
{
    AUTO_STR partial = xstrdup(path);
    for (char *slash = strchr(partial + strspn(partial, "/"), '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(make_dir(partial, mode));
        *slash = '/';
    }
    return make_dir(partial, mode);
}

struct err *fs_unlink(int dir_fd, const char *path)
{
    int fault = fault_point("fs.unlink", NULL);
    if (fault || unlinkat(dir_fd, path, 0) != 0)
        return failed("remove", path, fault ? fault : errno);
    return NULL;
}

char *fs_join(const char *dir, const char *name)
{
    if (name[0] == '/' || !*dir)
        return xstrdup(name);
    return xasprintf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

const char *fs_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
