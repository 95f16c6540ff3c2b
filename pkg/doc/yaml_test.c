#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "doc/doc.h"

/* Where the pairs are, seen from the top of the checkout, where tests are run. */
static const char data[] = "tests/data/doc";

static void assert_fine(struct err *e)
{
    if (e)
        fail_msg("%s: %s at %s", err_get_message(e), err_get_cause(e) ? err_get_cause(e) : "", err_get_where(e));
}

static struct buf read_data(const char *stem, const char *end)
{
    AUTO_STR path = xasprintf("%s/%s%s", data, stem, end);
    struct buf bytes = BUF_INIT(LIMIT_MANIFEST);
    assert_fine(fs_read(AT_FDCWD, path, LIMIT_MANIFEST, &bytes));
    return bytes;
}

/* expect_error: code and where, "1108 3:5", in the first line of wanted. */
static void expect_error(const char *name, const char *bytes, size_t len, const char *wanted)
{
    struct doc_list list = { 0 };
    AUTO_PTR(err) e = doc_parse_yaml(bytes, len, "f", &list);
    if (!e)
        fail_msg("%s was taken; wanted %s", name, wanted);
    AUTO_STR got = xasprintf("%d %s", (int)err_get_code(e), err_get_where(e) + strlen("f:"));
    AUTO_STR line = xstrndup(wanted, strcspn(wanted, "\n"));
    if (!str_eq(got, line))
        fail_msg("%s: wanted %s, got %s (%s)", name, wanted, got, err_get_message(e));
    assert_null(list.items);
}

static void expect_text_error(const char *text, const char *wanted)
{
    expect_error(text, text, strlen(text), wanted);
}

static void expect_documents(const char *name, const struct buf *yaml, const struct buf *json)
{
    AUTO(doc_list) list = { 0 };
    DOC_AUTO wanted = NULL;
    assert_fine(doc_parse_json(buf_text(json), json->len, name, &wanted));
    assert_fine(doc_parse_yaml(buf_text(yaml), yaml->len, name, &list));
    DOC_AUTO got = doc_array();
    for (size_t i = 0; i < list.count; i++)
        doc_append(got, doc_ref(list.items[i].root));
    AUTO_STR shown = doc_dump(got);
    if (!doc_equal(got, wanted))
        fail_msg("%s gives %s", name, shown);
}

/* check_case: NAME.yaml with NAME.json or NAME.error. */
static void check_case(const struct strv *names, const char *file, size_t *pairs, size_t *errors)
{
    AUTO_STR stem = xstrndup(file, strlen(file) - strlen(".yaml"));
    AUTO_STR json_name = xasprintf("%s.json", stem);
    AUTO(buf) yaml = read_data(stem, ".yaml");
    if (strv_has(names, json_name)) {
        AUTO(buf) json = read_data(stem, ".json");
        expect_documents(file, &yaml, &json);
        ++*pairs;
    } else {
        AUTO(buf) wanted = read_data(stem, ".error");
        expect_error(file, buf_text(&yaml), yaml.len, buf_text(&wanted));
        ++*errors;
    }
}

static void test_yaml_data_files(void **state)
{
    (void)state;
    AUTO(strv) names = { 0 };
    size_t pairs = 0, errors = 0;
    assert_fine(fs_list(AT_FDCWD, data, &names));
    for (size_t i = 0; i < names.count; i++) {
        if (str_ends(names.items[i], ".yaml"))
            check_case(&names, names.items[i], &pairs, &errors);
    }
    assert_true(pairs >= 9 && errors >= 41);
}

static void test_yaml_error_says_what_to_do(void **state)
{
    (void)state;
    struct doc_list list = { 0 };
    const char *text = "data:\n  y: 1\n";
    AUTO_PTR(err) e = doc_parse_yaml(text, strlen(text), "k8s/config.yaml", &list);
    assert_int_equal(err_get_code(e), RW1108_YAML_AMBIGUOUS);
    assert_int_equal(err_get_class(e), ERR_USAGE);
    assert_string_equal(err_get_message(e), "key \"y\" would reach Kubernetes as \"true\"");
    assert_string_equal(err_get_where(e), "k8s/config.yaml:2:3");
    assert_string_equal(err_get_next(e, 0), "write \"y\":");
}

static void test_yaml_errors_hold_no_value(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "password: hunter2 hunter2: x\n",
        "password: 0hunter2 08\n: hunter2",
        "password: 99999999999999999999\n",
        "password: .inf\n",
        "password: \"hunter2\n",
        "password: [hunter2\n",
        "password: !!int hunter2\n",
        "password: hunter2\n\thunter2: 1",
        "password: *hunter\n",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct doc_list list = { 0 };
        AUTO_PTR(err) e = doc_parse_yaml(texts[i], strlen(texts[i]), "f", &list);
        assert_non_null(e);
        AUTO_STR all = xasprintf("%s %s %s", err_get_message(e), err_get_cause(e) ? err_get_cause(e) : "",
                                 err_get_next(e, 0) ? err_get_next(e, 0) : "");
        assert_null(strstr(all, "hunter2"));
        assert_null(strstr(all, "999"));
    }
}

