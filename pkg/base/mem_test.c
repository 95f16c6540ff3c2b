#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/check.h"

static void test_steal_moves_and_leaves_null(void **state)
{
    (void)state;
    char *from = xstrdup("x");
    AUTO_STR to = STEAL(&from);
    assert_null(from);
    assert_string_equal(to, "x");
}

static void test_auto_fd_closes(void **state)
{
    (void)state;
    int number;
    {
        AUTO_FD fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        number = fd;
        assert_true(fcntl(number, F_GETFD) >= 0);
    }
    assert_int_equal(fcntl(number, F_GETFD), -1);
    AUTO_FD none = -1;
    fd_closep(&none);
    assert_int_equal(none, -1);
}

static void test_strings(void **state)
{
    (void)state;
    assert_null(xstrdup(NULL));
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_false(str_eq("", NULL));
    assert_true(str_eq("a", "a"));
    assert_true(str_starts("abc", "ab"));
    assert_false(str_starts("a", "ab"));
    assert_true(str_ends("abc", "bc"));
    assert_false(str_ends("c", "bc"));
    assert_true(str_ends("c", ""));
    AUTO_STR slot = NULL;
    str_set(&slot, "one");
    str_set(&slot, slot + 1); /* a part of what it replaces */
    assert_string_equal(slot, "ne");
    str_set(&slot, NULL);
    assert_null(slot);
}

static void test_size_add_tells_overflow(void **state)
{
    (void)state;
    size_t sum = 7;
    assert_true(size_add(SIZE_MAX - 1, 1, &sum));
    assert_true(sum == SIZE_MAX);
    assert_false(size_add(SIZE_MAX, 1, &sum));
}

/* A child asks for more than there can be. */
static void test_out_of_memory_exits_7_and_says_so(void **state)
{
    (void)state;
    int ends[2], status;
    char text[256] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        volatile size_t half = SIZE_MAX / 2;
        char *p = xrealloc(NULL, half, 4);
        _exit(p ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_non_null(strstr(text, "error[RW9005]: out of memory"));
    assert_non_null(strstr(text, "state: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steal_moves_and_leaves_null),
        cmocka_unit_test(test_auto_fd_closes),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_size_add_tells_overflow),
        cmocka_unit_test(test_out_of_memory_exits_7_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
