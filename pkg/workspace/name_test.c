#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/path.h"
#include "fake/check.h"
#include "workspace/name.h"

static void test_name_normal(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "Web_App", "web-app" }, { "a._ b", "a-b" }, { "", "" }, { "x", "x" } };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        AUTO_STR got = name_normal(pairs[i][0]);
        assert_string_equal(got, pairs[i][1]);
    }
    assert_true(name_equal("a_b", "A-B"));
    assert_false(name_equal("ab", "a-b"));
    assert_false(name_equal(NULL, NULL));
}

static void test_image_base(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "web", "web" },
                                            { "web:dev", "web" },
                                            { "localhost:5000/shop/web:dev@sha256:00", "web" },
                                            { "localhost:5000/web", "web" } };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        AUTO_STR got = image_base(pairs[i][0]);
        assert_string_equal(got, pairs[i][1]);
    }
}

static void test_name_is_dns1123(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "a-b", "a.b", "0", "a1.b-2" };
    static const char *const bad[] = { "", "-a", "a-", "a_b", "A", "a..b", "a.-b", "a-.b", ".a", "SERVICE_NAME" };
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!name_is_dns1123(good[i]))
            fail_msg("%s was refused", good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (name_is_dns1123(bad[i]))
            fail_msg("\"%s\" was taken", bad[i]);
}

/* The pairs of Go's path.Clean, whose answers .dockerignore patterns go by. */
static void test_path_clean(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "." },
        { "abc", "abc" },
        { "abc/def", "abc/def" },
        { ".", "." },
        { "..", ".." },
        { "../..", "../.." },
        { "../../abc", "../../abc" },
        { "/abc", "/abc" },
        { "/", "/" },
        { "abc/", "abc" },
        { "a/b/c/", "a/b/c" },
        { "./", "." },
        { "../", ".." },
        { "/abc/", "/abc" },
        { "abc//def//ghi", "abc/def/ghi" },
        { "//abc", "/abc" },
        { "abc/./def", "abc/def" },
        { "/./abc/def", "/abc/def" },
        { "abc/..", "." },
        { "abc/def/..", "abc" },
        { "abc/def/../..", "." },
        { "/abc/def/../..", "/" },
        { "abc/def/../../..", ".." },
        { "/abc/def/../../..", "/" },
        { "abc/def/../../../ghi/jkl/../../../mno", "../../mno" },
        { "abc/../../././../def", "../../def" },
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        AUTO_STR got = path_clean(pairs[i][0]);
        if (strcmp(got, pairs[i][1]) != 0)
            fail_msg("%s gives %s", pairs[i][0], got);
    }
}

static void test_path_is_inside(void **state)
{
    (void)state;
    assert_true(path_is_inside("a/../b") && path_is_inside("") && path_is_inside("..a"));
    assert_false(path_is_inside("a/../../b") || path_is_inside("..") || path_is_inside("/a"));
    assert_true(path_is_below("a/b", "a") && path_is_below("a", "a") && path_is_below("a", "."));
    assert_false(path_is_below("ab", "a") || path_is_below("/a", "."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_normal),     cmocka_unit_test(test_image_base),
        cmocka_unit_test(test_name_is_dns1123), cmocka_unit_test(test_path_clean),
        cmocka_unit_test(test_path_is_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
