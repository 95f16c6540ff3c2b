#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "fake/check.h"

/* The traps that a cloned repository may set. outside/ lies beside the folder that is opened. */
static struct place place_with_traps(void)
{
    struct place at = { .path = scratch_new(), .fd = -1 };
    AUTO_STR inside = fs_join(at.path, "in");
    AUTO_STR outside = fs_join(at.path, "outside");
    check_ok(fs_make_dirs(outside, 0700));
    AUTO_STR deep = fs_join(inside, "a/b");
    check_ok(fs_make_dirs(deep, 0700));
    scratch_write(outside, "secret", "secret");
    scratch_write(deep, "file", "inside");
    check_ok(fs_open(AT_FDCWD, inside, O_RDONLY | O_DIRECTORY, &at.fd));
    AUTO_STR absolute = fs_join(outside, "secret");
    assert_int_equal(symlinkat("../outside/secret", at.fd, "to-file"), 0);
    assert_int_equal(symlinkat("../outside", at.fd, "to-folder"), 0);
    assert_int_equal(symlinkat(absolute, at.fd, "to-absolute"), 0);
    assert_int_equal(symlinkat("to-folder", at.fd, "to-link"), 0);
    assert_int_equal(symlinkat("loop", at.fd, "loop"), 0);
    assert_int_equal(symlinkat("a/b/file", at.fd, "to-inside"), 0);
    assert_int_equal(mkfifoat(at.fd, "fifo", 0600), 0);
    return at;
}

static void expect_escapes_refused(int dir_fd)
{
    static const char *const escapes[] = {
        "..",          "../outside/secret", "a/../../outside/secret",      "to-file",     "to-folder/secret",
        "to-absolute", "to-link/secret",    "a/b/../../../outside/secret", "/etc/passwd", "loop"
    };
    for (size_t i = 0; i < COUNT_OF(escapes); i++) {
        int fd = -1;
        AUTO_PTR(err) e = fs_open_beneath(dir_fd, escapes[i], &fd);
        if (!e || fd != -1)
            fail_msg("%s was opened", escapes[i]);
        /* ENOTDIR: a link where O_NOFOLLOW wanted a folder */
        if (err_errno(e) != EXDEV && err_errno(e) != ELOOP && err_errno(e) != ENOTDIR)
            fail_msg("%s: errno %s", escapes[i], errno_name(err_errno(e)));
    }
}

static void expect_opens(int dir_fd, const char *path)
{
    AUTO_FD fd = -1;
    check_ok(fs_open_beneath(dir_fd, path, &fd));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void expect_inside_opens(int dir_fd)
{
    AUTO_FD file = -1, none = -1;
    AUTO(buf) b = { 0 };
    check_ok(fs_open_beneath(dir_fd, "a//b/./file", &file));
    check_ok(fs_read_fd(file, "file", 100, &b));
    assert_string_equal(buf_text(&b), "inside");
    expect_opens(dir_fd, "a");
    expect_opens(dir_fd, "a/b/");
    expect_opens(dir_fd, ".");
    expect_opens(dir_fd, "fifo"); /* and does not block */
    check_errno(fs_open_beneath(dir_fd, "a/absent", &none), RW9001_FILE, ENOENT);
    check_errno(fs_open_beneath(dir_fd, "", &none), RW9001_FILE, ENOENT);
    check_errno(fs_open_beneath(dir_fd, "a/b/file/", &none), RW9001_FILE, ENOTDIR);
}

static void test_open_beneath_stays_beneath(void **state)
{
    (void)state;
    AUTO(place) at = place_with_traps();
    expect_escapes_refused(at.fd);
    expect_inside_opens(at.fd);
    expect_opens(at.fd, "to-inside");
}

static void test_read_beneath_stays_beneath(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR link = fs_join(dir, "out");
    AUTO_STR fifo = fs_join(dir, "fifo");
    AUTO_FD fd = -1;
    AUTO(buf) text = BUF_INIT(16);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    scratch_write(dir, "long", "12345678901234567");
    check_ok(fs_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &fd));
    check_error(fs_read_beneath(fd, "out", 16, &text), RW1016_PATH_OUTSIDE);
    check_error(fs_read_beneath(fd, "../x", 16, &text), RW1016_PATH_OUTSIDE);
    check_error(fs_read_beneath(fd, "fifo", 16, &text), RW9001_FILE);
    check_error(fs_read_beneath(fd, "long", 16, &text), RW9002_FILE_TOO_LARGE);
    check_errno(fs_read_beneath(fd, "none", 16, &text), RW9001_FILE, ENOENT);
    assert_int_equal(text.len, 0);
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_open_beneath_without_openat2(void **state)
{
    (void)state;
    static const char *const missing[] = { "fs.openat2=error(ENOSYS)", "fs.openat2=error(EPERM)" };
    AUTO(place) at = place_with_traps();
    for (size_t i = 0; i < COUNT_OF(missing); i++) {
        int fd = -1;
        fault_set(missing[i]);
        expect_escapes_refused(at.fd);
        expect_inside_opens(at.fd);
        check_errno(fs_open_beneath(at.fd, "to-inside", &fd), RW9001_FILE, ELOOP); /* no link is followed */
    }
    int fd = -1;
    fault_set("fs.openat2=error(EIO)");
    check_errno(fs_open_beneath(at.fd, "a", &fd), RW9001_FILE, EIO);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_beneath_stays_beneath),
        cmocka_unit_test(test_read_beneath_stays_beneath),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_open_beneath_without_openat2, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
