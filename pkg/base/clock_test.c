#include "base/clock.h"

#include <limits.h>
#include <time.h>

#include "fake/check.h"

static void test_after_never_wraps(void **state)
{
    (void)state;
    assert_true(clock_after(CLOCK_NEVER) == CLOCK_NEVER);
    assert_true(clock_after(CLOCK_NEVER - 1) == CLOCK_NEVER);
    int64_t now = clock_ms();
    check_between(clock_after(5000) - now, 5000, 6000);
    check_between(clock_after(-5000) - now, -5000, -4000);
}

static void test_earlier(void **state)
{
    (void)state;
    assert_int_equal(clock_earlier(1, CLOCK_NEVER), 1);
    assert_int_equal(clock_earlier(2, -1), -1);
}

static void test_poll_timeout_fits_poll(void **state)
{
    (void)state;
    assert_int_equal(clock_poll_timeout(CLOCK_NEVER), -1);
    assert_int_equal(clock_poll_timeout(CLOCK_NEVER - 1), INT_MAX);
    assert_int_equal(clock_poll_timeout(0), 0);
    assert_int_equal(clock_poll_timeout(INT64_MIN / 2), 0);
    check_between(clock_poll_timeout(clock_after(3000)), 2000, 3001);
}

static void test_ms_moves_forward_with_time(void **state)
{
    (void)state;
    int64_t before = clock_ms();
    nanosleep(&(struct timespec){ .tv_nsec = 30 * 1000 * 1000 }, NULL);
    check_between(clock_ms() - before, 29, 5000);
    check_between(clock_wall_s() - (int64_t)time(NULL), -1, 2);
}

static void test_rfc3339_as_kubernetes_writes_it(void **state)
{
    (void)state;
    int64_t s = 0;
    assert_true(clock_parse_rfc3339("1970-01-01T00:00:00Z", &s));
    assert_int_equal(s, 0);
    assert_true(clock_parse_rfc3339("2025-01-02T03:04:05Z", &s));
    assert_int_equal(s, 1735787045);
    assert_true(clock_parse_rfc3339("2025-01-02T03:04:05.999999999Z", &s));
    assert_int_equal(s, 1735787045);
    assert_true(clock_parse_rfc3339("2024-02-29T23:59:59Z", &s));
    assert_int_equal(s, 1709251199);
    assert_true(clock_parse_rfc3339("2025-01-02T04:34:05.5+01:30", &s));
    assert_int_equal(s, 1735787045);
    assert_true(clock_parse_rfc3339("2025-01-01T22:04:05-05:00", &s));
    assert_int_equal(s, 1735787045);
    assert_true(clock_parse_rfc3339("9999-12-31T23:59:59Z", &s)); /* of a credential that never expires */
    assert_int_equal(s, 253402300799);
}

static void test_rfc3339_refuses_the_rest(void **state)
{
    (void)state;
    static const char *const refused[] = { "",
                                           "now",
                                           "2025-01-02",
                                           "2025-01-02T03:04:05",
                                           "2025-01-02 03:04:05Z",
                                           "2025-13-02T03:04:05Z",
                                           "2025-01-02T03:04:05+0100",
                                           "2025-01-02T03:04:05+01:60",
                                           "2025-01-02T03:04:05+24:00",
                                           "2025-01-02T03:04:05 01:00",
                                           "2025-01-02T03:04:05+-1:00",
                                           "2025-01-02T03:04:05Zx" };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        int64_t s = 42;
        assert_false(clock_parse_rfc3339(refused[i], &s));
        assert_int_equal(s, 42);
    }
}

static void test_nanoseconds_as_a_runtime_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = { { "1970-01-01T00:00:01Z", 1000000000 },
                 { "1970-01-01T00:00:01.5Z", 1500000000 },
                 { "1970-01-01T00:00:01.000000007Z", 1000000007 },
                 { "1970-01-01T00:00:01.0000000079Z", 1000000007 },
                 { "1970-01-01T02:00:01.25+02:00", 1250000000 },
                 { "1969-12-31T23:30:01-00:30", 1000000000 },
                 { "2025-01-02T03:04:05.123456789Z", 1735787045123456789 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ns = 0;
        assert_true(clock_parse_ns(rows[i].text, &ns));
        assert_int_equal(ns, rows[i].ns);
    }
}

static void test_nanoseconds_refuse_the_rest(void **state)
{
    (void)state;
    static const char *const refused[] = { "",
                                           "2025-01-02T03:04:05",
                                           "2025-01-02T03:04:05.1",
                                           "2025-01-02T03:04:05Zx",
                                           "2025-01-02T03:04:05+2:00",
                                           "2025-01-02T03:04:05+02:0",
                                           "2025-01-02T03:04:05+0200",
                                           "1969-12-31T23:59:59Z",
                                           "9999-12-31T23:59:59Z" };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        int64_t ns = 42;
        assert_false(clock_parse_ns(refused[i], &ns));
        assert_int_equal(ns, 42);
    }
}

static void test_seconds_as_a_text(void **state)
{
    (void)state;
    AUTO_STR text = clock_rfc3339(1735787045);
    int64_t back;
    assert_string_equal(text, "2025-01-02T03:04:05Z");
    assert_true(clock_parse_rfc3339(text, &back));
    assert_int_equal(back, 1735787045);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_never_wraps),
        cmocka_unit_test(test_earlier),
        cmocka_unit_test(test_poll_timeout_fits_poll),
        cmocka_unit_test(test_ms_moves_forward_with_time),
        cmocka_unit_test(test_rfc3339_as_kubernetes_writes_it),
        cmocka_unit_test(test_rfc3339_refuses_the_rest),
        cmocka_unit_test(test_nanoseconds_as_a_runtime_writes_them),
        cmocka_unit_test(test_nanoseconds_refuse_the_rest),
        cmocka_unit_test(test_seconds_as_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
