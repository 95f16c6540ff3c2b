#include "base/fs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"

static struct place place_new(void)
{
    struct place p = { .path = scratch_new(), .fd = -1 };
    check_ok(fs_open(AT_FDCWD, p.path, O_RDONLY | O_DIRECTORY, &p.fd));
    return p;
}

static void expect_text(int dir_fd, const char *path, const char *want)
{
    AUTO(buf) b = { 0 };
    check_ok(fs_read(dir_fd, path, 1 << 20, &b));
    assert_string_equal(buf_text(&b), want);
}

static void expect_names(int dir_fd, const char *want)
{
    AUTO(strv) names = { 0 };
    check_ok(fs_list(dir_fd, ".", &names));
    AUTO_STR joined = strv_join(&names, " ");
    assert_string_equal(joined, want);
}

static void test_open_is_close_on_exec_and_names_the_path(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO_FD fd = -1;
    check_errno(fs_open(at.fd, "absent", O_RDONLY, &fd), RW9001_FILE, ENOENT);
    check_says(fs_open(at.fd, "absent", O_RDONLY, &fd), RW9001_FILE, "cannot open absent");
    assert_int_equal(fd, -1);
    check_ok(fs_open(at.fd, "made", O_WRONLY | O_CREAT, &fd));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_read_refuses_what_is_no_regular_file(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO(buf) b = { 0 };
    assert_int_equal(mkfifoat(at.fd, "fifo", 0600), 0);
    assert_int_equal(symlinkat("fifo", at.fd, "link"), 0);
    int64_t before = clock_ms();
    check_says(fs_read(at.fd, "fifo", 100, &b), RW9001_FILE, "not a regular file");
    check_says(fs_read(at.fd, "link", 100, &b), RW9001_FILE, "not a regular file");
    check_says(fs_read(AT_FDCWD, "/dev/zero", 100, &b), RW9001_FILE, "not a regular file");
    check_between(clock_ms() - before, 0, 5000); /* a FIFO would block for ever */
    check_errno(fs_read(at.fd, ".", 100, &b), RW9001_FILE, EISDIR);
    check_errno(fs_read(at.fd, "absent", 100, &b), RW9001_FILE, ENOENT);
    check_errno(fs_read(at.fd, "", 100, &b), RW9001_FILE, ENOENT);
}

static void test_read_holds_its_bound(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO(buf) b = BUF_INIT(10);
    buf_adds(&b, "kept");
    scratch_write(at.path, "ten", "0123456789");
    check_error(fs_read(at.fd, "ten", 9, &b), RW9002_FILE_TOO_LARGE);
    check_says(fs_read(at.fd, "ten", 9, &b), RW9002_FILE_TOO_LARGE, "more than 9 bytes");
    assert_string_equal(buf_text(&b), "kept");
    check_ok(fs_read(at.fd, "ten", 10, &b));
    assert_string_equal(buf_text(&b), "0123456789");
    scratch_write(at.path, "empty", "");
    check_ok(fs_read(at.fd, "empty", 0, &b));
    assert_int_equal(b.len, 0);
}

/* /proc says size 0 for its files. */
static void test_read_does_not_believe_the_size(void **state)
{
    (void)state;
    AUTO(buf) b = { 0 };
    check_ok(fs_read(AT_FDCWD, "/proc/self/status", 1 << 20, &b));
    assert_true(b.len > 0);
}

static void test_write_to_a_full_device(void **state)
{
    (void)state;
    AUTO_FD full = -1;
    check_ok(fs_open(AT_FDCWD, "/dev/full", O_WRONLY, &full));
    check_errno(fs_write_all(full, "out", "x", 1), RW9001_FILE, ENOSPC);
    check_ok(fs_write_all(full, "out", "", 0));
}

static void *read_slowly(void *arg)
{
    int fd = *(int *)arg;
    char chunk[4096];
    size_t total = 0, got = 1;
    usleep(50 * 1000);
    while (got) {
        check_ok(fs_read_some(fd, "pipe", chunk, sizeof chunk, &got));
        total += got;
    }
    return (void *)(uintptr_t)total;
}

/* A terminal or pipe whose other users made it non-blocking. */
static void test_write_all_waits_for_a_full_non_blocking_pipe(void **state)
{
    (void)state;
    enum { MANY = 300000 };
    int ends[2];
    pthread_t reader;
    void *total;
    AUTO_STR bytes = xcalloc(MANY, 1);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &ends[0]), 0);
    check_ok(fs_write_all(ends[1], "pipe", bytes, MANY));
    close(ends[1]);
    pthread_join(reader, &total);
    close(ends[0]);
    assert_int_equal((uintptr_t)total, MANY);
}

