#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "doc/doc.h"

static json_t *parse(const char *text)
{
    json_t *tree = NULL;
    struct err *e = doc_parse_json(text, strlen(text), "the answer", &tree);
    if (e)
        fail_msg("%s: %s", text, err_get_cause(e));
    return tree;
}

/* refused: the error's place, "line:column", and that it is of the right kind. */
static void expect_refused(const char *text, size_t len, const char *place)
{
    json_t *tree = NULL;
    AUTO_PTR(err) e = doc_parse_json(text, len, "the answer", &tree);
    if (!e)
        fail_msg("taken: %s", text);
    assert_null(tree);
    assert_int_equal(err_get_code(e), RW1110_JSON_SYNTAX);
    AUTO_STR wanted = xasprintf("the answer:%s", place);
    assert_string_equal(err_get_where(e), wanted);
}

static void test_json_parse_fine(void **state)
{
    (void)state;
    DOC_AUTO tree = parse("{\"a\": [1, -2.5, \"\\ud83d\\ude00\\/\", true, null], \"b\": {}}\n");
    assert_int_equal(doc_i64(tree, "/a/0", 0), 1);
    assert_string_equal(doc_text(tree, "/a/2"), "\xF0\x9F\x98\x80/");
    DOC_AUTO scalar = parse(" \"x\" ");
    assert_string_equal(doc_text(scalar, ""), "x");
}

static void test_json_parse_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *place;
    } cases[] = {
        { "", "1:1" },
        { "{", "1:1" },
        { "{\"a\": 1} x", "1:10" },
        { "{\"a\": 1,\n \"a\": 2}", "2:4" },
        { "[1,\n 2,]", "2:4" },
        { "\"\\u0000\"", "1:8" },
        { "18446744073709551615", "1:20" },
        { "1e999", "1:5" },
        { "[NaN]", "1:4" },
        { "'x'", "1:1" },
        { "\"a\tb\"", "1:2" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_refused(cases[i].text, strlen(cases[i].text), cases[i].place);
    expect_refused("\"a\0b\"", 5, "1:2");
    expect_refused("\"\xC3\"", 3, "1:1");
}

static void test_json_cut_anywhere_is_refused(void **state)
{
    (void)state;
    const char *text = "{\"a\": [1, {\"b\": \"h\xC3\xA9\\n\"}], \"c\": null}";
    for (size_t len = 0; len < strlen(text); len++) {
        json_t *tree = NULL;
        AUTO_PTR(err) e = doc_parse_json(text, len, "x", &tree);
        assert_non_null(e);
        assert_null(tree);
    }
}

static void test_json_errors_hold_no_value(void **state)
{
    (void)state;
    static const char *const texts[] = { "{\"p\": hunter2}", "{\"p\": \"hunter2", "{\"hunter2\": 1, \"hunter2\": 1}",
                                         "{\"p\": \"hunter2\" hunter2}" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_t *tree = NULL;
        AUTO_PTR(err) e = doc_parse_json(texts[i], strlen(texts[i]), "x", &tree);
        assert_null(strstr(err_get_message(e), "hunter2"));
        assert_null(strstr(err_get_cause(e), "hunter2"));
    }
}

/* nested: count brackets of each kind around nothing. */
static char *nested(size_t count)
{
    char *text = xcalloc(2 * count + 1, 1);
    memset(text, '[', count);
    memset(text + count, ']', count);
    return text;
}

static void test_json_depth(void **state)
{
    (void)state;
    AUTO_STR fits = nested(LIMIT_DOC_DEPTH);
    AUTO_STR deep = nested(LIMIT_DOC_DEPTH + 1);
    AUTO_STR bomb = nested(1000000);
    DOC_AUTO tree = parse(fits);
    assert_non_null(tree);
    expect_refused(deep, strlen(deep), "1:101");
    expect_refused(bomb, strlen(bomb), "1:101");
    DOC_AUTO quoted = parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"");
    assert_non_null(quoted);
}

static void test_json_too_many_values(void **state)
{
    (void)state;
    size_t len = 2 * (size_t)LIMIT_DOC_NODES + 2;
    AUTO_STR text = xcalloc(len + 1, 1);
    for (size_t i = 0; i < len; i++)
        text[i] = i % 2 ? '0' : ',';
    text[0] = '[';
    text[len - 1] = ']';
    AUTO_STR place = xasprintf("1:%u", 2 * LIMIT_DOC_NODES - 1);
    expect_refused(text, len, place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_parse_fine),
        cmocka_unit_test(test_json_parse_refuses),
        cmocka_unit_test(test_json_cut_anywhere_is_refused),
        cmocka_unit_test(test_json_errors_hold_no_value),
        cmocka_unit_test(test_json_depth),
        cmocka_unit_test(test_json_too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
