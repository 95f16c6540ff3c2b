#include "fake/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_new_has_code_class_and_message(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_new(RW1011_UNKNOWN_SERVICE, "no service is called \"%s\"", "tradse");
    assert_int_equal(err_get_code(e), 1011);
    assert_int_equal(err_get_class(e), ERR_USAGE);
    assert_string_equal(err_get_message(e), "no service is called \"tradse\"");
    assert_null(err_get_cause(e));
    assert_null(err_get_state(e));
    assert_null(err_get_next(e, 0));
    assert_null(err_get_where(e));
    assert_null(err_get_detail(e));
    assert_int_equal(err_errno(e), 0);
    assert_int_equal(err_errno(NULL), 0);
}

static void test_sys_names_the_errno(void **state)
{
    (void)state;
    errno = EIO;
    AUTO_PTR(err) e = err_sys(RW9001_FILE, ENOSPC, "cannot write %s", "x");
    assert_int_equal(err_errno(e), ENOSPC);
    assert_string_equal(err_get_cause(e), "No space left on device (ENOSPC)");
    AUTO_PTR(err) odd = err_sys(RW9001_FILE, 4095, "cannot write x");
    assert_non_null(strstr(err_get_cause(odd), "unknown errno"));
}

static void test_because_keeps_what_was_told_below(void **state)
{
    (void)state;
    struct err *inner = err_sys(RW9001_FILE, EACCES, "cannot open k.yaml");
    inner = err_next(err_state(err_where(inner, "k.yaml", 3, 5), "nothing contacted"), "chmod +r k.yaml");
    inner = err_detail(inner, "line 1\nline 2", 13);
    AUTO_PTR(err) e = err_because(RW1001_CONFIG_UNREADABLE, inner, "cannot read %s", "the configuration");
    assert_int_equal(err_get_code(e), RW1001_CONFIG_UNREADABLE);
    assert_string_equal(err_get_message(e), "cannot read the configuration");
    assert_string_equal(err_get_cause(e), "cannot open k.yaml: Permission denied (EACCES)");
    assert_string_equal(err_get_state(e), "nothing contacted");
    assert_string_equal(err_get_where(e), "k.yaml:3:5");
    assert_string_equal(err_get_next(e, 0), "chmod +r k.yaml");
    assert_string_equal(err_get_detail(e), "line 1\nline 2");
    assert_int_equal(err_errno(e), EACCES);
}

static void test_because_without_a_cause_takes_the_message(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_because(RW4003_NODE_FAILED, err_new(RW9007_DEADLINE, "no answer in time"), "node n1 failed");
    assert_string_equal(err_get_cause(e), "no answer in time");
}

static void test_because_leaves_an_interruption_alone(void **state)
{
    (void)state;
    struct err *inner = err_new(RW9009_INTERRUPTED, "interrupted");
    AUTO_PTR(err) e = err_because(RW3104_ENGINE_GONE, inner, "the engine went away");
    assert_ptr_equal(e, inner);
    assert_int_equal(err_get_class(e), ERR_INTERRUPTED);
    assert_null(err_because(RW3104_ENGINE_GONE, NULL, "the engine went away"));
}

static void test_because_keeps_siblings(void **state)
{
    (void)state;
    struct err *chain = err_join(err_new(RW4003_NODE_FAILED, "n1"), err_new(RW4002_NODE_STOPPED, "n2"));
    AUTO_PTR(err) e = err_because(RW4005_NODES_PARTIAL, chain, "1 of 3 nodes has the image");
    assert_non_null(err_sibling(e));
    assert_string_equal(err_get_message(err_sibling(e)), "n2");
    assert_null(err_sibling(err_sibling(e)));
}

static void test_first_state_wins_last_cause_wins(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_new(RW9001_FILE, "x");
    e = err_state(e, "from %s", "below");
    e = err_state(e, "from above");
    assert_string_equal(err_get_state(e), "from below");
    e = err_cause(e, "one");
    e = err_cause(e, "%s, and two", err_get_cause(e)); /* built from what it replaces */
    assert_string_equal(err_get_cause(e), "one, and two");
}

static void test_next_holds_two_commands(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_new(RW9001_FILE, "x");
    e = err_next(err_next(err_next(e, "a"), "b"), "c");
    assert_string_equal(err_get_next(e, 0), "a");
    assert_string_equal(err_get_next(e, 1), "b");
    assert_null(err_get_next(e, 2));
}

static void test_where_leaves_out_what_is_unknown(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_new(RW9001_FILE, "x");
    e = err_where(e, "a.yaml", 0, 0);
    assert_string_equal(err_get_where(e), "a.yaml");
    e = err_where(e, "a.yaml", 7, 0);
    assert_string_equal(err_get_where(e), "a.yaml:7");
    e = err_at(e, "Deployment/%s", "web");
    assert_string_equal(err_get_where(e), "Deployment/web");
}

static void test_additions_to_success_stay_success(void **state)
{
    (void)state;
    assert_null(err_state(NULL, "s"));
    assert_null(err_cause(NULL, "c"));
    assert_null(err_next(NULL, "n"));
    assert_null(err_at(NULL, "o"));
    assert_null(err_where(NULL, "f", 1, 1));
    assert_null(err_detail(NULL, "d", 1));
    assert_null(err_join(NULL, NULL));
    err_free(NULL);
    err_ignore(NULL, "nothing to drop");
}

