#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "doc/doc.h"

static void expect_dump(json_t *tree_steal, const char *wanted)
{
    AUTO_STR got = doc_dump(tree_steal);
    doc_unref(tree_steal);
    assert_string_equal(got, wanted);
}

static void test_dump_escapes(void **state)
{
    (void)state;
    expect_dump(doc_string("a/b \"q\" \\ \t\n\r\x01\x1F"), "\"a/b \\\"q\\\" \\\\ \\t\\n\\r\\u0001\\u001f\"");
    expect_dump(doc_string("\x7F\xC2\x80\xC2\x85\xC2\x9F\xC2\xA0"), "\"\\u007f\\u0080\\u0085\\u009f\xC2\xA0\"");
    expect_dump(doc_string("\xE2\x80\xA8\xE2\x80\xA9"), "\"\\u2028\\u2029\"");
    expect_dump(doc_string("\xEF\xBB\xBF\xEF\xBF\xBE\xEF\xBF\xBF"), "\"\\ufeff\\ufffe\\uffff\"");
    expect_dump(doc_string("\xF0\x9F\x98\x80 \xE6\x97\xA5"), "\"\xF0\x9F\x98\x80 \xE6\x97\xA5\"");
}

/* What strconv.FormatFloat and encoding/json of Go 1.23 print for the same doubles. */
static void test_dump_numbers(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { 1.1, "1.1" },
        { -2.5, "-2.5" },
        { 100, "100" },
        { 0.1, "0.1" },
        { 1e20, "100000000000000000000" },
        { 1e21, "1e+21" },
        { 1.5e300, "1.5e+300" },
        { 1e-6, "0.000001" },
        { 1.5e-7, "1.5e-7" },
        { 5e-324, "5e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { 0.30000000000000004, "0.30000000000000004" },
        { 12345678901234567000.0, "12345678901234567000" },
        { 123456.789, "123456.789" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_dump(doc_number(cases[i].number), cases[i].text);
    expect_dump(doc_integer(INT64_MIN), "-9223372036854775808");
}

static void test_dump_shapes(void **state)
{
    (void)state;
    json_t *tree = doc_object();
    doc_set(tree, "/z", doc_array());
    doc_set(tree, "/a", doc_object());
    doc_set(tree, "/list", doc_array());
    doc_set(tree, "/list/-", doc_null());
    doc_set(tree, "/list/-", doc_boolean(false));
    doc_set(tree, "/m/k", doc_integer(1));
    expect_dump(tree, "{\"z\":[],\"a\":{},\"list\":[null,false],\"m\":{\"k\":1}}");
}

/* next_random: numbers that are the same in each run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* What is written reads back as the same tree, as JSON and as YAML 1.1. */
static void test_dump_reads_back(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const parts[] = {"\"", "\n", "---", "{{", "${X}", "\t", ": ", "#", "\x7F", "\xC2\x85",
                                        "\xE2\x80\xA8", "\xEF\xBB\xBF", "\xF0\x9F\x98\x80", "y", "08", " ", "\\", "/",
                                        "'", "- ", "\r\n", "\x1B[1m", "*", "&a", "%"};
    /* clang-format on */
    uint32_t random = 1;
    for (int round = 0; round < 5000; round++) {
        AUTO(buf) text = BUF_INIT(4096);
        for (uint32_t n = next_random(&random) % 8; n > 0; n--)
            buf_adds(&text, parts[next_random(&random) % COUNT_OF(parts)]);
        DOC_AUTO tree = doc_object();
        doc_set_key(tree, buf_text(&text), doc_string(buf_text(&text)));
        AUTO_STR written = doc_dump(tree);
        DOC_AUTO json = NULL;
        AUTO(doc_list) yaml = { 0 };
        AUTO_PTR(err) e = doc_parse_json(written, strlen(written), "x", &json);
        AUTO_PTR(err) f = doc_parse_yaml(written, strlen(written), "x", &yaml);
        assert_null(e);
        assert_null(f);
        assert_true(doc_equal(json, tree));
        assert_true(yaml.count == 1 && doc_equal(yaml.items[0].root, tree));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dump_escapes),
        cmocka_unit_test(test_dump_numbers),
        cmocka_unit_test(test_dump_shapes),
        cmocka_unit_test(test_dump_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
