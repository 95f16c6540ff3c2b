/* The cases are files, tests/data/kube/unchanged/<case>.json. */
#include "fake/case.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/owners.h"

static const char DIRECTORY[] = "tests/data/kube/unchanged";
#define CASES_AT_LEAST 13

static void test_unchanged_cases(void **state)
{
    (void)state;
    AUTO(strv) names = { 0 };
    check_ok(fs_list(AT_FDCWD, DIRECTORY, &names));
    int failed = 0;
    for (size_t i = 0; i < names.count; i++) {
        DOC_AUTO tree = case_json_in(DIRECTORY, names.items[i]);
        bool unchanged = kube_unchanged(doc_key(tree, "before"), doc_key(tree, "dry_run"));
        if (unchanged == (doc_i64(tree, "/expect/unchanged", -1) == 1))
            continue;
        print_error("%s: %s\n", names.items[i], unchanged ? "unchanged" : "changed");
        failed++;
    }
    assert_int_equal(failed, 0);
    assert_true(names.count >= CASES_AT_LEAST);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged_cases),  cmocka_unit_test(test_unchanged_without_live_object),
        cmocka_unit_test(test_migrated_owners),  cmocka_unit_test(test_kubectl_managers),
        cmocka_unit_test(test_first_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
