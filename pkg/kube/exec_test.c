#include "kube/exec.h"

#include <string.h>

#include "fake/check.h"

/* As API servers 1.29 to 1.34 with containerd and CRI-O send them. */
static const char NOT_FOUND[] =
    "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"Internal error occurred: error executing command in "
    "container: "
    "failed to exec in container: failed to start exec \\\"019b\\\": OCI runtime exec failed: exec failed: unable to "
    "start "
    "container process: exec: \\\"nope\\\": executable file not found in $PATH: unknown\",\"reason\":\"InternalError\","
    "\"details\":{\"causes\":[{\"message\":\"…\"}]},\"code\":500}";

static void assert_end(const char *text, enum kube_exec_outcome outcome, int code)
{
    AUTO(kube_exec_end) end;
    kube_exec_read_status(text, strlen(text), &end);
    assert_int_equal(end.outcome, outcome);
    assert_int_equal(end.code, code);
}

static void test_how_a_command_ended(void **state)
{
    (void)state;
    assert_end("{\"metadata\":{},\"status\":\"Success\"}", KUBE_EXEC_EXITED, 0);
    assert_end("{\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code\",\"reason\":"
               "\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"42\"}]}}",
               KUBE_EXEC_EXITED, 42);
    assert_end("{\"status\":\"Failure\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"255\"}]}}",
               KUBE_EXEC_EXITED, 255);
}

static void test_how_a_command_did_not_start(void **state)
{
    AUTO(kube_exec_end) end;
    (void)state;
    assert_end(NOT_FOUND, KUBE_EXEC_NOT_STARTED, 127);
    assert_end("{\"status\":\"Failure\",\"message\":\"exec: \\\"/etc\\\": permission denied\"}", KUBE_EXEC_NOT_STARTED,
               126);
    assert_end("{\"status\":\"Failure\",\"message\":\"exec /app: exec format error\"}", KUBE_EXEC_NOT_STARTED, 126);
    assert_end("{\"status\":\"Failure\",\"message\":\"container not found (\\\"app\\\")\"}", KUBE_EXEC_NOT_STARTED, 0);
    kube_exec_read_status(NOT_FOUND, strlen(NOT_FOUND), &end);
    assert_string_equal(end.words,
                        "exec failed: unable to start container process: exec: \"nope\": executable file not "
                        "found in $PATH");
}

/* A status of which a part is missing is never taken for success. */
static void test_a_status_cut_at_every_byte(void **state)
{
    static const char whole[] = "{\"metadata\":{},\"status\":\"Success\"}";
    (void)state;
    for (size_t len = 0; len < strlen(whole); len++) {
        AUTO(kube_exec_end) end;
        kube_exec_read_status(whole, len, &end);
        assert_int_equal(end.outcome, KUBE_EXEC_LOST);
    }
    assert_end("{\"status\":\"Success\"}{}", KUBE_EXEC_LOST, 0);
    assert_end("[]", KUBE_EXEC_LOST, 0);
    assert_end("{\"status\":\"Failure\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"4 2\"}]}}",
               KUBE_EXEC_NOT_STARTED, 0);
    assert_end("{\"status\":\"Failure\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"1000\"}]}}",
               KUBE_EXEC_NOT_STARTED, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_a_command_ended),
        cmocka_unit_test(test_how_a_command_did_not_start),
        cmocka_unit_test(test_a_status_cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
