/* fs: files, by directory descriptor.
 *
 * All descriptors are close-on-exec. Relative paths are resolved below dir_fd (AT_FDCWD allowed).
 * Errors are RW9001_FILE with the path and errno (err_errno tells ENOENT from the rest), or
 * RW9002_FILE_TOO_LARGE. Fault points: fs.open fs.openat2 fs.read fs.write fs.stat fs.list
 * fs.rename fs.sync fs.mkdir fs.unlink fs.lock fs.attribute.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/strv.h"

/* fs_open: flags as open(2), O_CLOEXEC added. */
struct err *fs_open(int dir_fd, const char *path, int flags, int *out_fd) MUST_USE;

/* fs_open_beneath: opens for reading a file or directory whose path, once symbolic links are
 * resolved, does not leave dir_fd (errno EXDEV, or ELOOP). openat2(RESOLVE_BENEATH), Linux 5.6;
 * where it is missing or forbidden, a walk by components that follows no link and takes no "..".
 * A FIFO does not block. fs_read_beneath: fs_read of such a path; RW1016_PATH_OUTSIDE when it leads
 * out. */
struct err *fs_open_beneath(int dir_fd, const char *path, int *out_fd) MUST_USE;
struct err *fs_read_beneath(int dir_fd, const char *path, size_t max, struct buf *out) MUST_USE;

/* fs_read: the whole regular file, at most max bytes. A FIFO, device or directory is an error and
 * never blocks. fs_read_regular: the same of a descriptor; fs_read_fd: whatever it is, to its end. */
struct err *fs_read(int dir_fd, const char *path, size_t max, struct buf *out) MUST_USE;
struct err *fs_read_regular(int fd, const char *name, size_t max, struct buf *out) MUST_USE;
struct err *fs_read_fd(int fd, const char *name, size_t max, struct buf *out) MUST_USE;
struct err *fs_read_some(int fd, const char *name, void *to, size_t room, size_t *out_len) MUST_USE; /* 0: end */

/* fs_write_all: all of it, whatever short writes come; a non-blocking descriptor is waited for. */
struct err *fs_write_all(int fd, const char *name, const void *bytes, size_t len) MUST_USE;

/* fs_replace: the file becomes exactly these bytes or stays as it was: temporary file beside it
 * (O_EXCL), write, fsync, close, rename. */
struct err *fs_replace(int dir_fd, const char *path, const void *bytes, size_t len, mode_t mode) MUST_USE;

struct err *fs_stat(int dir_fd, const char *path, bool follow, struct stat *out) MUST_USE;
struct err *fs_stat_fd(int fd, const char *name, struct stat *out) MUST_USE;
bool fs_exists(int dir_fd, const char *path); /* false also where we may not look */
bool fs_is_dir(int dir_fd, const char *path);

/* fs_list: the names in a directory, sorted bytewise, without "." and "..". */
struct err *fs_list(int dir_fd, const char *path, struct strv *out) MUST_USE;
struct err *fs_link_target(int dir_fd, const char *path, char **out) MUST_USE;
/* fs_attribute: the value of an extended attribute of the file itself, not of what it links to; nothing
 * is added to out where it has none, or the file system has none at all. */
struct err *fs_attribute(const char *path, const char *name, struct buf *out) MUST_USE;
struct err *fs_real_path(const char *path, char **out) MUST_USE;
struct err *fs_make_dirs(const char *path,
                         mode_t mode) MUST_USE; /* like mkdir -p; ENOTDIR where a file is in the way */
struct err *fs_unlink(int dir_fd, const char *path) MUST_USE;

char *fs_join(const char *dir, const char *name) MUST_USE; /* "a", "b" gives "a/b"; an absolute name wins */
const char *fs_base(const char *path);                     /* behind the last slash */

/* fs_lock: takes the file's exclusive flock(2), which ends with the process, however it ends, so
 * that kill -9 leaves no stale lock. The file keeps the holder's pid. Waits until deadline_ms;
 * on_wait (may be NULL) is told once, with the holder's pid (0 if unknown), before waiting.
 * Errors: RW9008_LOCKED naming the holder; RW9009_INTERRUPTED. Close *out_fd to unlock. */
struct err *fs_lock(const char *path, int64_t deadline_ms, const struct cancel *cancel,
                    void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *out_fd) MUST_USE;

#endif
