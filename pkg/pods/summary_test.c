/* The cases are a file, tests/data/pods/summaries.json; README.md there tells its form. */
#include "pods/summary.h"

#include "doc/doc.h"
#include "fake/case.h"
#include "fake/check.h"

static void check_case(const json_t *item)
{
    AUTO(pod_summary) s = { 0 };
    size_t i;
    const json_t *each;
    DOC_EACH_ITEM (doc_key(item, "workloads"), i, each)
        pod_summary_add_workload(&s, each);
    DOC_EACH_ITEM (doc_key(item, "pods"), i, each)
        pod_summary_add_pod(&s, each);
    bool right =
        s.wanted == doc_i64(item, "/expect/wanted", -1) && s.ready == doc_i64(item, "/expect/ready", -1) &&
        s.restarts == doc_i64(item, "/expect/restarts", -1) && s.unknown == doc_bool(item, "/expect/unknown", false) &&
        s.newest_s == doc_i64(item, "/expect/newest", 0) && str_eq(s.trouble, doc_text(item, "/expect/trouble"));
    if (!right)
        fail_msg("%s: %d of %d ready, %d restarts, %s", doc_text(item, "/case"), (int)s.ready, (int)s.wanted,
                 (int)s.restarts, s.trouble ? s.trouble : "no trouble");
}

static void test_summaries(void **state)
{
    (void)state;
    case_each_of("tests/data/pods/summaries.json", 12, check_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_summaries) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