static void test_yaml_cut_anywhere_is_clean(void **state)
{
    (void)state;
    AUTO(buf) yaml = read_data("anchors", ".yaml");
    for (size_t len = 0; len <= yaml.len; len++) {
        AUTO(doc_list) list = { 0 };
        err_ignore(doc_parse_yaml(yaml.bytes, len, "f", &list), "only that it ends and leaks nothing is asked here");
    }
}

static void expect_place(const struct doc *d, const char *pointer, size_t line, size_t column, bool key)
{
    size_t l, c;
    if (key)
        doc_where_key(d, pointer, &l, &c);
    else
        doc_where(d, pointer, &l, &c);
    if (l != line || c != column)
        fail_msg("\"%s\" is at %zu:%zu, wanted %zu:%zu", pointer, l, c, line, column);
}

static void test_yaml_places(void **state)
{
    (void)state;
    const char *text = "# first\n"
                       "a: &a {x: 1}\n"
                       "---\n"
                       "spec:\n"
                       "  containers:\n"
                       "  - name: web\n"
                       "    image: \"h\xC3\xA9\" # x\n"
                       "    env: [{name: A}, {name: B, value: 65}]\n"
                       "  a/b~c: 1\n"
                       "  base: &base {k: v, l: w}\n"
                       "  copy: *base\n"
                       "  merged:\n"
                       "    <<: *base\n"
                       "    l: own\n";
    AUTO(doc_list) list = { 0 };
    assert_fine(doc_parse_yaml(text, strlen(text), "f", &list));
    assert_int_equal(list.count, 2);
    const struct doc *d = &list.items[1];
    expect_place(&list.items[0], "/a/x", 2, 11, false);
    expect_place(d, "", 4, 1, false);
    expect_place(d, "/spec", 4, 1, true);
    expect_place(d, "/spec", 5, 3, false);
    expect_place(d, "/spec/containers/0/image", 7, 12, false);
    expect_place(d, "/spec/containers/0/image", 7, 5, true);
    expect_place(d, "/spec/containers/0/env/1/value", 8, 39, false);
    expect_place(d, "/spec/a~1b~0c", 9, 10, false);
    expect_place(d, "/spec/a~1b~0c", 9, 3, true);
    expect_place(d, "/spec/containers/0/env/1/none/at/all", 8, 22, false);
    expect_place(d, "/spec/containers/7", 6, 3, false);
    expect_place(d, "/spec/copy/k", 11, 9, false);
    expect_place(d, "/spec/merged/k", 13, 9, false);
    expect_place(d, "/spec/merged/l", 14, 8, false);
    expect_place(d, "/nothing", 4, 1, true);
}

static void test_yaml_copies_are_independent(void **state)
{
    (void)state;
    AUTO(doc_list) list = { 0 };
    const char *text = "a: &a {x: 1}\nb: *a\nc: {<<: *a}\n";
    assert_fine(doc_parse_yaml(text, strlen(text), "f", &list));
    doc_set(list.items[0].root, "/a/x", doc_integer(2));
    assert_int_equal(doc_i64(list.items[0].root, "/b/x", 0), 1);
    assert_int_equal(doc_i64(list.items[0].root, "/c/x", 0), 1);
}

static void test_yaml_one(void **state)
{
    (void)state;
    AUTO(doc) none = { 0 };
    AUTO(doc) one = { 0 };
    AUTO(doc) two = { 0 };
    assert_fine(doc_parse_yaml_one("# only this\n", 12, "rwml.yaml", &none));
    assert_true(doc_is_object(none.root));
    assert_int_equal(doc_count(none.root), 0);
    assert_fine(doc_parse_yaml_one("a: 1\n", 5, "rwml.yaml", &one));
    assert_int_equal(doc_i64(one.root, "/a", 0), 1);
    AUTO_PTR(err) e = doc_parse_yaml_one("a: 1\n---\nb: 1\n", 14, "rwml.yaml", &two);
    assert_int_equal(err_get_code(e), RW1107_YAML_SYNTAX);
    assert_string_equal(err_get_where(e), "rwml.yaml:3:1");
    assert_null(two.root);
}

/* Bombs: each has to be refused long before it hurts. A second is far above what a slow machine
 * with sanitizers takes, and far below the 31 seconds that libyaml alone needs for the first. */

static char *repeat(const char *head, const char *part, size_t count, const char *tail)
{
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    buf_adds(&b, head);
    for (size_t i = 0; i < count; i++)
        buf_adds(&b, part);
    buf_adds(&b, tail);
    return buf_steal(&b, NULL);
}

static void expect_bomb(char *text_steal, const char *wanted)
{
    AUTO_STR text = text_steal;
    clock_t begin = clock();
    expect_error("a bomb", text, strlen(text), wanted);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (seconds > 1.0)
        fail_msg("a bomb of %zu bytes took %.2f s", strlen(text), seconds);
}

