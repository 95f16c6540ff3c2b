#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doc/doc.h"

static const char file[] = "name: shop\n"
                           "port: \"8080\"\n"
                           "debug: true\n"
                           "ratio: 1.5\n"
                           "count: 3\n"
                           "nothing:\n"
                           "services:\n"
                           "  api: {dockerfil: x, context: .}\n"
                           "  web: [a, b]\n";

static int set_up(void **state)
{
    struct doc *d = xcalloc(1, sizeof *d);
    struct err *e = doc_parse_yaml_one(file, strlen(file), "rwml.yaml", d);
    assert_null(e);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    doc_release(*state);
    free(*state);
    return 0;
}

static void expect(struct err *e_steal, enum err_code code, const char *message, const char *where)
{
    AUTO_PTR(err) e = e_steal;
    assert_non_null(e);
    assert_int_equal(err_get_code(e), code);
    assert_string_equal(err_get_message(e), message);
    assert_string_equal(err_get_where(e), where);
}

static void test_config_values(void **state)
{
    const struct doc *d = *state;
    const char *name = NULL;
    const json_t *api = NULL, *web = NULL;
    bool debug = false;
    assert_null(doc_need_text(d, "/name", &name));
    assert_string_equal(name, "shop");
    assert_null(doc_want_bool(d, "/debug", &debug));
    assert_true(debug);
    assert_null(doc_need_object(d, "/services/api", &api));
    assert_int_equal(doc_count(api), 2);
    assert_null(doc_want_array(d, "/services/web", &web));
    assert_int_equal(doc_count(web), 2);
}

static void test_config_absent_is_fine_where_wanted(void **state)
{
    const struct doc *d = *state;
    const char *text = "kept";
    const json_t *tree = d->root;
    bool flag = true;
    assert_null(doc_want_text(d, "/none", &text));
    assert_null(doc_want_text(d, "/nothing", &text));
    assert_string_equal(text, "kept");
    assert_null(doc_want_bool(d, "/none", &flag));
    assert_true(flag);
    assert_null(doc_want_object(d, "/none/deeper", &tree));
    assert_null(doc_want_array(d, "/nothing", &tree));
    assert_ptr_equal(tree, d->root);
}

static void test_config_wrong_kinds(void **state)
{
    const struct doc *d = *state;
    const char *text = NULL;
    const json_t *tree = NULL;
    bool flag;
    expect(doc_want_array(d, "/port", &tree), RW1004_CONFIG_TYPE, "/port: expected a list, found a string",
           "rwml.yaml:2:7");
    expect(doc_want_bool(d, "/ratio", &flag), RW1004_CONFIG_TYPE,
           "/ratio: expected a boolean, found a number with a fraction", "rwml.yaml:4:8");
    expect(doc_want_text(d, "/count", &text), RW1004_CONFIG_TYPE, "/count: expected a string, found an integer",
           "rwml.yaml:5:8");
    expect(doc_want_bool(d, "/name", &flag), RW1004_CONFIG_TYPE, "/name: expected a boolean, found a string",
           "rwml.yaml:1:7");
    expect(doc_want_object(d, "/services/web", &tree), RW1004_CONFIG_TYPE,
           "/services/web: expected a mapping, found a list", "rwml.yaml:9:8");
    expect(doc_want_array(d, "/services/api", &tree), RW1004_CONFIG_TYPE,
           "/services/api: expected a list, found a mapping", "rwml.yaml:8:8");
    assert_true(!text && !tree);
}

static void test_config_missing(void **state)
{
    const struct doc *d = *state;
    const char *text = NULL;
    const json_t *tree = NULL;
    expect(doc_need_text(d, "/services/api/image", &text), RW1004_CONFIG_TYPE,
           "/services/api/image is missing: expected a string", "rwml.yaml:8:8");
    expect(doc_need_text(d, "/nothing", &text), RW1004_CONFIG_TYPE, "/nothing is missing: expected a string",
           "rwml.yaml:6:9");
    expect(doc_need_object(d, "/x", &tree), RW1004_CONFIG_TYPE, "/x is missing: expected a mapping", "rwml.yaml:1:1");
    expect(doc_want_array(d, "", &tree), RW1004_CONFIG_TYPE, "the document: expected a list, found a mapping",
           "rwml.yaml:1:1");
}

static void test_config_keys(void **state)
{
    const struct doc *d = *state;
    static const char *const known[] = { "dockerfile", "context", "target" };
    static const char *const all[] = { "name", "port", "debug", "ratio", "count", "nothing", "services" };
    assert_null(doc_check_keys(d, "", all, COUNT_OF(all)));
    assert_null(doc_check_keys(d, "/none", known, COUNT_OF(known)));
    AUTO_PTR(err) e = doc_check_keys(d, "/services/api", known, COUNT_OF(known));
    assert_string_equal(err_get_cause(e), "did you mean \"dockerfile\"?");
    expect(STEAL(&e), RW1003_CONFIG_KEY, "unknown key \"dockerfil\"", "rwml.yaml:8:9");
    AUTO_PTR(err) two = doc_check_keys(d, "", all + 2, COUNT_OF(all) - 2);
    assert_non_null(err_sibling(two));
    assert_null(err_sibling(err_sibling(two)));
    expect(doc_check_keys(d, "/services/web", known, 1), RW1004_CONFIG_TYPE,
           "/services/web: expected a mapping, found a list", "rwml.yaml:9:8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_values),      cmocka_unit_test(test_config_absent_is_fine_where_wanted),
        cmocka_unit_test(test_config_wrong_kinds), cmocka_unit_test(test_config_missing),
        cmocka_unit_test(test_config_keys),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
