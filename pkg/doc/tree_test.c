#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doc/doc.h"

static json_t *parse(const char *text)
{
    json_t *tree = NULL;
    struct err *e = doc_parse_json(text, strlen(text), "test", &tree);
    if (e)
        fail_msg("%s: %s", text, err_get_cause(e));
    return tree;
}

static void expect_tree(const json_t *tree, const char *wanted)
{
    AUTO_STR got = doc_dump(tree);
    assert_string_equal(got, wanted);
}

static void test_tree_get(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("{\"a\": {\"b/c\": {\"d~e\": [10, \"x\", {\"\": true}]}}, \"n\": null, \"f\": 1.5}");
    assert_int_equal(doc_i64(tree, "/a/b~1c/d~0e/0", 0), 10);
    assert_string_equal(doc_text(tree, "/a/b~1c/d~0e/1"), "x");
    assert_true(doc_bool(tree, "/a/b~1c/d~0e/2/", false));
    assert_ptr_equal(doc_get(tree, ""), tree);
    assert_null(doc_get(tree, "/a/b"));
    assert_null(doc_get(tree, "/a/b~1c/d~0e/3"));
    assert_null(doc_get(tree, "/a/b~1c/d~0e/00"));
    assert_null(doc_get(tree, "/a/b~1c/d~0e/-1"));
    assert_null(doc_get(tree, "/a/b~1c/d~0e/x"));
    assert_null(doc_get(tree, "/f/0"));
    assert_null(doc_get(NULL, "/a"));
    assert_null(doc_get(NULL, ""));
    assert_true(doc_is_null(doc_get(tree, "/n")) && doc_is_null(doc_get(tree, "/none")));
}

static void test_tree_fallbacks(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("{\"s\": \"5\", \"i\": 5, \"f\": 5.0, \"b\": false}");
    assert_null(doc_text(tree, "/i"));
    assert_int_equal(doc_i64(tree, "/s", -1), -1);
    assert_int_equal(doc_i64(tree, "/f", -1), -1);
    assert_true(doc_bool(tree, "/i", true));
    assert_false(doc_bool(tree, "/b", true));
}

static void test_tree_loops(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("{\"z\": 1, \"a\": [1, 2, 3], \"m\": null}");
    AUTO_STR seen = xstrdup("");
    const char *key;
    json_t *value, *item;
    DOC_EACH_KEY (tree, key, value) {
        size_t i;
        DOC_EACH_ITEM (value, i, item) {
            AUTO_STR longer = xasprintf("%s %zu=%d", seen, i, (int)doc_i64(item, "", 0));
            str_set(&seen, longer);
        }
        AUTO_STR longer = xasprintf("%s %s", seen, key);
        str_set(&seen, longer);
    }
    assert_string_equal(seen, " z 0=1 1=2 2=3 a m");
    assert_int_equal(doc_count(doc_key(tree, "z")), 0);
    assert_int_equal(doc_count(NULL), 0);
    assert_null(doc_at(tree, 0));
    DOC_EACH_KEY (NULL, key, value)
        fail();
}

static void test_tree_kinds(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("[null, {}, [], \"\", 1, 1.0, true]");
    static const enum doc_kind wanted[] = { DOC_NULL,    DOC_OBJECT, DOC_ARRAY,  DOC_STRING,
                                            DOC_INTEGER, DOC_REAL,   DOC_BOOLEAN };
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_int_equal(doc_kind(doc_at(tree, i)), wanted[i]);
    assert_int_equal(doc_kind(NULL), DOC_NOTHING);
    assert_string_equal(doc_kind_name(DOC_INTEGER), "an integer");
}

static void test_tree_set(void **state)
{
    (void)state;
    DOC_AUTO tree = doc_object();
    doc_set(tree, "/spec/list", doc_array());
    doc_set(tree, "/spec/list/-", doc_integer(1));
    doc_set(tree, "/spec/list/1", doc_string("two"));
    doc_set(tree, "/spec/list/0", doc_boolean(true));
    doc_set_text(tree, "/spec/a~1b", "slash");
    doc_set_text(tree, "/spec/none", NULL);
    doc_set(tree, "/spec/list/-", doc_object());
    doc_set(tree, "/spec/list/2/deep/er", doc_null());
    expect_tree(tree, "{\"spec\":{\"list\":[true,\"two\",{\"deep\":{\"er\":null}}],\"a/b\":\"slash\"}}");
    doc_set_key(tree, "/x", doc_integer(2));
    doc_set(tree, "/spec", doc_integer(1));
    expect_tree(tree, "{\"spec\":1,\"/x\":2}");
}

