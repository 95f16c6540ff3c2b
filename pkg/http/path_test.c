#include "http/path.h"

#include <string.h>

#include "fake/check.h"

static void test_segments_and_queries_are_encoded(void **state)
{
    (void)state;
    AUTO(http_path) p = HTTP_PATH_INIT;
    http_path_fixed(&p, "/api/v1/namespaces");
    http_path_segment(&p, "a b?c#d&e");
    http_path_segments(&p, "library/python:3.12");
    http_path_query(&p, "label", "a=b,c in (d)");
    http_path_query(&p, "x&y", "\xc3\xa9/%");
    check_ok(http_path_check(&p));
    assert_string_equal(buf_text(&p.text), "/api/v1/namespaces/a%20b%3Fc%23d%26e/library/python:3.12"
                                           "?label=a%3Db%2Cc%20in%20%28d%29&x%26y=%C3%A9%2F%25");
}

static void test_segments_that_would_change_the_path_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "", ".", "..", "a/b", "%2e%2e", "a%", "a\nb", "a\x7f", "x/../../secrets" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(http_path) p = HTTP_PATH_INIT;
        http_path_segment(&p, bad[i]);
        check_error(http_path_check(&p), RW1016_PATH_OUTSIDE);
        assert_null(strchr(buf_text(&p.text), '.'));
    }
}

static void test_each_of_several_segments_is_checked(void **state)
{
    (void)state;
    static const char *const bad[] = { "a//b", "/a", "a/", "a/../b", "../containers", "a/." };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(http_path) p = HTTP_PATH_INIT;
        http_path_segments(&p, bad[i]);
        check_error(http_path_check(&p), RW1016_PATH_OUTSIDE);
    }
}

static bool is_sent_as_it_is(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~:@", c);
}

static void test_any_byte_is_plain_encoded_or_refused(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char name[] = { 'n', (char)c, 'm', 0 };
        AUTO_STR plain = xasprintf("/%s", name);
        AUTO_STR encoded = xasprintf("/n%%%02Xm", (unsigned)c);
        AUTO(http_path) p = HTTP_PATH_INIT;
        http_path_segment(&p, name);
        if (c < 0x20 || c == 0x7f || c == '/' || c == '%') {
            check_error(http_path_check(&p), RW1016_PATH_OUTSIDE);
            continue;
        }
        check_ok(http_path_check(&p));
        assert_string_equal(buf_text(&p.text), is_sent_as_it_is(c) ? plain : encoded);
    }
}

static void test_a_path_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char *name = xcalloc(HTTP_PATH_MAX + 1, 1);
    memset(name, 'a', HTTP_PATH_MAX);
    AUTO(http_path) p = HTTP_PATH_INIT;
    http_path_segment(&p, name);
    check_error(http_path_check(&p), RW1016_PATH_OUTSIDE);
    str_freep(&name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_and_queries_are_encoded),
        cmocka_unit_test(test_segments_that_would_change_the_path_are_refused),
        cmocka_unit_test(test_each_of_several_segments_is_checked),
        cmocka_unit_test(test_any_byte_is_plain_encoded_or_refused),
        cmocka_unit_test(test_a_path_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
