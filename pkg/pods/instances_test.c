/* The cases are files, tests/data/pods/; README.md there tells their form. */
#include "pods/instances.h"

#include "doc/doc.h"
#include "fake/case.h"
#include "fake/check.h"

static void check_case(const json_t *item)
{
    static const char *const names[] = { "nothing", "current", "previous" };
    struct log_instances now;
    DOC_AUTO pod = doc_object();
    doc_set(pod, "/status/containerStatuses", doc_array());
    if (!doc_is_null(doc_key(item, "status")))
        doc_append(doc_get(pod, "/status/containerStatuses"), doc_copy(doc_key(item, "status")));
    log_instances_read(pod, "web", &now);
    struct log_reading next = log_next(&now, doc_i64(item, "/done", -1));
    bool right = str_eq(names[next.what], doc_text(item, "/expect/what")) &&
                 (next.what == LOG_NEXT_NOTHING || (next.instance == doc_i64(item, "/expect/instance", -1) &&
                                                    next.last == doc_bool(item, "/expect/last", !next.last) &&
                                                    next.lost == doc_i64(item, "/expect/lost", -1)));
    if (!right)
        fail_msg("%s: %s, instance %d, last %d, lost %d", doc_text(item, "/case"), names[next.what], (int)next.instance,
                 next.last, (int)next.lost);
}

static void test_what_is_read_next(void **state)
{
    (void)state;
    case_each_of("tests/data/pods/instances.json", 12, check_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
