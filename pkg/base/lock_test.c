#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "fake/check.h"

struct told {
    int times;
    int64_t pid;
    pid_t kill_it; /* killed when told, if > 0 */
    struct cancel *cancel_it;
};

static void on_wait(void *ctx, int64_t holder_pid)
{
    struct told *told = ctx;
    told->times++;
    told->pid = holder_pid;
    if (told->kill_it > 0)
        kill(told->kill_it, SIGKILL);
    if (told->cancel_it)
        cancel_request(told->cancel_it, SIGINT);
}

static struct err *lock_now(const char *path, int *fd)
{
    return fs_lock(path, 0, NULL, NULL, NULL, fd);
}

/* Another process holds the lock, till it is killed. */
static pid_t start_holder(const char *path)
{
    int ends[2];
    char ready;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = -1;
        struct err *e = lock_now(path, &fd);
        if (e || write(ends[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    return child;
}

static void end_holder(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static char *lock_path(void)
{
    AUTO_STR dir = scratch_new();
    return fs_join(dir, "lock");
}

static void test_held_by_another_process_names_its_pid(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1;
    pid_t holder = start_holder(path);
    AUTO_STR pid_text = xasprintf("(pid %ld)", (long)holder);
    check_says(lock_now(path, &fd), RW9008_LOCKED, pid_text);
    check_says(lock_now(path, &fd), RW9008_LOCKED, path);
    assert_int_equal(fd, -1);
    end_holder(holder);
}

static void test_kill_9_of_the_holder_frees_it(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1;
    end_holder(start_holder(path));
    AUTO_FD longer = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(longer, "2147483647", 10, 0), 10);
    check_ok(lock_now(path, &fd));
    AUTO(buf) holder = { 0 };
    AUTO_STR mine = xasprintf("%ld", (long)getpid());
    check_ok(fs_read(AT_FDCWD, path, 100, &holder));
    assert_string_equal(buf_text(&holder), mine); /* and nothing of a dead one's longer pid */
}

static void test_waiting_tells_once_and_gets_it_when_freed(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1;
    pid_t holder = start_holder(path);
    struct told told = { .kill_it = holder };
    check_ok(fs_lock(path, clock_after(20000), NULL, on_wait, &told, &fd));
    assert_int_equal(told.times, 1);
    assert_int_equal(told.pid, holder);
    end_holder(holder);
}

static void test_waiting_ends_at_the_deadline(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1;
    struct told told = { 0 };
    pid_t holder = start_holder(path);
    int64_t before = clock_ms();
    check_error(fs_lock(path, before + 250, NULL, on_wait, &told, &fd), RW9008_LOCKED);
    check_between(clock_ms() - before, 250, 10000);
    assert_int_equal(told.times, 1);
    end_holder(holder);
}

static void test_waiting_ends_at_a_cancellation(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1;
    AUTO_PTR(cancel) cancel = NULL;
    check_ok(cancel_new(&cancel));
    struct told told = { .cancel_it = cancel };
    pid_t holder = start_holder(path);
    int64_t before = clock_ms();
    check_error(fs_lock(path, clock_after(60000), cancel, on_wait, &told, &fd), RW9009_INTERRUPTED);
    check_between(clock_ms() - before, 0, 10000);
    end_holder(holder);
}

static void test_close_frees_it(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    int fd = -1;
    check_ok(lock_now(path, &fd));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC); /* a child must not keep it */
    AUTO_FD second = -1;
    check_error(lock_now(path, &second), RW9008_LOCKED);
    fd_closep(&fd);
    check_ok(lock_now(path, &second));
}

/* Whatever stands in the file is no pid until proved. */
static void test_nonsense_in_the_file_is_no_pid(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1, second = -1;
    check_ok(lock_now(path, &fd));
    static const char *const texts[] = { "", "-1", "12 34", "999999999999", "x" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
        AUTO_PTR(err) e = lock_now(path, &second);
        assert_int_equal(err_get_code(e), RW9008_LOCKED);
        assert_null(strstr(err_get_message(e), "pid"));
    }
}

static void test_no_folder_is_a_file_error(void **state)
{
    (void)state;
    int fd = -1;
    check_errno(lock_now("/absent/lock", &fd), RW9001_FILE, ENOENT);
}

#ifdef RWML_FAULT
static void test_faults(void **state)
{
    (void)state;
    AUTO_STR path = lock_path();
    AUTO_FD fd = -1;
    fault_set("fs.lock=error(ENOLCK)"); /* NFS without a lock daemon */
    check_errno(lock_now(path, &fd), RW9001_FILE, ENOLCK);
    fault_set("fs.write=error(ENOSPC)");
    check_errno(lock_now(path, &fd), RW9001_FILE, ENOSPC);
    fault_set("fs.lock=1*error(EINTR)");
    check_ok(fs_lock(path, clock_after(5000), NULL, NULL, NULL, &fd)); /* and the failed one left it free */
    fault_set(NULL);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_by_another_process_names_its_pid),
        cmocka_unit_test(test_kill_9_of_the_holder_frees_it),
        cmocka_unit_test(test_waiting_tells_once_and_gets_it_when_freed),
        cmocka_unit_test(test_waiting_ends_at_the_deadline),
        cmocka_unit_test(test_waiting_ends_at_a_cancellation),
        cmocka_unit_test(test_close_frees_it),
        cmocka_unit_test(test_nonsense_in_the_file_is_no_pid),
        cmocka_unit_test(test_no_folder_is_a_file_error),
#ifdef RWML_FAULT
        cmocka_unit_test(test_faults),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