static void test_join_keeps_order(void **state)
{
    (void)state;
    struct err *ab = err_join(err_new(RW9001_FILE, "a"), err_new(RW9001_FILE, "b"));
    AUTO_PTR(err) e = err_join(NULL, err_join(ab, err_join(err_new(RW9001_FILE, "c"), NULL)));
    assert_string_equal(err_get_message(e), "a");
    assert_string_equal(err_get_message(err_sibling(e)), "b");
    assert_string_equal(err_get_message(err_sibling(err_sibling(e))), "c");
    assert_null(err_sibling(err_sibling(err_sibling(e))));
}

/* Each code here outweighs all that follow, in whatever order they are joined. */
static void test_chain_class_is_the_heaviest(void **state)
{
    (void)state;
    static const enum err_code by_weight[] = {
        RW9009_INTERRUPTED,     RW9008_LOCKED,        RW4201_IMAGE_STREAM,       RW9001_FILE,
        RW1011_UNKNOWN_SERVICE, RW5600_APPLY_PARTIAL, RW3101_ENGINE_UNREACHABLE, RW5409_CONFLICT,
        RW6201_ROLLOUT_TIMEOUT, RW3201_BUILD_FAILED,
    };
    for (size_t i = 0; i < COUNT_OF(by_weight); i++)
        for (size_t j = i; j < COUNT_OF(by_weight); j++) {
            AUTO_PTR(err) one = err_new(by_weight[i], "one");
            enum err_class heavier = err_get_class(one);
            AUTO_PTR(err) before = err_join(err_new(by_weight[i], "one"), err_new(by_weight[j], "other"));
            AUTO_PTR(err) behind = err_join(err_new(by_weight[j], "other"), err_new(by_weight[i], "one"));
            assert_int_equal(err_chain_class(before), heavier);
            assert_int_equal(err_chain_class(behind), heavier);
        }
}

/* The classes are exit codes that scripts rely on: numbers and names are told here once more. */
static void test_classes_are_the_documented_exit_codes(void **state)
{
    (void)state;
    static const struct {
        enum err_class cls;
        int exit_code;
        const char *name;
    } rows[] = {
        { ERR_APP, 1, "APP" },
        { ERR_USAGE, 2, "USAGE" },
        { ERR_ENV, 3, "ENV" },
        { ERR_REJECT, 4, "REJECT" },
        { ERR_TIMEOUT, 5, "TIMEOUT" },
        { ERR_PARTIAL, 6, "PARTIAL" },
        { ERR_LOCAL, 7, "LOCAL" },
        { ERR_INTEGRITY, 8, "INTEGRITY" },
        { ERR_LOCKED, 9, "LOCKED" },
        { ERR_BUG, 70, "BUG" },
        { ERR_INTERRUPTED, 130, "INTERRUPTED" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(rows[i].cls, rows[i].exit_code);
        assert_string_equal(err_class_name(rows[i].cls), rows[i].name);
    }
}

static void test_errno_names(void **state)
{
    (void)state;
    assert_string_equal(errno_name(ENOENT), "ENOENT");
    assert_string_equal(errno_name(-1), "unknown errno");
}

/* A child meets the bug, since it ends the process. */
static void test_bug_exits_70_and_says_where(void **state)
{
    (void)state;
    int ends[2], status;
    char text[512] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        BUG("the %s is impossible", "thing");
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
    assert_non_null(strstr(text, "err_test.c:"));
    assert_non_null(strstr(text, "the thing is impossible"));
    assert_non_null(strstr(text, "state: "));
}

static void test_state_is_told_of_every_error_of_a_chain(void **state)
{
    (void)state;
    AUTO_PTR(err) e = err_state(err_new(RW9001_FILE, "first"), "told");
    e = err_join(STEAL(&e), err_new(RW9001_FILE, "second"));
    e = err_state(STEAL(&e), "from above");
    assert_string_equal(err_get_state(e), "told");
    assert_string_equal(err_get_state(err_sibling(e)), "from above");
    e = err_state_add(STEAL(&e), "and more");
    assert_string_equal(err_get_state(e), "told; and more");
    assert_string_equal(err_get_state(err_sibling(e)), "from above; and more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_is_told_of_every_error_of_a_chain),
        cmocka_unit_test(test_new_has_code_class_and_message),
        cmocka_unit_test(test_sys_names_the_errno),
        cmocka_unit_test(test_because_keeps_what_was_told_below),
        cmocka_unit_test(test_because_without_a_cause_takes_the_message),
        cmocka_unit_test(test_because_leaves_an_interruption_alone),
        cmocka_unit_test(test_because_keeps_siblings),
        cmocka_unit_test(test_first_state_wins_last_cause_wins),
        cmocka_unit_test(test_next_holds_two_commands),
        cmocka_unit_test(test_where_leaves_out_what_is_unknown),
        cmocka_unit_test(test_additions_to_success_stay_success),
        cmocka_unit_test(test_join_keeps_order),
        cmocka_unit_test(test_chain_class_is_the_heaviest),
        cmocka_unit_test(test_classes_are_the_documented_exit_codes),
        cmocka_unit_test(test_errno_names),
        cmocka_unit_test(test_bug_exits_70_and_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
