/* The cases are files, tests/data/kube/unchanged/<case>.json. */
#include "fake/case.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/differences.h"
#include "kube/owners.h"

static const char DIRECTORY[] = "tests/data/kube/unchanged";
#define CASES_AT_LEAST 13

static bool passes(const char *name)
{
    DOC_AUTO tree = case_json_in(DIRECTORY, name);
    bool unchanged = kube_unchanged(doc_key(tree, "before"), doc_key(tree, "dry_run"));
    if (unchanged == (doc_i64(tree, "/expect/unchanged", -1) == 1))
        return true;
    print_error("%s: %s\n", name, unchanged ? "unchanged" : "changed");
    return false;
}

static void test_unchanged_cases(void **state)
{
    (void)state;
    case_each(DIRECTORY, CASES_AT_LEAST, passes);
}

static void test_unchanged_without_live_object(void **state)
{
    (void)state;
    DOC_AUTO dry_run = doc_object();
    assert_false(kube_unchanged(NULL, dry_run));
}

/* What kubectl applied becomes ours, once, and kubectl owns nothing any more; the entries of
 * others and of subresources stay as they are. */
static void test_migrated_owners(void **state)
{
    (void)state;
    DOC_AUTO tree = case_json_in(DIRECTORY, "kubectl.json");
    const json_t *before = doc_key(tree, "before");
    assert_true(kube_has_inherited(before));
    DOC_AUTO after = doc_copy(before);
    size_t others = doc_count(doc_get(before, "/metadata/managedFields")) - 1;
    doc_set(after, "/metadata/managedFields", kube_migrated_owners(before, KUBE_MANAGER));
    assert_false(kube_has_inherited(after));
    assert_int_equal(doc_count(doc_get(after, "/metadata/managedFields")), others + 1);
    const json_t *owned = kube_owned_fields(after, KUBE_MANAGER);
    assert_non_null(doc_key(doc_key(owned, "f:spec"), "f:replicas"));
    DOC_AUTO again = kube_migrated_owners(after, KUBE_MANAGER);
    assert_true(doc_equal(again, doc_get(after, "/metadata/managedFields")));
}

static void test_kubectl_managers(void **state)
{
    (void)state;
    assert_true(kube_is_inherited("kubectl", 7));
    assert_true(kube_is_inherited("kubectl-client-side-apply", 25));
    assert_false(kube_is_inherited("kubectl-edit", 12));
    assert_false(kube_is_inherited("kube", 4));
}

static void expect_difference(const char *live, const char *wanted, const char *path)
{
    DOC_AUTO a = NULL;
    DOC_AUTO b = NULL;
    check_ok(doc_parse_json(live, strlen(live), "live", &a));
    check_ok(doc_parse_json(wanted, strlen(wanted), "wanted", &b));
    AUTO_STR got = kube_first_difference(a, b);
    if (path)
        assert_string_equal(got ? got : "(none)", path);
    else
        assert_null(got);
}

static void test_first_difference(void **state)
{
    (void)state;
    expect_difference("{\"a\":1,\"more\":2}", "{\"a\":1}", NULL);
    expect_difference("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2}}", ".a.b");
    expect_difference("{\"a\":{}}", "{\"a\":{\"b\":2}}", ".a.b");
    expect_difference("{\"c\":[{\"name\":\"x\",\"v\":1},{\"name\":\"y\",\"v\":1}]}",
                      "{\"c\":[{\"name\":\"y\",\"v\":2}]}", ".c[name=\"y\"].v");
    expect_difference("{\"c\":[\"x\",\"y\"]}", "{\"c\":[\"x\",\"z\"]}", ".c[1]");
    expect_difference("{\"c\":\"500m\"}", "{\"c\":1}", ".c");
}

