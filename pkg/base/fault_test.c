#include "base/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake/check.h"

#ifdef RWML_FAULT

static void expect_hits(const char *setting, const int *want, size_t count)
{
    fault_set(setting);
    for (size_t i = 0; i < count; i++) {
        int got = fault_point("a.b", NULL);
        if (got != want[i])
            fail_msg("%s: hit %zu gave %d, not %d", setting, i + 1, got, want[i]);
    }
    fault_set(NULL);
}

static void test_terms(void **state)
{
    (void)state;
    expect_hits("a.b=error(EIO)", (int[]){ EIO, EIO, EIO }, 3);
    expect_hits("a.b=1*off->error(EIO)", (int[]){ 0, EIO, EIO }, 3);
    expect_hits("a.b=2*off->1*error(EIO)", (int[]){ 0, 0, EIO, 0, 0 }, 5);
    expect_hits("a.b=1*error(EIO)->2*error(ENOSPC)->off", (int[]){ EIO, ENOSPC, ENOSPC, 0 }, 4);
    expect_hits("", (int[]){ 0 }, 1);
}

static void test_names_match_whole(void **state)
{
    (void)state;
    expect_hits("a.bc=error(EIO);x=error(EIO);a=error(EIO)", (int[]){ 0, 0 }, 2);
    expect_hits("a.bc=error(EIO);a.b=1*error(EXDEV);c=off", (int[]){ EXDEV, 0 }, 2);
}

static void test_points_count_apart(void **state)
{
    (void)state;
    fault_set("a=1*error(EIO);b=1*error(EPERM)");
    assert_int_equal(fault_point("a", NULL), EIO);
    assert_int_equal(fault_point("b", NULL), EPERM);
    assert_int_equal(fault_point("a", NULL), 0);
    fault_set("a=1*error(EIO)"); /* counted anew */
    assert_int_equal(fault_point("a", NULL), EIO);
    fault_set(NULL);
    assert_int_equal(fault_point("a", NULL), 0);
}

static void test_short_leaves_one_byte(void **state)
{
    (void)state;
    size_t length = 100;
    fault_set("a=1*short");
    assert_int_equal(fault_point("a", &length), 0);
    assert_int_equal(length, 1);
    length = 100;
    assert_int_equal(fault_point("a", &length), 0);
    assert_int_equal(length, 100);
    fault_set("a=short");
    length = 0;
    assert_int_equal(fault_point("a", &length), 0);
    assert_int_equal(length, 0);
    assert_int_equal(fault_point("a", NULL), 0);
    fault_set(NULL);
}

static void test_delay_lasts_and_is_no_error(void **state)
{
    (void)state;
    int64_t before = clock_ms();
    fault_set("a=delay(60)");
    assert_int_equal(fault_point("a", NULL), 0);
    check_between(clock_ms() - before, 60, 10000);
    fault_set(NULL);
}

static int status_with(const char *setting)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGINT, SIG_DFL);
        fault_set(setting);
        _exit(fault_point("a", NULL) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_kill_and_signal(void **state)
{
    (void)state;
    int killed = status_with("a=kill");
    assert_true(WIFSIGNALED(killed));
    assert_int_equal(WTERMSIG(killed), SIGKILL);
    int interrupted = status_with("a=signal(SIGINT)");
    assert_true(WIFSIGNALED(interrupted));
    assert_int_equal(WTERMSIG(interrupted), SIGINT);
    assert_int_equal(status_with("a=signal(SIGCHLD)"), 0); /* raised, then on */
}

static void test_misspelt_settings_end_the_program(void **state)
{
    (void)state;
    static const char *const settings[] = { "a=eror(EIO)", "a=error(EWHAT)", "a=error",       "a=x*off", "a=0*off",
                                            "a=",          "a=signal(INT)",  "a=delay(long)", "a=1*typo" };
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        int status = status_with(settings[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 2)
            fail_msg("%s was taken", settings[i]);
    }
}

#else

/* What a release build promises: no setting reaches a point. */
static void test_release_has_no_switch(void **state)
{
    (void)state;
    size_t length = 100;
    setenv("RWML_FAULT", "a=error(EIO)", 1);
    assert_int_equal(fault_point("a", &length), 0);
    assert_int_equal(length, 100);
    unsetenv("RWML_FAULT");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef RWML_FAULT
        cmocka_unit_test(test_terms),
        cmocka_unit_test(test_names_match_whole),
        cmocka_unit_test(test_points_count_apart),
        cmocka_unit_test(test_short_leaves_one_byte),
        cmocka_unit_test(test_delay_lasts_and_is_no_error),
        cmocka_unit_test(test_kill_and_signal),
        cmocka_unit_test(test_misspelt_settings_end_the_program),
#else
        cmocka_unit_test(test_release_has_no_switch),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
