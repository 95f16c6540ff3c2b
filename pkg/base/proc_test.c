#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/limits.h"
#include "fake/check.h"

static struct err *run_shell(const char *script, int64_t deadline_ms, struct proc_result *out)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    return proc_run(argv, NULL, deadline_ms, NULL, out);
}

static void expect_shell(const char *script, int exit_code, const char *out, const char *errors)
{
    AUTO(proc_result) r = { 0 };
    check_ok(run_shell(script, clock_after(20000), &r));
    assert_int_equal(r.exit_code, exit_code);
    assert_string_equal(buf_text(&r.out), out);
    assert_string_equal(buf_text(&r.err), errors);
}

static void expect_no_child_left(void)
{
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_absent_program_says_which(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    const char *argv[] = { "rwml-no-such-program", NULL };
    check_errno(proc_run(argv, NULL, clock_after(5000), NULL, &r), RW9004_PROCESS, ENOENT);
    check_says(proc_run(argv, NULL, clock_after(5000), NULL, &r), RW9004_PROCESS, "rwml-no-such-program");
    const char *folder[] = { "/", NULL };
    check_errno(proc_run(folder, NULL, clock_after(5000), NULL, &r), RW9004_PROCESS, EACCES);
    expect_no_child_left();
}

/* What it asks and what it says go past us. */
static void test_talk(void **state)
{
    (void)state;
    int saved = dup(STDERR_FILENO), ends[2];
    char said[16] = { 0 };
    const char *argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
    AUTO(proc_result) r = { 0 };
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    dup2(ends[1], STDERR_FILENO);
    struct err *e = proc_talk(argv, NULL, clock_after(20000), NULL, &r);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    check_ok(e);
    assert_int_equal(read(ends[0], said, sizeof said - 1), 4);
    close(ends[0]);
    assert_string_equal(said, "err\n");
    assert_string_equal(buf_text(&r.out), "out\n");
    assert_int_equal(r.err.len, 0);
    expect_no_child_left();
}

static void expect_found(const char *command, const char *wanted)
{
    AUTO_STR found = proc_find(command);
    assert_string_equal(found ? found : "none", wanted);
}

static void test_find(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR program = xasprintf("%s/rwml-test-program", dir);
    AUTO_STR old = xstrdup(getenv("PATH"));
    AUTO_STR path = xasprintf("relative:/usr/bin/env:%s", dir);
    scratch_write(dir, "rwml-test-program", "#!/bin/sh\n");
    setenv("PATH", path, 1);
    expect_found("rwml-test-program", "none"); /* it can't be executed */
    assert_int_equal(chmod(program, 0700), 0);
    expect_found("rwml-test-program", program);
    expect_found(program, program);
    expect_found(dir, "none");
    setenv("PATH", ".:", 1);
    assert_int_equal(chdir(dir), 0);
    expect_found("rwml-test-program", "none"); /* who ever put it here */
    expect_found("./rwml-test-program", "./rwml-test-program");
    assert_int_equal(chdir("/"), 0);
    setenv("PATH", old, 1);
}

static void test_outcome_of_a_child(void **state)
{
    (void)state;
    expect_shell("echo out; echo err >&2; exit 3", 3, "out\n", "err\n");
    expect_shell("kill -TERM $$", 128 + SIGTERM, "", "");
    expect_shell("exec >&- 2>&-; sleep 0.1; exit 4", 4, "", ""); /* closes its output long before it ends */
    expect_shell("wc -c", 0, "0\n", "");                         /* stdin is empty, not ours */
    expect_no_child_left();
}

static void test_no_shell_looks_at_the_arguments(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    const char *argv[] = { "printf", "%s|", "$(touch x)", ";", "a\nb", "-n", "*", NULL };
    check_ok(proc_run(argv, NULL, clock_after(5000), NULL, &r));
    assert_string_equal(buf_text(&r.out), "$(touch x)|;|a\nb|-n|*|");
}

static void test_env_replaces_ours(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    char only[] = "ONLY=this";
    char *env[] = { only, NULL };
    const char *argv[] = { "/usr/bin/env", NULL };
    check_ok(proc_run(argv, env, clock_after(5000), NULL, &r));
    assert_string_equal(buf_text(&r.out), "ONLY=this\n");
}

/* Descriptors that our own starter left open without close-on-exec must not reach a child. */
static void test_child_sees_descriptors_0_to_2_only(void **state)
{
    (void)state;
    int leaked = dup2(STDERR_FILENO, 57);
    assert_int_equal(leaked, 57);
    expect_shell("cd /proc/self/fd && for f in 3 4 5 6 7 8 9 57; do [ -e $f ] && echo $f; done; true", 0, "", "");
    close(leaked);
}

/* Else `yes | head` in a plugin would never end. */
static void test_child_dies_of_sigpipe_though_we_ignore_it(void **state)
{
    (void)state;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    expect_shell("kill -PIPE $$; echo alive", 128 + SIGPIPE, "", "");
    signal(SIGPIPE, before);
}

static void test_child_that_hangs_is_killed_at_the_deadline(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR script = xasprintf("echo $$ >%s/pid; exec sleep 100", dir);
    AUTO(proc_result) r = { 0 };
    AUTO(buf) pid = { 0 };
    int64_t before = clock_ms();
    check_error(run_shell(script, before + 400, &r), RW9007_DEADLINE);
    check_between(clock_ms() - before, 400, 10000);
    AUTO_STR pid_path = fs_join(dir, "pid");
    check_ok(fs_read(AT_FDCWD, pid_path, 100, &pid));
    assert_int_equal(kill((pid_t)strtol(buf_text(&pid), NULL, 10), 0), -1);
    expect_no_child_left();
}

static void test_child_that_closes_its_output_and_hangs_is_killed_too(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    check_error(run_shell("exec >&- 2>&-; exec sleep 100", clock_after(200), &r), RW9007_DEADLINE);
    expect_no_child_left();
}

static void test_child_that_ignores_sigterm_is_killed_too(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    check_error(run_shell("trap '' TERM INT HUP; while :; do sleep 1; done", clock_after(200), &r), RW9007_DEADLINE);
    expect_no_child_left();
}

static void test_child_that_floods_is_killed_at_the_bound(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    check_says(run_shell("exec yes", clock_after(60000), &r), RW9004_PROCESS, "answers too much");
    check_says(run_shell("exec yes >&2", clock_after(60000), &r), RW9004_PROCESS, "answers too much");
    expect_no_child_left();
}

static void test_answer_up_to_the_bound_comes_whole(void **state)
{
    (void)state;
    AUTO(proc_result) r = { 0 };
    AUTO_STR script = xasprintf("head -c %u /dev/zero; head -c 100000 /dev/zero >&2", LIMIT_CHILD_OUTPUT);
    check_ok(run_shell(script, clock_after(60000), &r));
    assert_int_equal(r.out.len, LIMIT_CHILD_OUTPUT);
    assert_int_equal(r.err.len, 100000);
}

static void *cancel_soon(void *c)
{
    usleep(50 * 1000);
    cancel_request(c, SIGINT);
    return NULL;
}

static void test_cancellation_kills_the_child(void **state)
{
    (void)state;
    static const char *const scripts[] = { "exec sleep 100", "exec >&- 2>&-; exec sleep 100" };
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        AUTO_PTR(cancel) c = NULL;
        AUTO(proc_result) r = { 0 };
        const char *argv[] = { "sh", "-c", scripts[i], NULL };
        pthread_t thread;
        check_ok(cancel_new(&c));
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, c), 0);
        check_error(proc_run(argv, NULL, CLOCK_NEVER, c, &r), RW9009_INTERRUPTED);
        pthread_join(thread, NULL);
        expect_no_child_left();
    }
}

