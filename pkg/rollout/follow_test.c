/* What the verdicts come from and go to; the verdicts have state_test.c. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "rollout/follow.h"

#define SECONDS 20

static const struct rollout_image IMAGE = { "web", "shop:dev-01", "sha256:01" };

static const struct rollout_target POD = { { "v1", "Pod", "shop", "p" }, &IMAGE, 1, NULL, NULL };
static const struct rollout_target CRON_JOB = { { "batch/v1", "CronJob", "shop", "c" }, &IMAGE, 1, NULL, NULL };

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
        APISERVER_VERSION,
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

/* A pod whose container has crashed and was started again. */
static const char CRASHED[] =
    "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},"
    "\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"shop:dev-01\"}]},"
    "\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"web\",\"imageID\":\"sha256:01\","
    "\"restartCount\":1,\"state\":{\"running\":{\"startedAt\":\"2126-11-24T04:00:01Z\"}},"
    "\"lastState\":{\"terminated\":{\"exitCode\":3,\"finishedAt\":\"2126-11-24T04:00:00Z\"}}}]}}]}";

struct crash_told {
    struct cancel *cancel;
    char *output;
    int exit_code;
};

static void on_crash(void *ctx, const struct rollout_target *target, const struct rollout_crash *crash,
                     const char *output, size_t len)
{
    struct crash_told *told = ctx;
    (void)target;
    told->output = xstrndup(output, len);
    told->exit_code = crash->exit_code;
    cancel_request(told->cancel, 0);
}

static void follow_until_crash(int port, struct crash_told *told)
{
    AUTO_STR server = xasprintf("http://127.0.0.1:%d", port);
    char source[] = "test";
    struct kube_config config = { .source = source, .server = server };
    AUTO_PTR(kube_client) c = NULL;
    check_ok(kube_open(&config, told->cancel, &c));
    const struct rollout_follow how = {
        .options = ROLLOUT_OPTIONS_DEFAULT,
        .deadline_ms = clock_after(SECONDS * 1000),
        .cancel = told->cancel,
        .on_crash = on_crash,
        .ctx = told,
    };
    check_error(rollout_follow(c, &POD, 1, &how), RW9009_INTERRUPTED);
}

/* What it printed last is told at once, and never more of it than anybody would read. */
static void test_follow_tells_the_first_crash(void **state)
{
    (void)state;
    char printed[5000];
    memset(printed, 'x', sizeof printed);
    memcpy(printed + sizeof printed - sizeof "\nno settings\n", "\nno settings\n", sizeof "\nno settings\n");
    const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { "GET /api/v1/namespaces/shop/pods ", 200, CRASHED, NULL, false },
        { "GET /api/v1/namespaces/shop/pods/p/log?", 200, printed, NULL, false },
    };
    struct apiserver s;
    struct crash_told told = { 0 };
    check_ok(cancel_new(&told.cancel));
    apiserver_start(&s, script, COUNT_OF(script));
    follow_until_crash(s.port, &told);
    apiserver_stop(&s);
    cancel_free(told.cancel);
    AUTO_STR output = told.output;
    assert_int_equal(told.exit_code, 3);
    assert_true(str_ends(output, "xxx\nno settings\n"));
    check_between((int64_t)strlen(output), 300, 500);
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
        cmocka_unit_test(test_follow_tells_the_first_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
