/* The cases are files, tests/data/pods/; README.md there tells their form. */
#include "pods/roots.h"

#include "doc/doc.h"
#include "fake/case.h"
#include "fake/check.h"

static void test_whose_a_pod_is(void **state)
{
    (void)state;
    DOC_AUTO tree = case_json("tests/data/pods/owners.json");
    struct pod_root roots[8];
    size_t i, count;
    json_t *item;
    DOC_EACH_ITEM (doc_key(tree, "roots"), count, item)
        roots[count] = (struct pod_root){ { doc_text(item, "/apiVersion"), doc_text(item, "/kind"),
                                            doc_text(item, "/namespace"), doc_text(item, "/name") },
                                          doc_text(item, "/service") };
    const json_t *between = doc_key(tree, "between");
    assert_true(doc_count(doc_key(tree, "pods")) >= 10);
    DOC_EACH_ITEM (doc_key(tree, "pods"), i, item) {
        const struct pod_root *root = pod_root_of(roots, count, doc_key(item, "pod"), &between, 1);
        if (!str_eq(root ? root->service : NULL, doc_text(item, "/service")))
            fail_msg("pod %zu belongs to %s", i, root ? root->service : "nobody");
    }
}

static void test_kinds_with_pods(void **state)
{
    (void)state;
    const char *api_version = NULL;
    assert_true(pod_root_is_one((struct kube_id){ "apps/v1", "DaemonSet", "shop", "a" }));
    assert_false(pod_root_is_one((struct kube_id){ "example.com/v1", "Deployment", "shop", "a" }));
    assert_false(pod_root_is_one((struct kube_id){ "v1", "Service", "shop", "a" }));
    assert_string_equal(pod_root_between("CronJob", &api_version), "Job");
    assert_string_equal(api_version, "batch/v1");
    assert_null(pod_root_between("StatefulSet", &api_version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_a_pod_is),
        cmocka_unit_test(test_kinds_with_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
