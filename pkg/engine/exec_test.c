#include "engine/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "fake/check.h"
#include "fake/docker.h"

enum { STREAM_BYTES = 1 << 20, OUT = DOCKER_STDOUT, ERR = DOCKER_STDERR };

static const char ended_well[] = "{\"Running\":false,\"ExitCode\":0}";
static const char *const argv[] = { "cat", "x", NULL };

static struct net_wait within(int64_t ms)
{
    return (struct net_wait){ .deadline_ms = clock_after(ms) };
}

static struct err *run(struct engine *e, struct net_wait wait, struct engine_exec_result *out)
{
    return engine_exec_run(e, "node", argv, NULL, 0, wait, out);
}

/* Runs a program whose stream is these bytes, and of which the engine then tells this. */
static struct err *run_piecewise(const struct buf *stream, size_t piece, const char *inspect,
                                 struct engine_exec_result *out)
{
    AUTO(docker) d = { 0 };
    docker_created(&d);
    struct fake_reply *reply = docker_upgraded(&d, stream);
    reply->piece = piece;
    reply->paced = piece > 0;
    docker_json(&d, 200, inspect);
    docker_json(&d, 200, inspect); /* for a run that failed and is ended */
    docker_start(&d);
    return run(d.engine, within(10000), out);
}

static struct err *run_stream(const struct buf *stream, const char *inspect, struct engine_exec_result *out)
{
    return run_piecewise(stream, 0, inspect, out);
}

/* 7 is the pid; "abc" to stdout, "de" to stderr. */
static void add_sample(struct buf *stream)
{
    docker_frame_text(stream, OUT, "7\n");
    docker_frame_text(stream, OUT, "abc");
    docker_frame_text(stream, ERR, "de");
}

static void assert_sample(const struct engine_exec_result *result)
{
    assert_string_equal(buf_text(&result->out), "abc");
    assert_string_equal(buf_text(&result->err), "de");
    assert_int_equal(result->exit_code, 0);
}

/* Between two frames a cut looks like the end: the exit code, which is not told then, decides. */
static void test_a_stream_cut_at_any_byte_is_no_success(void **state)
{
    (void)state;
    static const size_t ends[] = { 0, 10, 21, 31 };
    AUTO(buf) whole = BUF_INIT(STREAM_BYTES);
    add_sample(&whole);
    for (size_t len = 0, frame = 0; len < whole.len; len++) {
        struct engine_exec_result result = { 0 };
        struct buf cut = { .bytes = whole.bytes, .len = len };
        if (len != ends[frame]) {
            check_says(run_stream(&cut, ended_well, &result), RW3106_ENGINE_PROTOCOL, "is cut");
        } else if (frame++ == 0) {
            check_says(run_stream(&cut, ended_well, &result), RW3103_ENGINE_REFUSED, "no program can be run");
        } else {
            check_error(run_stream(&cut, "{\"Running\":false,\"ExitCode\":null}", &result), RW3104_ENGINE_GONE);
        }
        assert_null(result.out.bytes);
    }
}

static void test_pieces_do_not_change_what_is_read(void **state)
{
    (void)state;
    static const size_t odd[] = { 1, 2, 3, 5, 7, 11 };
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    add_sample(&stream);
    for (size_t i = 0; i < COUNT_OF(odd) + stream.len; i++) {
        AUTO(engine_exec_result) result = { 0 };
        size_t piece = i < COUNT_OF(odd) ? odd[i] : docker_upgraded_head() + (i - COUNT_OF(odd));
        check_ok(run_piecewise(&stream, piece, ended_well, &result));
        assert_sample(&result);
    }
}

static void test_frames_of_one_byte_and_of_none(void **state)
{
    (void)state;
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    AUTO(engine_exec_result) result = { 0 };
    for (const char *at = "7\nabc"; *at; at++) {
        docker_frame(&stream, ERR, NULL, 0);
        docker_frame(&stream, OUT, NULL, 0);
        docker_frame(&stream, OUT, at, 1);
    }
    docker_frame_text(&stream, ERR, "d");
    docker_frame_text(&stream, ERR, "e");
    docker_frame(&stream, OUT, NULL, 0);
    check_ok(run_stream(&stream, ended_well, &result));
    assert_sample(&result);
}