static void expect_differences(const char *before, const char *after, const char *told)
{
    DOC_AUTO a = NULL;
    DOC_AUTO b = NULL;
    DOC_AUTO was = NULL;
    DOC_AUTO is = NULL;
    AUTO(kube_differences) all = { 0 };
    AUTO(strv) lines = { 0 };
    check_ok(doc_parse_json(before, strlen(before), "before", &a));
    check_ok(doc_parse_json(after, strlen(after), "after", &b));
    kube_masked(a, b, &was, &is);
    kube_differences(was, is, KUBE_COMPARE_ALL, &all);
    for (size_t i = 0; i < all.count; i++) {
        AUTO_STR old = all.items[i].before ? doc_dump(all.items[i].before) : xstrdup("nothing");
        AUTO_STR new = all.items[i].after ? doc_dump(all.items[i].after) : xstrdup("nothing");
        strv_addf(&lines, "%s %s %s", all.items[i].field, old, new);
    }
    AUTO_STR got = strv_join(&lines, "; ");
    assert_string_equal(got, told);
}

static void test_differences(void **state)
{
    (void)state;
    expect_differences("{\"a\":1}", "{\"a\":1}", "");
    expect_differences("{\"a\":1,\"old\":{\"x\":1}}", "{\"new\":[2],\"a\":2}",
                       ".new nothing [2]; .a 1 2; .old {\"x\":1} nothing");
    expect_differences("{\"a\":\"1\"}", "{\"a\":1}", ".a \"1\" 1");
    expect_differences("{\"c\":[{\"name\":\"x\",\"v\":1},{\"name\":\"y\",\"v\":1}]}",
                       "{\"c\":[{\"name\":\"y\",\"v\":2},{\"name\":\"z\"}]}",
                       ".c[name=\"y\"].v 1 2; .c[name=\"z\"] nothing {\"name\":\"z\"}; "
                       ".c[name=\"x\"] {\"name\":\"x\",\"v\":1} nothing");
    expect_differences("{\"c\":[{\"name\":\"x\"},{\"name\":\"y\"}]}", "{\"c\":[{\"name\":\"y\"},{\"name\":\"x\"}]}",
                       ".c [\"x\",\"y\"] [\"y\",\"x\"]");
    expect_differences("{\"c\":[{\"port\":1},{\"port\":2}]}", "{\"c\":[{\"port\":1}]}", ".c[1] {\"port\":2} nothing");
    expect_differences("{\"c\":[{\"name\":\"x\"},{\"name\":\"x\"}]}", "{\"c\":[{\"name\":\"x\"},{\"name\":\"y\"}]}",
                       ".c[1].name \"x\" \"y\"");
    expect_differences("{\"status\":1,\"metadata\":{\"generation\":1,\"resourceVersion\":\"1\"}}",
                       "{\"metadata\":{\"generation\":2,\"resourceVersion\":\"2\"}}", "");
}

/* What is secret is never told, also not by what kubectl noted, and what differs is. */
static void test_differences_of_secrets(void **state)
{
    (void)state;
    expect_differences("{\"kind\":\"Secret\",\"data\":{\"a\":\"b2xk\",\"b\":\"c2FtZQ==\",\"gone\":\"eA==\"}}",
                       "{\"kind\":\"Secret\",\"data\":{\"a\":\"bmV3\",\"b\":\"c2FtZQ==\",\"c\":\"eA==\"}}",
                       ".data.a \"*** (before)\" \"*** (after)\"; .data.c nothing \"***\"; .data.gone \"***\" nothing");
    expect_differences(
        "{\"kind\":\"Secret\",\"metadata\":{\"annotations\":"
        "{\"kubectl.kubernetes.io/last-applied-configuration\":\"b2xk\"}}}",
        "{\"kind\":\"Secret\",\"metadata\":{\"annotations\":{}}}",
        ".metadata.annotations.kubectl.kubernetes.io/last-applied-configuration \"*** (before)\" nothing");
    expect_differences("{\"kind\":\"Secret\"}", "{\"kind\":\"Secret\",\"data\":{\"a\":\"bmV3\"}}",
                       ".data nothing {\"a\":\"***\"}");
    expect_differences("{\"kind\":\"ConfigMap\",\"data\":{\"a\":\"1\"}}",
                       "{\"kind\":\"ConfigMap\",\"data\":{\"a\":\"2\"}}", ".data.a \"1\" \"2\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged_cases),        cmocka_unit_test(test_unchanged_without_live_object),
        cmocka_unit_test(test_migrated_owners),        cmocka_unit_test(test_kubectl_managers),
        cmocka_unit_test(test_first_difference),       cmocka_unit_test(test_differences),
        cmocka_unit_test(test_differences_of_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
