#include "base/num.h"

#include "fake/check.h"

static void test_i64_is_the_whole_text_or_nothing(void **state)
{
    (void)state;
    static const char *const refused[] = { "",
                                           " 1",
                                           "1 ",
                                           "+1",
                                           "-",
                                           "--1",
                                           "0x10",
                                           "1e3",
                                           "1.0",
                                           "ten",
                                           "1\n",
                                           "1_000",
                                           "9223372036854775808",
                                           "-9223372036854775809" };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        int64_t value = 42;
        assert_false(num_i64(refused[i], INT64_MIN, INT64_MAX, &value));
        assert_int_equal(value, 42);
    }
}

static void test_i64_bounds(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(num_i64("9223372036854775807", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MAX);
    assert_true(num_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MIN);
    assert_true(num_i64("007", 0, 7, &value));
    assert_int_equal(value, 7);
    assert_false(num_i64("8", 0, 7, &value));
    assert_false(num_i64("-1", 0, 7, &value));
    assert_false(num_i64("-0", 0, 7, &value)); /* a sign where min allows none */
    assert_true(num_i64("-1", -1, 7, &value));
    assert_int_equal(value, -1);
}

static void test_duration_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        { "0", 0 },           { "5", 5000 },    { "90s", 90000 },
        { "250ms", 250 },     { "5m", 300000 }, { "24h", 86400000 },
        { "25h", -1 },        { "86401", -1 },  { "1441m", -1 },
        { "86400001ms", -1 }, { "", -1 },       { "s", -1 },
        { "-5s", -1 },        { "5 s", -1 },    { "1.5s", -1 },
        { "5S", -1 },         { "1h30m", -1 },  { "99999999999999999999s", -1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = -1;
        assert_int_equal(num_duration_ms(rows[i].text, &ms), rows[i].ms >= 0);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void test_bytes_as_the_docker_cli_writes_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        { 0, "0 B" },
        { 999, "999 B" },
        { 1000, "1.0 KB" },
        { 1249, "1.2 KB" },
        { 999949, "999.9 KB" },
        { 999950, "1.0 MB" },
        { 453123456, "453.1 MB" },
        { UINT64_C(1500000000), "1.5 GB" },
        { UINT64_C(2000000000000), "2.0 TB" },
        { UINT64_C(3000000000000000), "3000.0 TB" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR text = num_bytes(rows[i].bytes);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_elapsed_never_shows_a_full_unit(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "0.00 s" },          { 420, "0.42 s" },        { 9994, "9.99 s" },      { 9995, "10.0 s" },
        { 12345, "12.3 s" },      { 59949, "59.9 s" },      { 59950, "1 min 00 s" }, { 60000, "1 min 00 s" },
        { 125000, "2 min 05 s" }, { 119999, "2 min 00 s" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR text = num_elapsed(rows[i].ms);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i64_is_the_whole_text_or_nothing),
        cmocka_unit_test(test_i64_bounds),
        cmocka_unit_test(test_duration_units),
        cmocka_unit_test(test_bytes_as_the_docker_cli_writes_them),
        cmocka_unit_test(test_elapsed_never_shows_a_full_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
