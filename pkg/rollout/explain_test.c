#include "fake/check.h"

#include <string.h>

#include "base/buf.h"
#include "rollout/explain.h"

static const struct rollout_target DEPLOYMENT = { .id = { "apps/v1", "Deployment", "shop", "api" } };

static const struct rollout_follow HOW = { 0 };

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
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, OUTPUT, strlen(OUTPUT));
    assert_int_equal(err_get_code(e), RW6103_CONTAINER_CRASHES);
    assert_string_equal(err_get_message(e),
                        "Deployment shop/api: container \"web\" keeps crashing (exit 1, 2 restarts in 14 s)");
    assert_string_equal(err_get_cause(e), "last output: KeyError: 'BROKER' at /app/settings.py:14");
    assert_string_equal(err_get_state(e), "new version applied; old pods still serve (1 ready)");
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop logs api-1 -c web --previous");
    assert_non_null(strstr(err_get_next(e, 1), "kubectl -n shop rollout undo deployment/api"));
    assert_non_null(strstr(err_get_detail(e), "starting"));
    assert_string_equal(err_get_where(e), "Deployment shop/api");
}

static void assert_back(const char *back, const char *next)
{
    struct rollout_target target = DEPLOYMENT;
    AUTO(rollout_verdict) v = crash();
    v.old_ready = 1;
    target.back = back;
    AUTO_PTR(err) e = explain_with(&target, &v, &HOW, OUTPUT, strlen(OUTPUT));
    if (next)
        assert_string_equal(err_get_next(e, 1), next);
    else
        assert_null(err_get_next(e, 1));
}

static void test_explain_way_back(void **state)
{
    (void)state;
    assert_back("rwml rollback api", "rwml rollback api   (back to the old version)");
    assert_back("", NULL);
}

static char *locate(void *ctx, const char *path, int64_t line, const char *source)
{
    assert_null(ctx);
    assert_string_equal(path, "/app/settings.py");
    assert_int_equal(line, 14);
    assert_string_equal(source, "BROKER = os.environ['BROKER']");
    return xstrdup("services/api/settings.py");
}

static void test_explain_names_the_line_to_change(void **state)
{
    (void)state;
    static const struct rollout_follow how = { .locate = locate };
    static const char output[] = "Traceback (most recent call last):\n"
                                 "  File \"/app/settings.py\", line 14, in <module>\n"
                                 "    BROKER = os.environ['BROKER']\n"
                                 "             ~~~~~~~~~~^^^^^^^^^^\n"
                                 "  File \"<frozen os>\", line 685, in __getitem__\n"
                                 "KeyError: 'BROKER'\n";
    AUTO(rollout_verdict) v = crash();
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &how, output, strlen(output));
    assert_string_equal(err_get_cause(e), "last output: KeyError: 'BROKER' at services/api/settings.py:14");
    assert_string_equal(err_get_where(e), "services/api/settings.py:14");
}

static void test_explain_silent_crash(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, "", 0);
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
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, output.bytes, output.len);
    assert_null(strstr(err_get_detail(e), "line 30\n"));
    assert_non_null(strstr(err_get_detail(e), "line 31\n"));
    assert_non_null(strstr(err_get_detail(e), "line 50"));
}

static void test_explain_cuts_long_lines(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    AUTO(buf) output = BUF_INIT(100000);
    for (int i = 0; i < 20000; i++)
        buf_adds(&output, "xyz");
    buf_adds(&output, "\nthe end");
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, output.bytes, output.len);
    assert_string_equal(err_get_cause(e), "last output: the end");
    assert_non_null(strstr(err_get_detail(e), "yzxy ... yzxy"));
    assert_non_null(strstr(err_get_detail(e), "xyz\nthe end"));
    assert_true(strlen(err_get_detail(e)) < 420);
}

/* What an event says stands before the output, on one line. */
static void test_explain_event_and_output(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    v.cause = xstrdup("Liveness probe failed: a\nb\n");
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, "bye\n", 4);
    assert_string_equal(err_get_cause(e), "Liveness probe failed: a b; last output: bye");
}

static void test_explain_without_container(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = { .outcome = ROLLOUT_FAILED, .code = RW6105_CREATION_REFUSED, .exit_code = -1 };
    v.reason = xstrdup("its pods cannot be created");
    v.cause = xstrdup("exceeded quota: q");
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, "", 0);
    assert_string_equal(err_get_cause(e), "exceeded quota: q");
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop describe Deployment api");
}

/* A pod that crashes is ready for a moment after each start. */
static void test_explain_counts_settled_pods(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    v.wanted = 2;
    v.ready = 1;
    AUTO_PTR(err) none = explain_with(&DEPLOYMENT, &v, &HOW, "", 0);
    assert_string_equal(err_get_state(none), "new version applied; no pod has settled");
    v.settled = 1;
    AUTO_PTR(err) one = explain_with(&DEPLOYMENT, &v, &HOW, "", 0);
    assert_string_equal(err_get_state(one), "new version applied; 1 of 2 of its pods are ready");
}

static void test_explain_paused(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = { .outcome = ROLLOUT_FAILED, .code = RW6201_ROLLOUT_TIMEOUT, .exit_code = -1 };
    v.reason = xstrdup("it is paused");
    v.old_ready = 2;
    v.paused = true;
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, "", 0);
    assert_string_equal(err_get_state(e), "new version applied; old pods still serve (2 ready)");
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop rollout resume deployment/api");
    assert_null(err_get_next(e, 1));
}

static void test_explain_stuck(void **state)
{
    (void)state;
    AUTO(rollout_verdict) v = crash();
    v.stuck = xstrdup("db-0 db-1");
    AUTO_PTR(err) e = explain_with(&DEPLOYMENT, &v, &HOW, "", 0);
    assert_string_equal(err_get_next(e, 0), "kubectl -n shop delete pod db-0 db-1");
    assert_null(err_get_next(e, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain_crash),
        cmocka_unit_test(test_explain_way_back),
        cmocka_unit_test(test_explain_names_the_line_to_change),
        cmocka_unit_test(test_explain_silent_crash),
        cmocka_unit_test(test_explain_shows_the_end_of_the_output),
        cmocka_unit_test(test_explain_cuts_long_lines),
        cmocka_unit_test(test_explain_event_and_output),
        cmocka_unit_test(test_explain_without_container),
        cmocka_unit_test(test_explain_counts_settled_pods),
        cmocka_unit_test(test_explain_paused),
        cmocka_unit_test(test_explain_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
