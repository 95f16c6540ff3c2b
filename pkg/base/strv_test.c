#include "base/strv.h"

#include <stdlib.h>

#include "fake/check.h"

static void test_zeroed_is_empty(void **state)
{
    (void)state;
    AUTO(strv) v = { 0 };
    strv_sort(&v);
    assert_false(strv_has(&v, ""));
    AUTO_STR joined = strv_join(&v, ", ");
    assert_string_equal(joined, "");
}

static void test_items_serve_as_an_argv(void **state)
{
    (void)state;
    AUTO(strv) v = { 0 };
    for (size_t i = 0; i < 100; i++) {
        strv_addf(&v, "%zu", i);
        assert_int_equal(v.count, i + 1);
        assert_null(v.items[v.count]);
    }
    assert_string_equal(v.items[42], "42");
}

static void test_sort_is_bytewise(void **state)
{
    (void)state;
    static const char *const given[] = { "b", "a\xc3\xa9", "B", "", "a", "ab", "a-b" };
    AUTO(strv) v = { 0 };
    for (size_t i = 0; i < COUNT_OF(given); i++)
        strv_add(&v, given[i]);
    strv_sort(&v);
    AUTO_STR joined = strv_join(&v, "|");
    assert_string_equal(joined, "|B|a|a-b|ab|a\xc3\xa9|b");
    assert_true(strv_has(&v, "a-b"));
    assert_false(strv_has(&v, "a-"));
}

static void test_nearest_is_what_was_meant(void **state)
{
    (void)state;
    static const char *const services[] = { "orders", "order-book", "prices", "ui" };
    static const struct {
        const char *word;
        const char *meant;
    } rows[] = {
        { "order", "orders" }, { "oders", "orders" }, { "rodres", "orders" },        { "prcies", "prices" },
        { "iu", "ui" },        { "ordrbok", NULL },   { "order-bok", "order-book" }, { "shipping", NULL },
        { "x", NULL },         { "PRICES", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *found = str_nearest(rows[i].word, services, COUNT_OF(services));
        if (rows[i].meant)
            assert_string_equal(found ? found : "(none)", rows[i].meant);
        else
            assert_null(found);
    }
    assert_null(str_nearest("orders", services, 0));
}

static void test_nearest_does_not_measure_what_is_absurdly_long(void **state)
{
    (void)state;
    AUTO_STR word = xcalloc(100001, 1);
    for (size_t i = 0; i < 100000; i++)
        word[i] = 'a';
    const char *candidates[] = { "a", word };
    assert_null(str_nearest(word, candidates, COUNT_OF(candidates)));
    assert_string_equal(str_nearest("a", candidates, COUNT_OF(candidates)), "a");
}

static void test_equal_lists(void **state)
{
    (void)state;
    AUTO(strv) a = { 0 };
    AUTO(strv) b = { 0 };
    assert_true(strv_equal(&a, &b));
    strv_add(&a, "x");
    assert_false(strv_equal(&a, &b) || strv_equal(&b, &a));
    strv_add(&b, "x");
    strv_add(&a, "y");
    strv_add(&b, "z");
    assert_false(strv_equal(&a, &b));
    assert_true(strv_equal(&a, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_is_empty),
        cmocka_unit_test(test_items_serve_as_an_argv),
        cmocka_unit_test(test_sort_is_bytewise),
        cmocka_unit_test(test_nearest_is_what_was_meant),
        cmocka_unit_test(test_nearest_does_not_measure_what_is_absurdly_long),
        cmocka_unit_test(test_equal_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