/* An exec without a shell in front of it. */
static struct engine_exec *start_plain(struct docker *d, const struct buf *stream)
{
    struct engine_exec_spec spec = { .container = "node", .argv = argv };
    struct engine_exec *x = NULL;
    docker_created(d);
    docker_upgraded(d, stream);
    docker_start(d);
    check_ok(engine_exec_start(d->engine, &spec, within(10000), &x));
    return x;
}

static void test_frames_above_the_room_come_in_pieces(void **state)
{
    (void)state;
    static const char *const pieces[] = { "ab", "c", "de", "" };
    AUTO(docker) d = { 0 };
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    docker_frame_text(&stream, OUT, "abc");
    docker_frame_text(&stream, ERR, "de");
    AUTO_PTR(engine_exec) x = start_plain(&d, &stream);
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        char piece[3] = { 0 };
        size_t len = 9;
        bool is_stderr = false;
        check_ok(engine_exec_read(x, piece, 2, within(10000), &len, &is_stderr));
        assert_int_equal(len, strlen(pieces[i]));
        assert_string_equal(piece, pieces[i]);
        assert_int_equal(is_stderr, i == 2);
    }
}

static void test_a_frame_longer_than_all_that_comes(void **state)
{
    (void)state;
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    struct engine_exec_result result = { 0 };
    docker_frame_text(&stream, OUT, "7\n");
    buf_add(&stream, "\1\0\0\0\377\377\377\377abc", 11);
    check_says(run_stream(&stream, ended_well, &result), RW3106_ENGINE_PROTOCOL, "is cut");
    assert_null(result.out.bytes);
}

static void test_streams_that_nobody_knows(void **state)
{
    (void)state;
    static const char heads[][8] = { "\4\0\0\0\0\0\0\1", "\377\0\0\0\0\0\0\1", "\1\1\0\0\0\0\0\1",
                                     "\1\0\1\0\0\0\0\1", "\1\0\0\1\0\0\0\1",   "\4\0\0\0\0\0\0\0" };
    for (size_t i = 0; i < 2 * COUNT_OF(heads); i++) {
        AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
        struct engine_exec_result result = { 0 };
        if (i % 2)
            add_sample(&stream);
        buf_add(&stream, heads[i / 2], sizeof heads[0]);
        buf_adds(&stream, "x");
        check_says(run_stream(&stream, ended_well, &result), RW3106_ENGINE_PROTOCOL, "not framed");
        assert_null(result.out.bytes);
    }
}

static void test_the_engine_s_own_error(void **state)
{
    (void)state;
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    struct engine_exec_result result = { 0 };
    add_sample(&stream);
    docker_frame_text(&stream, DOCKER_ERROR, "error attaching stdout stream");
    check_says(run_stream(&stream, ended_well, &result), RW3103_ENGINE_REFUSED, "error attaching stdout stream");
    assert_null(result.out.bytes);
}

/* One frame of that many bytes; what comes out of it. */
static struct err *run_large(int kind, size_t len, struct engine_exec_result *result)
{
    AUTO(buf) stream = BUF_INIT(LIMIT_EXEC_OUTPUT + STREAM_BYTES);
    char *bytes = xcalloc(len, 1);
    docker_frame_text(&stream, OUT, "7\n");
    docker_frame(&stream, kind, bytes, len);
    free(bytes);
    return run_stream(&stream, ended_well, result);
}

static void test_output_above_the_limit(void **state)
{
    (void)state;
    AUTO(engine_exec_result) most = { 0 };
    struct engine_exec_result result = { 0 };
    check_ok(run_large(OUT, LIMIT_EXEC_OUTPUT, &most));
    assert_int_equal(most.out.len, LIMIT_EXEC_OUTPUT);
    check_says(run_large(ERR, LIMIT_EXEC_OUTPUT + 1, &result), RW3106_ENGINE_PROTOCOL, "says more than");
    assert_null(result.err.bytes);
}

