/* The cases are files, tests/data/history/<case>.json: workload, owned; previous and serving: the number of the
 * revision that is meant, -1 for none; image: the first container's in the previous one. */
#include "fake/case.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "rollout/history.h"

static const char DIRECTORY[] = "tests/data/history";
#define CASES_AT_LEAST 5

static int64_t number_of(bool found, const struct history_revision *r)
{
    return found ? r->number : -1;
}

static bool passes(const char *name)
{
    DOC_AUTO tree = case_json_in(DIRECTORY, name);
    const json_t *workload = doc_key(tree, "workload"), *owned = doc_key(tree, "owned");
    AUTO(history_revision) previous = { 0 };
    AUTO(history_revision) serving = { 0 };
    bool found = history_previous(workload, owned, &previous);
    bool serves = history_serving(workload, owned, &serving);
    assert_null(doc_get(previous.template, "/metadata/labels/pod-template-hash"));
    assert_null(doc_get(previous.template, "/$patch"));
    if (number_of(found, &previous) == doc_i64(tree, "/previous", -2) &&
        number_of(serves, &serving) == doc_i64(tree, "/serving", -2) &&
        str_eq(doc_text(previous.template, "/spec/containers/0/image"), doc_text(tree, "/image")))
        return true;
    print_error("%s: previous %d, serving %d, image %s\n", name, (int)number_of(found, &previous),
                (int)number_of(serves, &serving), doc_text(previous.template, "/spec/containers/0/image"));
    return false;
}

static void test_history_cases(void **state)
{
    (void)state;
    case_each(DIRECTORY, CASES_AT_LEAST, passes);
}

static void test_kinds_with_a_history(void **state)
{
    (void)state;
    assert_string_equal(history_kind("Deployment"), "ReplicaSet");
    assert_string_equal(history_kind("StatefulSet"), "ControllerRevision");
    assert_string_equal(history_kind("DaemonSet"), "ControllerRevision");
    assert_null(history_kind("Job"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history_cases),
        cmocka_unit_test(test_kinds_with_a_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