static void test_yaml_bombs_of_depth(void **state)
{
    (void)state;
    expect_bomb(repeat("", "[", 100000, ""), "1109 1:101");
    expect_bomb(repeat("", "[\n", 100000, ""), "1109 101:1");
    expect_bomb(repeat("", "- ", 100000, "x"), "1109 1:201");
    expect_bomb(repeat("", "{a: ", 100000, ""), "1109 1:401");
    expect_bomb(repeat("", "{\"a\":", 100000, ""), "1109 1:501");
    expect_bomb(repeat("", "? ", 100000, ""), "1107 1:3");
}

static void test_yaml_depth_limit_is_exact(void **state)
{
    (void)state;
    AUTO(doc_list) list = { 0 };
    AUTO_STR open = repeat("", "[", LIMIT_DOC_DEPTH, "");
    AUTO_STR text = repeat(open, "]", LIMIT_DOC_DEPTH, "\n");
    assert_fine(doc_parse_yaml(text, strlen(text), "f", &list));
    expect_bomb(repeat("[", text, 1, "]"), "1109 1:101");
}

/* An alias may add depth without a bracket of its own: a1: [*a0], a2: [*a1] … */
static void test_yaml_bomb_of_alias_depth(void **state)
{
    (void)state;
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    buf_adds(&b, "a0: &a0 [1]\n");
    for (int i = 1; i < 150; i++)
        buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    expect_bomb(buf_steal(&b, NULL), "1109 100:12");
}

/* CVE-2019-11253: nine times nine times … */
static void test_yaml_bombs_of_aliases(void **state)
{
    (void)state;
    AUTO(buf) laughs = BUF_INIT(SIZE_MAX);
    AUTO(buf) merges = BUF_INIT(SIZE_MAX);
    buf_adds(&laughs, "a: &a [x,x,x,x,x,x,x,x,x]\n");
    buf_adds(&merges, "a: &a {k: 1}\n");
    for (char c = 'b'; c < 'n'; c++) {
        buf_addf(&laughs, "l%c: &%c ", c, c);
        buf_addf(&merges, "m%c: &%c {k%c: 1, <<: ", c, c, c);
        for (int i = 0; i < 9; i++) {
            buf_addf(&laughs, "%s*%c", i ? "," : "[", c - 1);
            buf_addf(&merges, "%s*%c", i ? "," : "[", c - 1);
        }
        buf_adds(&laughs, "]\n");
        buf_adds(&merges, "]}\n");
    }
    expect_bomb(buf_steal(&laughs, NULL), "1109 5:18");
    expect_bomb(buf_steal(&merges, NULL), "1109 6:21");
    AUTO_STR long_text = repeat("a: &a ", "x", 1000000, "\nb: [");
    expect_bomb(repeat(long_text, "*a,", 1000, "1]\n"), "1109 2:35");
}

static void test_yaml_honest_aliases_pass(void **state)
{
    (void)state;
    AUTO(doc_list) list = { 0 };
    AUTO_STR text =
        repeat("env: &env\n- {name: A, value: \"1\"}\n- {name: B, value: \"2\"}\nall:\n", "- *env\n", 500, "");
    assert_fine(doc_parse_yaml(text, strlen(text), "f", &list));
    assert_int_equal(doc_count(doc_get(list.items[0].root, "/all")), 500);
}

static void test_yaml_limits_of_size(void **state)
{
    (void)state;
    AUTO_STR large = repeat("a: \"", "xxxxxxxxxxxxxxxx", LIMIT_MANIFEST / 16, "\"\n");
    expect_error("a large file", large, strlen(large), "1109 1:1");
    AUTO_STR many = repeat("[", "1,", LIMIT_DOC_NODES + 1, "]");
    AUTO_STR place = xasprintf("1109 1:%u", 2 * LIMIT_DOC_NODES);
    expect_error("many values", many, strlen(many), place);
}

static void test_yaml_json_fallback_tells_yamls_error(void **state)
{
    (void)state;
    expect_text_error("{\"a\": \"\\ud83d\\ude00\"", "1107 1:10");
    expect_text_error("{\"a\": 1} {\"a\": 1, \"a\": 2}", "1107 1:10");
    expect_text_error("{a: [1}", "1107 1:7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_data_files),
        cmocka_unit_test(test_yaml_error_says_what_to_do),
        cmocka_unit_test(test_yaml_errors_hold_no_value),
        cmocka_unit_test(test_yaml_cut_anywhere_is_clean),
        cmocka_unit_test(test_yaml_places),
        cmocka_unit_test(test_yaml_copies_are_independent),
        cmocka_unit_test(test_yaml_one),
        cmocka_unit_test(test_yaml_bombs_of_depth),
        cmocka_unit_test(test_yaml_depth_limit_is_exact),
        cmocka_unit_test(test_yaml_bomb_of_alias_depth),
        cmocka_unit_test(test_yaml_bombs_of_aliases),
        cmocka_unit_test(test_yaml_honest_aliases_pass),
        cmocka_unit_test(test_yaml_limits_of_size),
        cmocka_unit_test(test_yaml_json_fallback_tells_yamls_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