static void test_what_came_instead_of_a_pid_is_the_cause(void **state)
{
    (void)state;
    static const struct {
        int kind;
        const char *text;
        const char *says;
    } cases[] = { { OUT, "", "its shell did not start" },
                  { ERR, "exec sh: permission denied\n", "exec sh: permission denied" },
                  { OUT, "\nOCI runtime exec failed\n", "OCI runtime exec failed" },
                  { OUT, "7", "" },
                  { DOCKER_ERROR, "the engine's words", "the engine's words" } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
        struct engine_exec_result result = { 0 };
        docker_frame_text(&stream, cases[i].kind, cases[i].text);
        check_says(run_stream(&stream, ended_well, &result), RW3103_ENGINE_REFUSED, cases[i].says);
        assert_null(result.out.bytes);
    }
}

/* What came on stderr before the pid belongs to the program; so does all of it when the pid is late. */
static void test_stderr_that_overtakes_the_pid(void **state)
{
    (void)state;
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    AUTO(engine_exec_result) result = { 0 };
    docker_frame_text(&stream, ERR, "d");
    docker_frame_text(&stream, OUT, "7");
    docker_frame_text(&stream, ERR, "e");
    docker_frame_text(&stream, OUT, "\nabc");
    check_ok(run_stream(&stream, ended_well, &result));
    assert_sample(&result);
}

static void test_a_container_without_a_shell(void **state)
{
    (void)state;
    static const char *const words[] = {
        "OCI runtime exec failed: \"sh\": executable file not found in $PATH: unknown\r\n", "0\n", "-7\n",
        "4294967296\n", "7a\n"
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
        AUTO_STR line = xstrndup(words[i], strcspn(words[i], "\r\n"));
        struct engine_exec_result result = { 0 };
        docker_frame_text(&stream, OUT, words[i]);
        check_says(run_stream(&stream, "{\"Running\":false,\"ExitCode\":126}", &result), RW3103_ENGINE_REFUSED, line);
    }
}

#ifdef RWML_FAULT
/* The hits-th system call of this kind fails. True: there are not as many. */
static bool is_spared(const struct buf *stream, const char *point, size_t hits)
{
    AUTO_STR off = hits ? xasprintf("%zu*off->", hits) : xstrdup("");
    AUTO_STR fault = xasprintf("%s=%s1*error(ECONNRESET)", point, off);
    AUTO(engine_exec_result) result = { 0 };
    fault_set(fault);
    AUTO_PTR(err) e = run_piecewise(stream, docker_upgraded_head(), ended_well, &result);
    fault_set(NULL);
    if (!e) {
        assert_sample(&result);
        return true;
    }
    bool is_connect = strcmp(point, "net.connect") == 0;
    assert_int_equal(err_get_code(e), is_connect ? RW3101_ENGINE_UNREACHABLE : RW3104_ENGINE_GONE);
    return false;
}

static void test_a_connection_that_fails_at_any_call(void **state)
{
    (void)state;
    static const char *const points[] = { "net.connect", "net.write", "net.read" };
    static const size_t least[] = { 1, 2, 8 };
    AUTO(buf) stream = BUF_INIT(STREAM_BYTES);
    add_sample(&stream);
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        size_t hits = 0;
        while (hits < 100 && !is_spared(&stream, points[i], hits))
            hits++;
        assert_in_range(hits, least[i], 99);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_cut_at_any_byte_is_no_success),
        cmocka_unit_test(test_pieces_do_not_change_what_is_read),
        cmocka_unit_test(test_frames_of_one_byte_and_of_none),
        cmocka_unit_test(test_frames_above_the_room_come_in_pieces),
        cmocka_unit_test(test_a_frame_longer_than_all_that_comes),
        cmocka_unit_test(test_streams_that_nobody_knows),
        cmocka_unit_test(test_the_engine_s_own_error),
        cmocka_unit_test(test_output_above_the_limit),
        cmocka_unit_test(test_stderr_that_overtakes_the_pid),
        cmocka_unit_test(test_a_container_without_a_shell),
        cmocka_unit_test(test_what_came_instead_of_a_pid_is_the_cause),
#ifdef RWML_FAULT
        cmocka_unit_test(test_a_connection_that_fails_at_any_call),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
