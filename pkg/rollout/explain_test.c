#include "fake/check.h"

#include <string.h>

#include "base/buf.h"
#include "rollout/explain.h"

static const struct rollout_target DEPLOYMENT = { .id = { "apps/v1", "Deployment", "shop", "api" } };

static struct rollout_verdict crash(void)
{
    return (struct rollout_verdict){
        .outcome = ROLLOUT_FAILED,
        .code = RW6103_CONTAINER_CRASHES,
        .reason = xstrdup("container \"web\" keeps crashing (exit 1, 2 restarts in 14 s)"),
        .pod = xstrdup("api-1"),
        .container = xstrdup("web"),
        .exit_code = 1,
        .wanted = 1,
    };
}

static const char OUTPUT[] = "starting\n"
                             "Traceback (most recent call last):\n"
                             "  File \"/app/settings.py\", line 14, in <module>\n"
                             "KeyError: 'BROKER'\n";

static void test_explain_crash(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    v.old_ready = 1;
    v.log_previous = true;
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, OUTPUT, strlen(OUTPUT));
    assert_int_equal(err_get_code(e), RW6103_CONTAINER_CRASHES);
    assert_string_equal(err_get_message(e),
                        "Deployment shop/api: container \"web\" keeps crashing (exit 1, 2 restarts in 14 s)");
    assert_string_equal(err_get_cause(e), "last output: KeyError: 'BROKER' at /app/settings.py:14");
    assert_string_equal(err_get_state(e), "new version applied; old pods still serve (1 ready)");
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop logs api-1 -c web --previous");
    assert_non_null(strstr(err_get_next(e, 1), "rollout undo deployment/api"));
    assert_non_null(strstr(err_get_detail(e), "starting"));
    assert_string_equal(err_get_where(e), "Deployment shop/api");
}

static void test_explain_silent_crash(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, "", 0);
    assert_string_equal(err_get_cause(e), "it printed nothing before it ended");
    assert_string_equal(err_get_state(e), "new version applied; no pod serves");
    assert_null(err_get_detail(e));
}

static void test_explain_shows_the_end_of_the_output(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    AUTO(buf) output = BUF_INIT(4096);
    for (int i = 1; i <= 50; i++)
        buf_addf(&output, "line %d\n", i);
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, output.bytes, output.len);
    assert_null(strstr(err_get_detail(e), "line 30\n"));
    assert_non_null(strstr(err_get_detail(e), "line 31\n"));
    assert_non_null(strstr(err_get_detail(e), "line 50"));
}

/* What an event says stands before the output, on one line. */
static void test_explain_event_and_output(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    v.cause = xstrdup("Liveness probe failed: a\nb\n");
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, "bye\n", 4);
    assert_string_equal(err_get_cause(e), "Liveness probe failed: a b; last output: bye");
}

static void test_explain_without_container(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = { .outcome = ROLLOUT_FAILED, .code = RW6105_CREATION_REFUSED, .exit_code = -1 };
    v.reason = xstrdup("its pods cannot be created");
    v.cause = xstrdup("exceeded quota: q");
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, "", 0);
    assert_string_equal(err_get_cause(e), "exceeded quota: q");
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop describe Deployment api");
}

static void test_explain_paused(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = { .outcome = ROLLOUT_FAILED, .code = RW6201_ROLLOUT_TIMEOUT, .exit_code = -1 };
    v.reason = xstrdup("it is paused");
    v.old_ready = 2;
    v.paused = true;
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, "", 0);
    assert_string_equal(err_get_state(e), "new version applied; old pods still serve (2 ready)");
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop rollout resume deployment/api");
    assert_null(err_get_next(e, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain_crash),
        cmocka_unit_test(test_explain_silent_crash),
        cmocka_unit_test(test_explain_shows_the_end_of_the_output),
        cmocka_unit_test(test_explain_event_and_output),
        cmocka_unit_test(test_explain_without_container),
        cmocka_unit_test(test_explain_paused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
