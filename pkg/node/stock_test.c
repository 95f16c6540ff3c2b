#include "fake/check.h"

#include <string.h>

#include "node/stock.h"

#define ID "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static struct err *parse(const char *text, struct stock *out)
{
    return stock_parse(text, strlen(text), "n1", out);
}

static void test_stock_names_sizes_and_times(void **state)
{
    AUTO(stock) s = { 0 };
    (void)state;
    assert_null(parse("arrived 1795728416.042 " ID "\narrived 1.5 " ID "x\narrived 12 " OTHER "\narrived \n"
                      "{\"images\": [{\"id\": \"" ID "\", \"repoTags\": [\"docker.io/library/web:dev\"],\n"
                      "\"repoDigests\": [\"docker.io/library/web@" ID "\"], \"size\": \"5003336\", \"pinned\": true},\n"
                      "{\"id\": \"" OTHER "\", \"repoTags\": null, \"size\": \"many\"}]}\n",
                      &s));
    assert_int_equal(s.count, 2);
    assert_string_equal(s.items[0].digest, ID);
    assert_int_equal(s.items[0].names.count, 2);
    assert_string_equal(s.items[0].names.items[1], "docker.io/library/web@" ID);
    assert_int_equal(s.items[0].size, 5003336);
    assert_true(s.items[0].arrived_ms == 1795728416042);
    assert_true(s.items[0].is_pinned);
    assert_int_equal(s.items[1].names.count, 0);
    assert_int_equal(s.items[1].size, 0);
    assert_int_equal(s.items[1].arrived_ms, 0);
    assert_false(s.items[1].is_pinned);
}

static void test_stock_of_an_empty_node(void **state)
{
    static const char *const texts[] = { "{}", "{\"images\": []}\n", "{\"images\": null}" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(stock) s = { 0 };
        assert_null(parse(texts[i], &s));
        assert_int_equal(s.count, 0);
    }
}

static void test_stock_refuses_what_is_none(void **state)
{
    static const char *const texts[] = { "",
                                         ("arrived 1.000 " ID),
                                         "{\"images\": [",
                                         "{\"images\": 7}",
                                         "{\"images\": [{\"repoTags\": []}]}",
                                         "crictl: no such command\n" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(stock) s = { 0 };
        AUTO_PTR(err) e = parse(texts[i], &s);
        assert_non_null(e);
        assert_int_equal(err_get_code(e), RW4003_NODE_FAILED);
        assert_int_equal(s.count, 0);
    }
}

static void test_shelves_error_tells_who(void **state)
{
    struct node nodes[] = { { .name = (char *)"n1" }, { .name = (char *)"n2" } };
    struct shelf items[] = { { .node = &nodes[0] }, { .node = &nodes[1] } };
    struct shelves s = { items, 2 };
    (void)state;
    assert_null(shelves_error(&s, "be asked"));
    items[1].error = err_new(RW4002_NODE_STOPPED, "node n2 is not running");
    AUTO_PTR(err) some = shelves_error(&s, "be asked");
    assert_int_equal(err_get_code(some), RW4005_NODES_PARTIAL);
    assert_string_equal(err_get_state(some), "done on: n1; not on: n2");
    assert_non_null(strstr(err_get_cause(some), "n2 is not running"));
    items[0].error = err_new(RW4003_NODE_FAILED, "node n1 does not answer");
    items[1].error = err_new(RW4002_NODE_STOPPED, "node n2 is not running");
    AUTO_PTR(err) all = shelves_error(&s, "be asked");
    assert_int_equal(err_get_code(all), RW4003_NODE_FAILED);
    assert_non_null(err_sibling(all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stock_names_sizes_and_times),
        cmocka_unit_test(test_stock_of_an_empty_node),
        cmocka_unit_test(test_stock_refuses_what_is_none),
        cmocka_unit_test(test_shelves_error_tells_who),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