static void test_replace_makes_and_replaces(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    struct stat st;
    check_ok(fs_replace(at.fd, "f", "one", 3, 0600));
    check_ok(fs_replace(at.fd, "f", "two", 3, 0640));
    expect_text(at.fd, "f", "two");
    expect_names(at.fd, "f");
    check_ok(fs_stat(at.fd, "f", false, &st));
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void test_replace_that_fails_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    scratch_write(at.path, "f", "old");
    assert_int_equal(mkdirat(at.fd, "folder", 0700), 0);
    check_errno(fs_replace(at.fd, "folder", "new", 3, 0600), RW9001_FILE, EISDIR);
    check_errno(fs_replace(at.fd, "absent/f", "new", 3, 0600), RW9001_FILE, ENOENT);
    expect_names(at.fd, "f folder");
}

/* What a process that was killed with the same pid left behind, as happens in containers. */
static void test_replace_passes_over_a_dead_process_temporary(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO_STR stale = xasprintf("f.%ld.tmp", (long)gettid());
    scratch_write(at.path, stale, "half");
    check_ok(fs_replace(at.fd, "f", "new", 3, 0600));
    expect_text(at.fd, "f", "new");
    expect_names(at.fd, "f");
}

/* A real limit: the kernel itself refuses the second block. */
static void test_replace_at_a_file_size_limit(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    scratch_write(at.path, "f", "old");
    int status;
    pid_t child = fork();
    if (child == 0) {
        enum { MANY = 10000 };
        AUTO_STR bytes = xcalloc(MANY, 1);
        struct rlimit limit = { 4096, 4096 };
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        AUTO_PTR(err) e = fs_replace(at.fd, "f", bytes, MANY, 0600);
        _exit(err_errno(e) == EFBIG ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_text(at.fd, "f", "old");
    expect_names(at.fd, "f");
}

static void test_list_sorts_and_leaves_out_dots(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO(strv) names = { 0 };
    expect_names(at.fd, "");
    scratch_write(at.path, "b", "");
    scratch_write(at.path, "...", "");
    scratch_write(at.path, ".hidden", "");
    scratch_write(at.path, "B", "");
    expect_names(at.fd, "... .hidden B b");
    check_errno(fs_list(at.fd, "b", &names), RW9001_FILE, ENOTDIR);
    check_errno(fs_list(at.fd, "absent", &names), RW9001_FILE, ENOENT);
    assert_int_equal(names.count, 0);
}

static void test_make_dirs_like_mkdir_p(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO_STR deep = fs_join(at.path, "x//y/z/");
    check_ok(fs_make_dirs(deep, 0700));
    check_ok(fs_make_dirs(deep, 0700));
    assert_true(fs_is_dir(at.fd, "x/y/z"));
    scratch_write(at.path, "file", "");
    AUTO_STR file = fs_join(at.path, "file");
    AUTO_STR below = fs_join(at.path, "file/below");
    check_errno(fs_make_dirs(file, 0700), RW9001_FILE, ENOTDIR);
    check_errno(fs_make_dirs(below, 0700), RW9001_FILE, ENOTDIR);
    check_errno(fs_make_dirs("", 0700), RW9001_FILE, ENOENT);
    check_ok(fs_make_dirs("/", 0700));
    assert_int_equal(symlinkat("x", at.fd, "link"), 0);
    AUTO_STR through = fs_join(at.path, "link/new");
    check_ok(fs_make_dirs(through, 0700));
}

static void test_stat_and_links(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    struct stat st;
    AUTO_STR target = NULL;
    AUTO_STR real = NULL;
    scratch_write(at.path, "file", "abc");
    assert_int_equal(symlinkat("absent", at.fd, "dangling"), 0);
    check_ok(fs_stat(at.fd, "dangling", false, &st));
    assert_true(S_ISLNK(st.st_mode));
    check_errno(fs_stat(at.fd, "dangling", true, &st), RW9001_FILE, ENOENT);
    assert_false(fs_exists(at.fd, "dangling"));
    assert_true(fs_exists(at.fd, "file"));
    assert_false(fs_is_dir(at.fd, "file"));
    check_ok(fs_link_target(at.fd, "dangling", &target));
    assert_string_equal(target, "absent");
    check_errno(fs_link_target(at.fd, "file", &target), RW9001_FILE, EINVAL);
    AUTO_STR dotted = fs_join(at.path, "./file");
    check_ok(fs_real_path(dotted, &real));
    assert_string_equal(fs_base(real), "file");
    check_errno(fs_real_path("/absent/file", &real), RW9001_FILE, ENOENT);
    check_errno(fs_unlink(at.fd, "absent"), RW9001_FILE, ENOENT);
    check_ok(fs_unlink(at.fd, "dangling"));
    expect_names(at.fd, "file");
}

static void test_a_file_without_the_attribute(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO(buf) value = BUF_INIT(16);
    AUTO_STR file = fs_join(at.path, "f");
    AUTO_STR none = fs_join(at.path, "none");
    scratch_write(at.path, "f", "text");
    check_ok(fs_attribute(file, "security.capability", &value));
    assert_int_equal(value.len, 0);
    check_errno(fs_attribute(none, "security.capability", &value), RW9001_FILE, ENOENT);
}

static void test_path_texts(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *name, *joined;
    } rows[] = { { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" }, { "a", "/b", "/b" }, { "/", "b", "/b" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR joined = fs_join(rows[i].dir, rows[i].name);
        assert_string_equal(joined, rows[i].joined);
    }
    assert_string_equal(fs_base("/a/b"), "b");
    assert_string_equal(fs_base("b"), "b");
    assert_string_equal(fs_base("a/"), "");
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

/* The first write, the second after a short one, the sync, the rename: each fails once. */
static void test_replace_survives_a_fault_at_every_step(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        int number;
    } steps[] = {
        { "fs.open=error(EROFS)", EROFS },       { "fs.write=error(ENOSPC)", ENOSPC },
        { "fs.write=1*short->error(EIO)", EIO }, { "fs.write=1*error(EINTR)->error(EDQUOT)", EDQUOT },
        { "fs.sync=error(EIO)", EIO },           { "fs.rename=error(EACCES)", EACCES },
    };
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        AUTO(place) at = place_new();
        scratch_write(at.path, "f", "old");
        fault_set(steps[i].fault);
        check_errno(fs_replace(at.fd, "f", "new bytes", 9, 0600), RW9001_FILE, steps[i].number);
        fault_set(NULL);
        expect_text(at.fd, "f", "old");
        expect_names(at.fd, "f");
    }
}

static void test_short_and_interrupted_transfers_go_on(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO(buf) b = { 0 };
    fault_set("fs.write=3*short->2*error(EINTR)->1*error(EAGAIN)->short;fs.read=1*error(EINTR)->short");
    check_ok(fs_replace(at.fd, "f", "0123456789", 10, 0600));
    check_ok(fs_read(at.fd, "f", 10, &b));
    assert_string_equal(buf_text(&b), "0123456789");
}

static void test_every_point_reaches_its_caller(void **state)
{
    (void)state;
    AUTO(place) at = place_new();
    AUTO(strv) names = { 0 };
    AUTO(buf) b = { 0 };
    AUTO_STR text = NULL;
    struct stat st;
    int fd = -1;
    scratch_write(at.path, "f", "text");
    AUTO_STR below = fs_join(at.path, "d");
    fault_set("fs.open=error(ENFILE)");
    check_errno(fs_open(at.fd, "f", O_RDONLY, &fd), RW9001_FILE, ENFILE);
    fault_set("fs.read=2*off->error(EIO)");
    check_ok(fs_read(at.fd, "f", 10, &b));
    check_errno(fs_read(at.fd, "f", 10, &b), RW9001_FILE, EIO);
    check_errno(fs_link_target(at.fd, "f", &text), RW9001_FILE, EIO);
    fault_set("fs.stat=error(EACCES)");
    check_errno(fs_stat(at.fd, "f", true, &st), RW9001_FILE, EACCES);
    check_errno(fs_stat_fd(at.fd, "f", &st), RW9001_FILE, EACCES);
    check_errno(fs_real_path(at.path, &text), RW9001_FILE, EACCES);
    fault_set("fs.attribute=error(EACCES)");
    check_errno(fs_attribute(at.path, "user.none", &b), RW9001_FILE, EACCES);
    fault_set("fs.stat=error(EACCES)");
    assert_false(fs_exists(at.fd, "f"));
    assert_false(fs_is_dir(at.fd, "."));
    fault_set("fs.list=error(EIO)");
    check_errno(fs_list(at.fd, ".", &names), RW9001_FILE, EIO);
    fault_set("fs.mkdir=error(ENOSPC)");
    check_errno(fs_make_dirs(below, 0700), RW9001_FILE, ENOSPC);
    fault_set("fs.unlink=error(EROFS)");
    check_errno(fs_unlink(at.fd, "f"), RW9001_FILE, EROFS);
    assert_string_equal(buf_text(&b), "text");
    assert_null(text);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_is_close_on_exec_and_names_the_path),
        cmocka_unit_test(test_read_refuses_what_is_no_regular_file),
        cmocka_unit_test(test_read_holds_its_bound),
        cmocka_unit_test(test_read_does_not_believe_the_size),
        cmocka_unit_test(test_write_to_a_full_device),
        cmocka_unit_test(test_write_all_waits_for_a_full_non_blocking_pipe),
        cmocka_unit_test(test_replace_makes_and_replaces),
        cmocka_unit_test(test_replace_that_fails_leaves_the_old_file_and_nothing_else),
        cmocka_unit_test(test_replace_passes_over_a_dead_process_temporary),
        cmocka_unit_test(test_replace_at_a_file_size_limit),
        cmocka_unit_test(test_list_sorts_and_leaves_out_dots),
        cmocka_unit_test(test_make_dirs_like_mkdir_p),
        cmocka_unit_test(test_stat_and_links),
        cmocka_unit_test(test_a_file_without_the_attribute),
        cmocka_unit_test(test_path_texts),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_replace_survives_a_fault_at_every_step, teardown_fault),
        cmocka_unit_test_teardown(test_short_and_interrupted_transfers_go_on, teardown_fault),
        cmocka_unit_test_teardown(test_every_point_reaches_its_caller, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
