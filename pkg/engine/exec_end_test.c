/* How an exec begins and ends; what it says in between is in exec_test.c. */
#include "engine/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"

static const char running[] = "{\"Running\":true,\"ExitCode\":null}";
static const char *const argv[] = { "cat", "x", NULL };

static struct net_wait within(int64_t ms)
{
    return (struct net_wait){ .deadline_ms = clock_after(ms) };
}

static struct err *run(struct engine *e, struct net_wait wait, struct engine_exec_result *out)
{
    return engine_exec_run(e, "node", argv, NULL, 0, wait, out);
}

static void test_an_exec_that_is_refused(void **state)
{
    (void)state;
    static const int refusals[] = { 404, 409, 500 };
    for (size_t i = 0; i < 2 * COUNT_OF(refusals); i++) {
        AUTO(docker) d = { 0 };
        AUTO_STR says = xasprintf("not like this (HTTP %d)", refusals[i / 2]);
        struct engine_exec_spec spec = { .container = "node", .argv = argv };
        struct engine_exec *x = NULL;
        if (i % 2)
            docker_created(&d);
        docker_json(&d, refusals[i / 2], "{\"message\":\"not like this\"}");
        docker_start(&d);
        check_says(engine_exec_start(d.engine, &spec, within(10000), &x), RW3103_ENGINE_REFUSED, says);
        assert_null(x);
    }
}

static void test_an_exec_without_an_id(void **state)
{
    (void)state;
    static const char *const answers[] = { "{}", "{\"Id\":7}", "[]", "{\"Id\":" };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        AUTO(docker) d = { 0 };
        struct engine_exec_result result = { 0 };
        docker_json(&d, 201, answers[i]);
        docker_start(&d);
        check_error(run(d.engine, within(10000), &result), RW3106_ENGINE_PROTOCOL);
    }
}

static void test_an_end_without_an_exit_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum err_code code;
        const char *says;
    } answers[] = { { 200, "{\"Running\":false,\"ExitCode\":null}", RW3104_ENGINE_GONE, "without an exit code" },
                    { 200, "{\"Running\":false}", RW3104_ENGINE_GONE, "without an exit code" },
                    { 200, "{\"Running\":false,\"ExitCode\":\"0\"}", RW3104_ENGINE_GONE, "without an exit code" },
                    { 200, "{\"Running\":false,\"ExitCode\":-1}", RW3104_ENGINE_GONE, "without an exit code" },
                    { 200, "{\"Running\":false,\"ExitCode\":4294967296}", RW3106_ENGINE_PROTOCOL, "exit code" },
                    { 200, "{\"ExitCode\":0}", RW3106_ENGINE_PROTOCOL, "" },
                    { 200, "{\"Running\":null,\"ExitCode\":0}", RW3106_ENGINE_PROTOCOL, "" },
                    { 200, "{\"Running\":false,\"Exit", RW3106_ENGINE_PROTOCOL, "not JSON" },
                    { 404, "{\"message\":\"No such exec instance\"}", RW3103_ENGINE_REFUSED,
                      "No such exec instance (HTTP 404)" },
                    { 500, "{\"message\":\"boom\"}", RW3103_ENGINE_REFUSED, "boom (HTTP 500)" } };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        AUTO(docker) d = { 0 };
        struct engine_exec_result result = { 0 };
        docker_created(&d);
        docker_says(&d, "abc", NULL);
        docker_json(&d, answers[i].status, answers[i].body);
        docker_ended(&d, 0);
        docker_start(&d);
        check_says(run(d.engine, within(10000), &result), answers[i].code, answers[i].says);
        assert_null(result.out.bytes);
    }
}

static void test_an_engine_that_is_gone_before_it_tells_the_exit_code(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    struct engine_exec_result result = { 0 };
    docker_exec(&d, "abc", NULL, 0);
    d.replies[d.count - 1].len = 20;
    docker_start(&d);
    check_error(run(d.engine, within(10000), &result), RW3104_ENGINE_GONE);
    assert_null(result.out.bytes);
}

static void test_a_program_that_still_runs_is_waited_for(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO(engine_exec_result) result = { 0 };
    docker_created(&d);
    docker_says(&d, "abc", "de");
    for (int i = 0; i < 3; i++)
        docker_json(&d, 200, running);
    docker_ended(&d, 3);
    docker_start(&d);
    check_ok(run(d.engine, within(10000), &result));
    assert_int_equal(result.exit_code, 3);
    assert_string_equal(buf_text(&result.out), "abc");
}

