#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "doc/doc.h"

static void expect_yaml(json_t *tree_steal, const char *wanted)
{
    AUTO_STR got = doc_dump_yaml(tree_steal);
    doc_unref(tree_steal);
    assert_string_equal(got, wanted);
}

static void test_emit_shapes(void **state)
{
    (void)state;
    json_t *tree = doc_object();
    doc_set_text(tree, "/kind", "Pod");
    doc_set_text(tree, "/spec/a~1b", "x");
    doc_set(tree, "/spec/none", doc_null());
    doc_set(tree, "/spec/on", doc_boolean(true));
    doc_set(tree, "/list", doc_array());
    doc_set(tree, "/list/-", doc_integer(-3));
    doc_set(tree, "/list/-", doc_number(1.5));
    doc_set(tree, "/list/-", doc_object());
    doc_set(tree, "/list/-", doc_array());
    doc_set_text(tree, "/text", "two\nlines\n");
    expect_yaml(tree, "kind: Pod\nspec:\n  a/b: x\n  none: null\n  \"on\": true\nlist:\n- -3\n- 1.5\n- {}\n- []\n"
                      "text: |\n  two\n  lines\n");
}

/* Whatever a text looks like, it is read as that text: by itself, as a key, and within a list. */
static void expect_back(const char *text)
{
    DOC_AUTO tree = doc_object();
    struct doc back = { 0 };
    doc_set_text(tree, "/value", text);
    doc_set(tree, "/list", doc_array());
    doc_set(tree, "/list/-", doc_string(text));
    doc_set_key(tree, text, doc_string("by key"));
    AUTO_STR yaml = doc_dump_yaml(tree);
    struct err *e = doc_parse_yaml_one(yaml, strlen(yaml), "f", &back);
    if (e)
        fail_msg("\"%s\" became\n%s: %s", text, yaml, err_get_message(e));
    if (!doc_equal(tree, back.root))
        fail_msg("\"%s\" became\n%s", text, yaml);
    doc_release(&back);
}

static void test_emit_reads_back(void **state)
{
    static const char *const texts[] = {
        "yes",
        "no",
        "on",
        "Off",
        "y",
        "N",
        "true",
        "null",
        "~",
        "",
        " ",
        "0",
        "007",
        "0644",
        "0x1F",
        "0b1",
        "08",
        "1_000",
        "1.10",
        ".5",
        "1e3",
        "+1",
        "-0",
        ".inf",
        ".NaN",
        "1:20",
        "12:30:45",
        "2001-01-01",
        "=",
        "<<",
        "-",
        "- a",
        "---",
        "...",
        "? a",
        ": a",
        "a: b",
        "a:",
        "#a",
        "a #b",
        "'",
        "\"",
        "'a'",
        "[a",
        "{a",
        "a]",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "a\n",
        "\na",
        "a\n\nb",
        "a\nb",
        "a\nb\n\n",
        " a\nb",
        "a \nb",
        "a\n b\n",
        "a\tb",
        "\ta",
        "a\r\nb",
        "a\\b",
        "\x01\x1F\x7F",
        "\xC2\x85",
        "\xC2\x80",
        "\xE2\x80\xA8",
        "\xE2\x80\xA9",
        "\xEF\xBB\xBF",
        "\xEF\xBF\xBE",
        "\xC3\xA4",
        "\xF0\x9F\x98\x80",
        "a\n\xF0\x9F\x98\x80",
        "#a\nb",
        "- a\nb",
        "---\na",
        "a\n---\nb",
        "a\n...\nb",
        "value",
        "list",
        "averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongk"
        "eyofmore"
        "than128characterssincethoseareputbehindaquestionmark: a",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_back(texts[i]);
}

static void test_emit_numbers_read_back(void **state)
{
    static const double numbers[] = { 0.1, 1e21, 1e-7, 1.7976931348623157e308, 5e-324, -2.5 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        DOC_AUTO tree = doc_object();
        struct doc back = { 0 };
        doc_set(tree, "/n", doc_number(numbers[i]));
        doc_set(tree, "/i", doc_integer(INT64_MIN));
        AUTO_STR yaml = doc_dump_yaml(tree);
        struct err *e = doc_parse_yaml_one(yaml, strlen(yaml), "f", &back);
        if (e || !doc_equal(tree, back.root))
            fail_msg("%g became %s", numbers[i], yaml);
        doc_release(&back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_emit_shapes),
        cmocka_unit_test(test_emit_reads_back),
        cmocka_unit_test(test_emit_numbers_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