#ifdef RWML_FAULT
static void test_every_point_reaches_its_caller(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        enum err_code code;
        int number;
    } rows[] = {
        { "proc.pipe=error(EMFILE)", RW9005_RESOURCES, EMFILE },
        { "proc.pipe=1*off->error(EMFILE)", RW9005_RESOURCES, EMFILE },
        { "proc.spawn=error(EAGAIN)", RW9004_PROCESS, EAGAIN },
        { "proc.wait=error(ECHILD)", RW9004_PROCESS, ECHILD },
        { "fs.read=error(EIO)", RW9001_FILE, EIO },
        { "net.wait=error(ENOMEM)", RW9003_SOCKET, ENOMEM },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(proc_result) r = { 0 };
        fault_set(rows[i].fault);
        check_errno(run_shell("echo x", clock_after(20000), &r), rows[i].code, rows[i].number);
        fault_set(NULL);
        assert_int_equal(r.out.len, 0);
        expect_no_child_left();
    }
    fault_set("fs.read=short;net.wait=1*error(EINTR)");
    expect_shell("echo slowly", 0, "slowly\n", "");
    fault_set(NULL);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_program_says_which),
        cmocka_unit_test(test_talk),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_outcome_of_a_child),
        cmocka_unit_test(test_no_shell_looks_at_the_arguments),
        cmocka_unit_test(test_env_replaces_ours),
        cmocka_unit_test(test_child_sees_descriptors_0_to_2_only),
        cmocka_unit_test(test_child_dies_of_sigpipe_though_we_ignore_it),
        cmocka_unit_test(test_child_that_hangs_is_killed_at_the_deadline),
        cmocka_unit_test(test_child_that_closes_its_output_and_hangs_is_killed_too),
        cmocka_unit_test(test_child_that_ignores_sigterm_is_killed_too),
        cmocka_unit_test(test_child_that_floods_is_killed_at_the_bound),
        cmocka_unit_test(test_answer_up_to_the_bound_comes_whole),
        cmocka_unit_test(test_cancellation_kills_the_child),
#ifdef RWML_FAULT
        cmocka_unit_test(test_every_point_reaches_its_caller),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