/* What a program that hangs, with pid 7, is to be ended by. */
static void add_kill(struct docker *d)
{
    AUTO(buf) nothing = BUF_INIT(1);
    docker_json(d, 200, running);
    docker_created(d);
    docker_upgraded(d, &nothing);
    docker_json(d, 200, running);
    docker_ended(d, 137);
}

static void add_hanging(struct docker *d)
{
    docker_created(d);
    docker_says(d, "abc", "de")->hold = true;
}

static void test_a_program_is_killed_at_the_deadline(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    struct engine_exec_result result = { 0 };
    add_hanging(&d);
    add_kill(&d);
    docker_start(&d);
    check_error(run(d.engine, within(300), &result), RW9007_DEADLINE);
    assert_null(result.out.bytes);
    AUTO_STR heard = docker_stop(&d);
    assert_non_null(strstr(heard, "\"Cmd\":[\"sh\",\"-c\",\"echo $$; exec \\\"$@\\\"\",\"sh\",\"cat\",\"x\"]"));
    const char *killed = strstr(heard, "\"Cmd\":[\"kill\",\"-KILL\",\"--\",\"-7\"]");
    assert_non_null(killed);
    for (int asked = 0; asked < 2; asked++) { /* until it is gone */
        killed = strstr(killed, "GET /exec/x1/json");
        assert_non_null(killed++);
    }
}

static void test_a_program_is_killed_when_interrupted(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO_PTR(cancel) cancel = NULL;
    AUTO_PTR(engine_exec) x = NULL;
    struct engine_exec_spec spec = { .container = "node", .argv = argv, .killable = true };
    int exit_code = -1;
    add_hanging(&d);
    add_kill(&d);
    docker_start(&d);
    check_ok(cancel_new(&cancel));
    check_ok(engine_exec_start(d.engine, &spec, within(10000), &x));
    cancel_request(cancel, 0);
    struct net_wait cancelled = { .deadline_ms = clock_after(10000), .cancel = cancel };
    check_error(engine_exec_wait(x, cancelled, &exit_code), RW9009_INTERRUPTED);
    check_ok(engine_exec_kill(x, within(10000)));
}

static void test_what_a_kill_may_meet(void **state)
{
    (void)state;
    struct engine_exec_spec spec = { .container = "node", .argv = argv, .killable = true };
    AUTO(docker) d = { 0 };
    AUTO_PTR(engine_exec) x = NULL;
    docker_exec(&d, NULL, NULL, 0); /* it has ended: nothing more is asked */
    docker_json(&d, 200, running);
    docker_json(&d, 409, "{\"message\":\"container is paused\"}");
    docker_start(&d);
    check_ok(engine_exec_start(d.engine, &spec, within(10000), &x));
    check_ok(engine_exec_kill(x, within(10000)));
    check_says(engine_exec_kill(x, within(10000)), RW3103_ENGINE_REFUSED, "container is paused");
}

static void test_input_arrives_and_ends(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO(engine_exec_result) result = { 0 };
    docker_exec(&d, "abc", "de", 0);
    d.replies[2].drain = true;
    docker_start(&d);
    check_ok(engine_exec_run(d.engine, "node", argv, "input", 5, within(10000), &result));
    assert_string_equal(buf_text(&result.out), "abc");
    assert_string_equal(buf_text(&result.err), "de");
    AUTO_STR heard = docker_stop(&d);
    assert_non_null(strstr(heard, "\"AttachStdin\":true"));
    assert_non_null(strstr(heard, "{\"Detach\":false,\"Tty\":false}input"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exec_that_is_refused),
        cmocka_unit_test(test_an_exec_without_an_id),
        cmocka_unit_test(test_an_end_without_an_exit_code),
        cmocka_unit_test(test_an_engine_that_is_gone_before_it_tells_the_exit_code),
        cmocka_unit_test(test_a_program_that_still_runs_is_waited_for),
        cmocka_unit_test(test_a_program_is_killed_at_the_deadline),
        cmocka_unit_test(test_a_program_is_killed_when_interrupted),
        cmocka_unit_test(test_what_a_kill_may_meet),
        cmocka_unit_test(test_input_arrives_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
