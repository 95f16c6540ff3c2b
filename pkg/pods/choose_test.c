#include "pods/choose.h"

#include <stdio.h>
#include <string.h>

#include "doc/doc.h"
#include "fake/check.h"

static json_t *read(const char *text)
{
    json_t *tree = NULL;
    check_ok(doc_parse_json(text, strlen(text), "the test's text", &tree));
    return tree;
}

#define READY "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]"
#define MADE(name, time) "{\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"" time "\""

static const char *newest_of(const char *text)
{
    static char name[64];
    DOC_AUTO list = read(text);
    const json_t *pods[8];
    size_t i;
    const json_t *pod;
    DOC_EACH_ITEM (list, i, pod)
        pods[i] = pod;
    const json_t *found = pod_newest_ready(pods, doc_count(list));
    snprintf(name, sizeof name, "%s", found ? doc_text(found, "/metadata/name") : "none");
    return name;
}

static void test_the_newest_that_is_ready(void **state)
{
    (void)state;
    assert_string_equal(newest_of("[]"), "none");
    assert_string_equal(
        newest_of("[" MADE("old", "2025-01-02T03:04:05Z") "},\"status\":{" READY "}}," MADE(
            "new",
            "2025-01-02T03:04:06Z") "},\"status\":{" READY
                                    "}}," MADE(
                                        "newest",
                                        "2025-01-02T03:04:07Z") "},\"status\":{\"conditions\":[{\"type\":\"Ready\","
                                                                "\"status\":\"False\"}]}}]"),
        "new");
    assert_string_equal(
        newest_of("[" MADE("goes", "2025-01-02T03:04:05Z") ",\"deletionTimestamp\":\"2025-01-02T03:05:05Z"
                                                           "\"},\"status\":{" READY "}}]"),
        "none");
    assert_string_equal(newest_of("[{\"metadata\":{\"name\":\"timeless\"},\"status\":{" READY "}}]"), "timeless");
}

static void test_why_a_pod_is_not_ready(void **state)
{
    static const struct {
        const char *pod, *why;
    } rows[] = {
        { "{\"metadata\":{\"deletionTimestamp\":\"x\"}}", "being deleted" },
        { "{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\"}]}"
          "}",
          "Unschedulable" },
        { "{\"status\":{\"containerStatuses\":[{\"name\":\"side\",\"ready\":true},{\"name\":\"app\",\"state\":{"
          "\"waiting\":"
          "{\"reason\":\"CrashLoopBackOff\"}}}]}}",
          "app: CrashLoopBackOff" },
        { "{\"status\":{\"containerStatuses\":[{\"name\":\"app\",\"state\":{\"terminated\":{\"exitCode\":3}}}]}}",
          "app: ended with exit 3" },
        { "{\"status\":{\"containerStatuses\":[{\"name\":\"app\",\"state\":{\"running\":{}}}]}}",
          "app: runs, and is not ready" },
        { "{\"status\":{\"phase\":\"Pending\"}}", "Pending" },
        { "{}", "no status yet" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        DOC_AUTO pod = read(rows[i].pod);
        AUTO_STR why = pod_why_not_ready(pod);
        assert_string_equal(why, rows[i].why);
    }
}

static void test_the_container_that_is_meant(void **state)
{
    (void)state;
    DOC_AUTO spec = read("{\"initContainers\":[{\"name\":\"setup\"},{\"name\":\"proxy\",\"restartPolicy\":\"Always\"}],"
                         "\"containers\":[{\"name\":\"app\"},{\"name\":\"side\"}]}");
    DOC_AUTO side = read("{\"annotations\":{\"kubectl.kubernetes.io/default-container\":\"side\"}}");
    DOC_AUTO wrong = read("{\"annotations\":{\"kubectl.kubernetes.io/default-container\":\"gone\"}}");
    AUTO_STR names = pod_container_names(spec);
    assert_string_equal(names, "app, side, proxy");
    assert_string_equal(pod_default_container(NULL, spec), "app");
    assert_string_equal(pod_default_container(side, spec), "side");
    assert_string_equal(pod_default_container(wrong, spec), "app");
    assert_null(pod_default_container(NULL, NULL));
    assert_true(pod_has_container(spec, "proxy"));
    assert_false(pod_has_container(spec, "setup"));
}

static void test_a_container_whose_name_is_no_text(void **state)
{
    (void)state;
    DOC_AUTO spec = read("{\"initContainers\":[{\"restartPolicy\":\"Always\"}],"
                         "\"containers\":[{\"name\":false},{\"name\":\"app\"}]}");
    AUTO_STR names = pod_container_names(spec);
    assert_string_equal(names, "app");
    assert_null(pod_default_container(NULL, spec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_that_is_ready),
        cmocka_unit_test(test_why_a_pod_is_not_ready),
        cmocka_unit_test(test_the_container_that_is_meant),
        cmocka_unit_test(test_a_container_whose_name_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
