#include "fake/check.h"

#include "base/fs.h"
#include "plan/user_config.h"

static struct err *load(const char *text, struct user_config *out)
{
    AUTO_STR dir = scratch_new();
    scratch_write(dir, "config.yaml", text);
    return user_config_load(dir, out);
}

static void test_context(void **state)
{
    (void)state;
    AUTO(user_config) c = { 0 };
    check_ok(load("# mine\ncontext: staging\n", &c));
    assert_string_equal(c.context, "staging");
    assert_true(str_ends(c.where, "/config.yaml:2:10"));
}

static void test_nothing_is_told(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(user_config) c = { 0 };
    check_ok(user_config_load(NULL, &c));
    check_ok(user_config_load(dir, &c));
    check_ok(load("", &c));
    check_ok(load("context: ''\n", &c));
    assert_null(c.context);
}

static void test_errors(void **state)
{
    (void)state;
    AUTO(user_config) c = { 0 };
    check_says(load("contxt: staging\n", &c), RW1003_CONFIG_KEY, "context");
    check_error(load("context: [staging]\n", &c), RW1004_CONFIG_TYPE);
    check_error(load("- staging\n", &c), RW1004_CONFIG_TYPE);
    check_error(load("context: {\n", &c), RW1107_YAML_SYNTAX);
    assert_null(c.context);
}

static void test_what_cannot_be_read(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR path = xasprintf("%s/config.yaml", dir);
    AUTO(user_config) c = { 0 };
    check_ok(fs_make_dirs(path, 0700));
    check_error(user_config_load(dir, &c), RW1001_CONFIG_UNREADABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_nothing_is_told),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
