/* What the verdicts come from and go to; the verdicts have state_test.c. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include "base/clock.h"
#include "rollout/follow.h"

#define SECONDS 20

static const struct rollout_image IMAGE = { "web", "shop:dev-01", "sha256:01" };

static const struct rollout_target POD = { { "v1", "Pod", "shop", "p" }, &IMAGE, 1 };
static const struct rollout_target CRON_JOB = { { "batch/v1", "CronJob", "shop", "c" }, &IMAGE, 1 };

static const char PODS[] =
    "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},"
    "\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"shop:dev-01\"}]},"
    "\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}],"
    "\"containerStatuses\":[{\"name\":\"web\",\"imageID\":\"sha256:01\",\"ready\":true,"
    "\"state\":{\"running\":{\"startedAt\":\"2026-11-24T04:00:00Z\"}}}]}}]}";

static struct err *follow(int port, const struct rollout_target *targets, size_t count, int *proved)
{
    AUTO_STR server = xasprintf("http://127.0.0.1:%d", port);
    char source[] = "test";
    struct kube_config config = { .source = source, .server = server };
    AUTO_PTR(kube_client) c = NULL;
    TRY(kube_open(&config, NULL, &c));
    struct rollout_follow how = {
        .options = { .settle_ms = 0 },
        .deadline_ms = clock_after(SECONDS * 1000),
        .proved = proved,
    };
    return rollout_follow(c, targets, count, &how);
}

static void test_follow_tells_what_is_proved(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        { "GET /version ", 200, "{\"gitVersion\":\"v1.34.4\"}", NULL, false },
        { "GET /api/v1/namespaces/shop/pods", 200, PODS, NULL, false },
    };
    const struct rollout_target targets[] = { CRON_JOB, POD };
    int proved[COUNT_OF(targets)] = { -1, -1 };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    check_ok(follow(s.port, targets, COUNT_OF(targets), proved));
    apiserver_stop(&s);
    assert_int_equal(proved[0], 0);
    assert_int_equal(proved[1], 1);
}

/* What rwml gives an image to is followed, or its user would be told that it runs. */
static void test_follows(void **state)
{
    (void)state;
    static const char *const apps[] = { "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet" };
    for (size_t i = 0; i < COUNT_OF(apps); i++)
        assert_true(rollout_follows("apps/v1", apps[i]));
    assert_true(rollout_follows("batch/v1", "Job"));
    assert_true(rollout_follows("batch/v1", "CronJob"));
    assert_true(rollout_follows("v1", "Pod"));
    assert_false(rollout_follows("batch.volcano.sh/v1alpha1", "Job"));
    assert_false(rollout_follows("v1", "Service"));
    assert_false(rollout_follows(NULL, "Pod"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_follow_tells_what_is_proved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
