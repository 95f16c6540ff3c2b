#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "rollout/asks.h"

static void expect_probe(const char *json, const char *want)
{
    DOC_AUTO probe = NULL;
    check_ok(doc_parse_json(json, strlen(json), "probe", &probe));
    AUTO_STR got = asks_probe(probe);
    if (!str_eq(got, want))
        fail_msg("%s gives %s, wanted %s", json, got ? got : "nothing", want ? want : "nothing");
}

static void test_probes(void **state)
{
    (void)state;
    expect_probe("{\"exec\":{\"command\":[\"/app/check\",\"--fast\"]}}", "exec /app/check --fast");
    expect_probe("{\"httpGet\":{\"path\":\"/health\",\"port\":8080}}", "GET /health on port 8080");
    expect_probe("{\"httpGet\":{\"port\":\"web\"}}", "GET / on port web");
    expect_probe("{\"tcpSocket\":{\"port\":5432}}", "TCP port 5432");
    expect_probe("{\"grpc\":{\"port\":9000}}", "gRPC port 9000");
    expect_probe("{\"periodSeconds\":1}", NULL);
    assert_null(asks_probe(NULL));
}

static void expect_resources(const char *words, const char *want)
{
    static const char json[] =
        "{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"2\",\"memory\":\"8Gi\"}}},"
        "{\"resources\":{\"requests\":{\"cpu\":\"500m\"}}},{}]}}";
    DOC_AUTO pod = NULL;
    check_ok(doc_parse_json(json, strlen(json), "pod", &pod));
    AUTO_STR got = asks_resources(pod, words);
    if (!str_eq(got, want))
        fail_msg("\"%s\" gives %s, wanted %s", words ? words : "", got ? got : "nothing", want ? want : "nothing");
}

static void test_resources(void **state)
{
    (void)state;
    expect_resources("0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: none",
                     "cpu 2 + 500m, memory 8Gi");
    expect_resources("1 Insufficient cpu. 2 Insufficient cpu", "cpu 2 + 500m");
    expect_resources("1 Insufficient memory", "memory 8Gi");
    expect_resources("1 Insufficient nvidia.com/gpu", NULL);
    expect_resources("1 Too many pods", NULL);
    expect_resources("Insufficient ", NULL);
    expect_resources(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_resources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
