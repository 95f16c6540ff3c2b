#include "pods/resume.h"

#include "fake/check.h"

#define SECOND ((int64_t)1000000000)

/* How many of these lines are new. */
static size_t take_all(struct log_resume *r, const int64_t *times, size_t count)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++)
        taken += log_resume_take(r, times[i]);
    return taken;
}

static void test_lines_that_come_again(void **state)
{
    (void)state;
    AUTO(log_resume) r = { 0 };
    const int64_t first[] = { 100 * SECOND + 1, 101 * SECOND + 5, 101 * SECOND + 5, 102 * SECOND };
    assert_int_equal(log_resume_since(&r), 0);
    log_resume_begin(&r);
    assert_int_equal(take_all(&r, first, COUNT_OF(first)), 4);
    assert_int_equal(log_resume_since(&r), 101);
    log_resume_begin(&r);
    /* The server repeats what is since 101 s; a third line of the same nanosecond is new. */
    const int64_t second[] = { 101 * SECOND + 5, 101 * SECOND + 5, 101 * SECOND + 5, 102 * SECOND, 102 * SECOND + 1 };
    assert_int_equal(take_all(&r, second, COUNT_OF(second)), 2);
    log_resume_begin(&r);
    assert_int_equal(take_all(&r, second, COUNT_OF(second)), 0);
}

/* stdout's line may be written behind a later one of stderr's. */
static void test_lines_out_of_order(void **state)
{
    (void)state;
    AUTO(log_resume) r = { 0 };
    const int64_t first[] = { 50 * SECOND + 10, 51 * SECOND + 3, 51 * SECOND + 2, 50 * SECOND + 999 };
    log_resume_begin(&r);
    assert_int_equal(take_all(&r, first, COUNT_OF(first)), 4);
    log_resume_begin(&r);
    assert_int_equal(log_resume_since(&r), 50);
    assert_true(log_resume_take(&r, 50 * SECOND + 998)); /* came after the break, was written before it */
    assert_int_equal(take_all(&r, first, COUNT_OF(first)), 0);
}

/* A live line is never taken for a repeat, whatever its time. */
static void test_the_same_time_without_a_break(void **state)
{
    (void)state;
    AUTO(log_resume) r = { 0 };
    log_resume_begin(&r);
    for (int i = 0; i < 3; i++)
        assert_true(log_resume_take(&r, 7 * SECOND));
    assert_true(log_resume_take(&r, 7 * SECOND - 1));
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    AUTO(log_resume) r = { 0 };
    const int64_t lines = 3 * RESUME_LINES;
    log_resume_begin(&r);
    for (int64_t i = 1; i <= lines; i++)
        assert_true(log_resume_take(&r, 9 * SECOND + i));
    assert_true(r.room <= RESUME_LINES);
    log_resume_begin(&r);
    for (int64_t i = 1; i <= lines; i++)
        assert_false(log_resume_take(&r, 9 * SECOND + i));
    assert_true(log_resume_take(&r, 9 * SECOND + lines + 1));
}

static void test_a_copy_goes_its_own_way(void **state)
{
    (void)state;
    AUTO(log_resume) r = { 0 };
    AUTO(log_resume) copy = { 0 };
    log_resume_begin(&r);
    for (int64_t i = 0; i < 100; i++)
        assert_true(log_resume_take(&r, 5 * SECOND + i));
    log_resume_copy(&r, &copy);
    assert_true(log_resume_take(&r, 8 * SECOND));
    assert_int_equal(log_resume_since(&copy), 4);
    log_resume_begin(&copy);
    assert_false(log_resume_take(&copy, 5 * SECOND + 99));
    assert_true(log_resume_take(&copy, 5 * SECOND + 100));
    assert_true(log_resume_take(&copy, 8 * SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_that_come_again),         cmocka_unit_test(test_lines_out_of_order),
        cmocka_unit_test(test_the_same_time_without_a_break), cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_a_copy_goes_its_own_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
