#include <string.h>

#include "base/fs.h"
#include "fake/check.h"
#include "manifest/values.h"

static void expect(const struct values *v, const char *name, const char *text, const char *where)
{
    const struct value *found = values_find(v, name);
    assert_non_null(found);
    assert_string_equal(found->text, text);
    assert_string_equal(found->where, where);
}

static void test_values_file(void **state)
{
    (void)state;
    AUTO(values) v = { 0 };
    static const char text[] =
        "\xef\xbb\xbf# comment\r\n\r\nA=1\r\n B = two words  \nC='quoted # = '\nD=\"\"\nE=\nA=2\n"
        "F=it's\nG=a=b";
    check_ok(values_parse_file(&v, text, sizeof text - 1, "f"));
    expect(&v, "A", "2", "f:8");
    expect(&v, "B", "two words", "f:4");
    expect(&v, "C", "quoted # = ", "f:5");
    expect(&v, "D", "", "f:6");
    expect(&v, "E", "", "f:7");
    expect(&v, "F", "it's", "f:9");
    expect(&v, "G", "a=b", "f:10");
    assert_int_equal(v.count, 8);
}

static void test_values_file_errors(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "A=1\nB\n", "f:2" }, { "1A=x\n", "f:1" }, { "\n\nA='x\n", "f:3" },
        { "=x", "f:1" },       { "A B=x", "f:1" },  { "A=\"", "f:1" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(values) v = { 0 };
        AUTO_PTR(err) e = values_parse_file(&v, bad[i][0], strlen(bad[i][0]), "f");
        if (!e || err_get_code(e) != RW1002_CONFIG_SYNTAX || !str_eq(err_get_where(e), bad[i][1]))
            fail_msg("%s: %s", bad[i][0], e ? err_get_where(e) : "taken");
    }
    AUTO(values) v = { 0 };
    AUTO_PTR(err) both = values_parse_file(&v, "x\ny\n", 4, "f");
    assert_non_null(err_sibling(both));
    check_error(values_parse_file(&v, "A=1\0\n", 5, "f"), RW1002_CONFIG_SYNTAX);
    AUTO_STR dir = scratch_new();
    AUTO_STR missing = fs_join(dir, "missing");
    check_says(values_add_file(&v, missing), RW1001_CONFIG_UNREADABLE, missing);
    check_error(values_add_file(&v, dir), RW1001_CONFIG_UNREADABLE);
}

static void test_values_environment(void **state)
{
    (void)state;
    AUTO(values) v = { 0 };
    char other[] = "PATH=/bin", given[] = "RWML_VAR_A=1=2", empty[] = "RWML_VAR_B=", odd[] = "RWML_VAR_";
    char *const environment[] = { other, given, empty, odd, NULL };
    values_add_environment(&v, environment);
    values_add_environment(&v, NULL);
    assert_int_equal(v.count, 2);
    expect(&v, "A", "1=2", "RWML_VAR_A");
    expect(&v, "B", "", "RWML_VAR_B");
}

static void test_values_order(void **state)
{
    (void)state;
    AUTO(values) v = { 0 };
    values_add(&v, VALUE_FOUND, "A", "found", "");
    assert_null(values_find_explicit(&v, "A"));
    assert_string_equal(values_find(&v, "A")->text, "found");
    for (int source = VALUE_WORKSPACE; source >= VALUE_SET; source--) {
        AUTO_STR name = xasprintf("source %d", source);
        values_add(&v, (enum value_source)source, "A", name, "");
        values_add(&v, VALUE_WORKSPACE, "A", "never", "");
        if (source != VALUE_WORKSPACE)
            assert_string_equal(values_find_explicit(&v, "A")->text, name);
    }
    check_ok(values_add_set(&v, "A=first"));
    check_ok(values_add_set(&v, "A=last=1"));
    assert_string_equal(values_find(&v, "A")->text, "last=1");
    check_error(values_add_set(&v, "A"), RW1020_COMMAND_LINE);
    check_error(values_add_set(&v, "=x"), RW1020_COMMAND_LINE);
    check_error(values_add_set(&v, "a-b=x"), RW1020_COMMAND_LINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_file),
        cmocka_unit_test(test_values_file_errors),
        cmocka_unit_test(test_values_environment),
        cmocka_unit_test(test_values_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
