/* Which end of a program is told while its rollout goes on. */
#include "fake/check.h"

#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "rollout/crash.h"

static json_t *parse(const char *text)
{
    json_t *tree = NULL;
    check_ok(doc_parse_json(text, strlen(text), "test", &tree));
    return tree;
}

static int64_t seconds(const char *time)
{
    int64_t s = 0;
    assert_true(clock_parse_rfc3339(time, &s));
    return s;
}

static const char POD[] = "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{},\"status\":{}}";
static const char BEGAN[] = "2026-11-24T04:35:00Z";

/* state, lastState: JSON; as the status of the list's only container. */
static bool finds(const char *policy, const char *list, const char *state, const char *last, struct rollout_crash *out)
{
    DOC_AUTO workload = parse(POD);
    AUTO_STR status =
        xasprintf("[{\"name\":\"web\",\"state\":{%s},\"lastState\":{%s}}]", state ? state : "", last ? last : "");
    doc_set_text(workload, "/spec/restartPolicy", policy);
    doc_set_key(doc_key(workload, "status"), list, parse(status));
    DOC_AUTO pods = doc_array();
    doc_append(pods, doc_ref(workload));
    const struct rollout_snapshot s = { .workload = workload, .pods = pods };
    bool found = crash_find(&s, seconds(BEGAN), out);
    if (found) {
        assert_string_equal(out->pod, "p");
        assert_string_equal(out->container, "web");
    }
    return found;
}

#define ENDED(code, time) "\"terminated\":{\"exitCode\":" #code ",\"reason\":\"Error\",\"finishedAt\":\"" time "\"}"
#define AFTER "2026-11-24T04:35:01Z"
#define BEFORE "2026-11-24T04:34:59Z"
#define RUNS "\"running\":{\"startedAt\":\"" AFTER "\"}"

static void test_end_of_a_program_that_is_to_run(void **state)
{
    (void)state;
    struct rollout_crash crash;
    assert_true(finds(NULL, "containerStatuses", ENDED(1, AFTER), NULL, &crash));
    assert_int_equal(crash.exit_code, 1);
    assert_false(crash.previous);
    assert_true(finds("Always", "containerStatuses", ENDED(0, AFTER), NULL, &crash));
    assert_int_equal(crash.exit_code, 0);
    assert_false(crash.is_final);
    assert_true(finds("Never", "containerStatuses", ENDED(1, AFTER), NULL, &crash));
    assert_true(crash.is_final);
}

/* Crashed and started again between two looks. */
static void test_end_that_another_start_has_followed(void **state)
{
    (void)state;
    struct rollout_crash crash;
    assert_true(finds(NULL, "containerStatuses", RUNS, ENDED(3, AFTER), &crash));
    assert_int_equal(crash.exit_code, 3);
    assert_true(crash.previous);
}

static void test_what_is_not_told(void **state)
{
    (void)state;
    struct rollout_crash crash;
    assert_false(finds(NULL, "containerStatuses", RUNS, NULL, &crash));
    assert_false(finds(NULL, "containerStatuses", RUNS, ENDED(1, BEFORE), &crash));
    assert_false(finds("Never", "containerStatuses", ENDED(0, AFTER), NULL, &crash));
    assert_false(finds(NULL, "initContainerStatuses", ENDED(0, AFTER), NULL, &crash));
    assert_true(finds(NULL, "initContainerStatuses", ENDED(2, AFTER), NULL, &crash));
}

/* A Deployment whose old pod has crashed just now; parts that differ: whether its controller has seen the new
 * version, and whether the ReplicaSet of it has arrived. */
static bool finds_in_old_pod(int observed, bool arrived)
{
    DOC_AUTO workload = parse("{\"kind\":\"Deployment\",\"metadata\":{\"uid\":\"d\",\"generation\":2,"
                              "\"annotations\":{\"deployment.kubernetes.io/revision\":\"2\"}},\"status\":{}}");
    DOC_AUTO owned = parse("[{\"metadata\":{\"uid\":\"r1\",\"ownerReferences\":[{\"uid\":\"d\"}],"
                           "\"annotations\":{\"deployment.kubernetes.io/revision\":\"1\"}}}]");
    DOC_AUTO newest = parse("{\"metadata\":{\"uid\":\"r2\",\"ownerReferences\":[{\"uid\":\"d\"}],"
                            "\"annotations\":{\"deployment.kubernetes.io/revision\":\"2\"}}}");
    DOC_AUTO pods = parse("[{\"metadata\":{\"name\":\"p\",\"ownerReferences\":[{\"uid\":\"r1\"}]},\"status\":"
                          "{\"containerStatuses\":[{\"name\":\"web\",\"state\":{" ENDED(1, AFTER) "}}]}}]");
    doc_set(workload, "/status/observedGeneration", doc_integer(observed));
    if (arrived)
        doc_append(owned, doc_ref(newest));
    else
        doc_set_text(workload, "/metadata/annotations/deployment.kubernetes.io~1revision", observed == 2 ? "2" : "1");
    struct rollout_crash crash;
    return crash_find(&(struct rollout_snapshot){ .workload = workload, .owned = owned, .pods = pods }, seconds(BEGAN),
                      &crash);
}

static void test_crash_of_the_version_before(void **state)
{
    (void)state;
    assert_false(finds_in_old_pod(1, false));
    assert_false(finds_in_old_pod(2, false));
    assert_false(finds_in_old_pod(2, true));
}

static void test_lack_of_memory(void **state)
{
    (void)state;
    struct rollout_crash crash;
    assert_true(finds(NULL, "containerStatuses",
                      "\"terminated\":{\"exitCode\":137,\"reason\":\"OOMKilled\",\"finishedAt\":\"" AFTER "\"}", NULL,
                      &crash));
    assert_true(crash.out_of_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_of_a_program_that_is_to_run),
        cmocka_unit_test(test_end_that_another_start_has_followed),
        cmocka_unit_test(test_what_is_not_told),
        cmocka_unit_test(test_crash_of_the_version_before),
        cmocka_unit_test(test_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