static void test_tree_remove(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("{\"a\": [1, 2, 3], \"b/\": {\"c\": 1}, \"d\": 1}");
    assert_true(doc_remove(tree, "/a/1"));
    assert_true(doc_remove(tree, "/b~1/c"));
    assert_false(doc_remove(tree, "/b~1/c"));
    assert_false(doc_remove(tree, "/a/7"));
    assert_false(doc_remove(tree, "/a/x"));
    assert_false(doc_remove(tree, "/none/x"));
    assert_false(doc_remove(tree, "/d/x"));
    expect_tree(tree, "{\"a\":[1,3],\"b/\":{},\"d\":1}");
}

static void test_tree_copy_and_equal(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("{\"a\": [1, {\"b\": 2}], \"c\": 3}");
    DOC_AUTO same = parse("{\"c\": 3, \"a\": [1, {\"b\": 2}]}");
    DOC_AUTO copy = doc_copy(tree);
    assert_true(doc_equal(tree, same));
    doc_set(copy, "/a/1/b", doc_integer(9));
    assert_false(doc_equal(tree, copy));
    assert_int_equal(doc_i64(tree, "/a/1/b", 0), 2);
    assert_true(doc_equal(NULL, NULL));
    assert_false(doc_equal(tree, NULL));
    assert_null(doc_copy(NULL));
    DOC_AUTO other = doc_ref(tree);
    assert_ptr_equal(other, tree);
}

static void test_tree_string_is_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *clean;
    } cases[] = {
        { "plain", "plain" },
        { "h\xC3\xA9", "h\xC3\xA9" },
        { "\xE9x", "\xEF\xBF\xBDx" },
        { "a\xC3", "a\xEF\xBF\xBD" },
        { "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "\xF4\x90\x80\x80z", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        DOC_AUTO value = doc_string(cases[i].raw);
        assert_string_equal(doc_text(value, ""), cases[i].clean);
    }
    DOC_AUTO part = doc_string_len("abcdef", 3);
    DOC_AUTO at_nul = doc_string_len("ab\0cd", 5);
    assert_string_equal(doc_text(part, ""), "abc");
    assert_string_equal(doc_text(at_nul, ""), "ab");
}

struct texts {
    char *seen;
    const char *stop_at;
};

static struct err *see(void *ctx, const char *pointer, const char *text, char **replacement)
{
    struct texts *t = ctx;
    AUTO_STR longer = xasprintf("%s%s=%s\n", t->seen, pointer, text);
    str_set(&t->seen, longer);
    if (str_eq(t->stop_at, pointer))
        return err_new(RW1030_VARIABLE_UNSET, "stopped at %s", pointer);
    if (strchr(text, '$'))
        *replacement = xasprintf("<%s>", text);
    return NULL;
}

static void test_tree_each_text(void **state)
{
    (void)state;
    struct texts t = { .seen = xstrdup("") };
    DOC_AUTO tree = parse("{\"a\": \"$X\", \"$k\": [\"p\", [\"$Y\"], 1, null], \"s/l\": {\"~\": \"q\"}, \"b\": true}");
    AUTO_PTR(err) e = doc_each_text(tree, see, &t);
    assert_null(e);
    assert_string_equal(t.seen, "/a=$X\n/$k/0=p\n/$k/1/0=$Y\n/s~1l/~0=q\n");
    expect_tree(tree, "{\"a\":\"<$X>\",\"$k\":[\"p\",[\"<$Y>\"],1,null],\"s/l\":{\"~\":\"q\"},\"b\":true}");
    free(t.seen);
}

static void test_tree_each_text_stops(void **state)
{
    (void)state;
    struct texts t = { .seen = xstrdup(""), .stop_at = "/b" };
    DOC_AUTO tree = parse("{\"a\": \"$1\", \"b\": \"$2\", \"c\": \"$3\"}");
    AUTO_PTR(err) e = doc_each_text(tree, see, &t);
    assert_int_equal(err_get_code(e), RW1030_VARIABLE_UNSET);
    expect_tree(tree, "{\"a\":\"<$1>\",\"b\":\"$2\",\"c\":\"$3\"}");
    free(t.seen);
}

static void test_tree_pointer_add(void **state)
{
    (void)state;
    AUTO_STR plain = doc_pointer_add("", "a");
    AUTO_STR escaped = doc_pointer_add("/x", "b/c~d");
    assert_string_equal(plain, "/a");
    assert_string_equal(escaped, "/x/b~1c~0d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_get),
        cmocka_unit_test(test_tree_fallbacks),
        cmocka_unit_test(test_tree_loops),
        cmocka_unit_test(test_tree_kinds),
        cmocka_unit_test(test_tree_set),
        cmocka_unit_test(test_tree_remove),
        cmocka_unit_test(test_tree_copy_and_equal),
        cmocka_unit_test(test_tree_string_is_utf8),
        cmocka_unit_test(test_tree_each_text),
        cmocka_unit_test(test_tree_each_text_stops),
        cmocka_unit_test(test_tree_pointer_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
