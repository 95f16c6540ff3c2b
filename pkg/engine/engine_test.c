#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/build.h"
#include "engine/container.h"
#include "engine/image.h"
#include "fake/check.h"
#include "fake/server.h"

#define CLOSED "Connection: close\r\n"
#define PING "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n" CLOSED "\r\nOK"
#define STREAM "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" CLOSED "\r\n"

static struct engine *engine_at(struct fake_server *f)
{
    AUTO_STR host = xasprintf("unix://%s", fake_socket(f));
    struct engine *e = NULL;
    check_ok(engine_open(host, NULL, &e));
    return e;
}

static struct net_wait soon(void)
{
    return (struct net_wait){ .deadline_ms = clock_after(10000) };
}

/* A JSON answer of that status; owned. */
static char *json_answer(int status, const char *body)
{
    return xasprintf("HTTP/1.1 %d X\r\nContent-Length: %zu\r\n" CLOSED "\r\n%s", status, strlen(body), body);
}

static char *stream_answer(const char *body)
{
    return xasprintf(STREAM "%zx\r\n%s\r\n0\r\n\r\n", strlen(body), body);
}

static void test_hosts_that_are_no_unix_socket(void **state)
{
    (void)state;
    struct engine *e = NULL;
    check_says(engine_open("tcp://10.0.0.1:2375", NULL, &e), RW3102_ENGINE_SCHEME, "tcp://");
    check_says(engine_open("ssh://me@host", NULL, &e), RW3102_ENGINE_SCHEME, "ssh://");
    check_says(engine_open("/var/run/docker.sock", NULL, &e), RW3102_ENGINE_SCHEME, "no scheme");
    check_says(engine_open("unix://relative", NULL, &e), RW3102_ENGINE_SCHEME, "not absolute");
}

static void test_sockets_that_nobody_answers(void **state)
{
    (void)state;
    struct engine *e = NULL;
    AUTO_STR stale = fake_stale_socket();
    AUTO_STR host = xasprintf("unix://%s", stale);
    struct err *absent = engine_open("unix:///nonexistent/docker.sock", NULL, &e);
    assert_int_equal(err_errno(absent), ENOENT);
    assert_non_null(err_get_next(absent, 0));
    check_says(absent, RW3101_ENGINE_UNREACHABLE, "not running, or not installed");
    check_says(engine_open(host, NULL, &e), RW3101_ENGINE_UNREACHABLE, "left behind");
}

static void test_peers_that_are_no_engine(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = "SSH-2.0-x\r\n" },
                                          { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" CLOSED "\r\nOK" },
                                          { .bytes = "HTTP/1.1 200 OK\r\nApi-Version: x\r\nContent-Length: 0\r\n" CLOSED
                                                     "\r\n" } };
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        struct fake_server *f = fake_start(&replies[i], 1);
        AUTO_STR host = xasprintf("unix://%s", fake_socket(f));
        struct engine *e = NULL;
        check_says(engine_open(host, NULL, &e), RW3106_ENGINE_PROTOCOL, "not a Docker engine");
        free(fake_stop(f, NULL));
    }
}

static struct err *no_bytes(void *ctx, void *to, size_t room, size_t *len)
{
    (void)ctx, (void)to, (void)room;
    *len = 0;
    return NULL;
}

/* Builds against an engine that answers /build with these bytes. */
static struct err *build(const char *answer, size_t len, size_t piece, char **id, char **heard)
{
    const struct fake_reply replies[] = { { .bytes = PING }, { .bytes = answer, .len = len, .piece = piece } };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(engine) e = engine_at(f);
    struct engine_build_arg args[] = { { "SERVICE_NAME", "a \"b\"" } };
    struct engine_build request = { .tag = "app:dev", .args = args, .arg_count = 1, .pull = no_bytes, .wait = soon() };
    struct err *failed = engine_build(e, &request, id);
    char *text = fake_stop(f, NULL);
    if (heard)
        *heard = text;
    else
        free(text);
    return failed;
}

#define IMAGE_LINE "{\"id\":\"moby.image.id\",\"aux\":{\"ID\":\"sha256:abc\"}}\r\n"

static void test_a_build_asks_for_buildkit_and_gives_the_id(void **state)
{
    (void)state;
    AUTO_STR answer = stream_answer("{\"stream\":\"x\"}\r\n" IMAGE_LINE);
    for (size_t piece = 0; piece < 3; piece++) {
        AUTO_STR id = NULL;
        AUTO_STR heard = NULL;
        check_ok(build(answer, 0, piece, &id, &heard));
        assert_string_equal(id, "sha256:abc");
        assert_non_null(strstr(heard, "POST /build?version=2&t=app:dev&"));
        assert_non_null(strstr(heard, "buildargs=%7B%22SERVICE_NAME%22:%22a%20%5C%22b%5C%22%22%7D"));
        assert_non_null(strstr(heard, "Content-Type: application/x-tar"));
    }
}

static void test_a_build_cut_at_any_byte_is_no_success(void **state)
{
    (void)state;
    AUTO_STR answer = stream_answer("{\"stream\":\"x\"}\r\n" IMAGE_LINE);
    for (size_t len = 1; len < strlen(answer) - 1; len++) {
        char *id = NULL;
        struct err *e = build(answer, len, 0, &id, NULL);
        assert_null(id);
        assert_non_null(e);
        assert_true(err_get_code(e) == RW3104_ENGINE_GONE || err_get_code(e) == RW3106_ENGINE_PROTOCOL);
        assert_non_null(err_get_state(e));
        err_free(e);
    }
}

static void check_build_error(const char *body, enum err_code code, const char *says)
{
    AUTO_STR answer = stream_answer(body);
    char *id = NULL;
    check_says(build(answer, 0, 0, &id, NULL), code, says);
    assert_null(id);
}

static void test_errors_inside_a_good_answer(void **state)
{
    (void)state;
    check_build_error("{\"errorDetail\":{\"message\":\"failed to solve: boom\"},\"error\":\"boom\"}\r\n",
                      RW3201_BUILD_FAILED, "boom");
    check_build_error("{\"errorDetail\":{\"message\":\"x\"}}\r\n" IMAGE_LINE, RW3201_BUILD_FAILED, "x");
    check_build_error("{\"errorDetail\":{\"message\":\"no active sessions\"}}\r\n", RW3203_BUILD_NEEDS_SESSION,
                      "credentials");
    check_build_error("{\"errorDetail\":{\"message\":\"failed to read downloaded context: no such host\"}}\r\n",
                      RW3203_BUILD_NEEDS_SESSION, "Docker 28");
    check_build_error(
        "{\"errorDetail\":{\"message\":\"failed to solve: failed to compute cache key: failed to calculate "
        "checksum of ref a::b: \\\"/uv.lock\\\": not found\"}}\r\n",
        RW3201_BUILD_FAILED, "\"uv.lock\" is not in the build context");
    check_build_error(
        "{\"errorDetail\":{\"message\":\"failed to solve with frontend dockerfile.v0: failed to build LLB: failed "
        "to compute cache key: \\\"/uv.lock\\\" not found: not found\"}}\r\n",
        RW3201_BUILD_FAILED, "\"uv.lock\" is not in the build context");
    check_build_error("{\"errorDetail\":{\"message\":\"exit code: 137\"}}\r\n", RW3201_BUILD_FAILED, "out of memory");
    check_build_error("{\"errorDetail\":{\"message\":\"write x: no space left on device\"}}\r\n",
                      RW3204_ENGINE_DISK_FULL, "builder prune");
    check_build_error(
        "{\"errorDetail\":{\"message\":\"failed to prepare extraction snapshot \\\"extract-1 sha256:b\\\": "
        "parent snapshot sha256:f does not exist: not found\"}}\r\n",
        RW3205_ENGINE_LOST_LAYER, "parent snapshot");
    check_build_error("{\"errorDetail\":{\"message\":\"layer does not exist\"}}\r\n", RW3205_ENGINE_LOST_LAYER,
                      "layer");
    check_build_error(
        "{\"errorDetail\":{\"message\":\"failed to prepare q8: open /var/lib/docker/overlay2/p/committed: no "
        "such file or directory\"}}\r\n",
        RW3205_ENGINE_LOST_LAYER, "failed to prepare");
}

static void test_a_missing_lock_file_is_made_by_uv(void **state)
{
    (void)state;
    check_build_error(
        "{\"errorDetail\":{\"message\":\"failed to compute cache key: \\\"/uv.lock\\\" not found: not found\"}}\r\n",
        RW3201_BUILD_FAILED, "uv lock");
}

static void test_answers_without_an_image(void **state)
{
    (void)state;
    check_build_error("{\"id\":\"moby.buildkit.trace\",\"aux\":\"\"}\r\n", RW3104_ENGINE_GONE, "without an image");
    check_build_error("{\"stream\":\"Step 1/3 : FROM x\"}\r\n", RW3105_ENGINE_TOO_OLD, "BuildKit");
    check_build_error("{\"id\":\"moby.image.id\",\"aux\":{\"ID\":", RW3104_ENGINE_GONE, "went away");
    check_build_error("<html>\r\n", RW3106_ENGINE_PROTOCOL, "not JSON");
}

static void test_a_build_that_is_refused_before_it_begins(void **state)
{
    (void)state;
    AUTO_STR bad = json_answer(400, "{\"message\":\"dockerfile parse error line 1: unknown instruction: FRM\"}");
    AUTO_STR denied = json_answer(403, "{\"message\":\"not allowed\"}");
    AUTO_STR page = json_answer(503, "<html>busy</html>");
    char *id = NULL;
    check_says(build(bad, 0, 0, &id, NULL), RW3201_BUILD_FAILED, "FRM");
    check_says(build(denied, 0, 0, &id, NULL), RW3103_ENGINE_REFUSED, "not allowed");
    check_says(build(page, 0, 0, &id, NULL), RW3103_ENGINE_REFUSED, "503");
}

static void test_podman_is_told_from_docker(void **state)
{
    (void)state;
    const struct fake_reply reply = {
        .bytes =
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-API-Version: 4.3.1\r\nContent-Length: 2\r\n" CLOSED "\r\nOK"
    };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(engine) e = engine_at(f);
    struct engine_build request = { .tag = "app:dev", .pull = no_bytes, .wait = soon() };
    char *id = NULL;
    check_error(engine_build(e, &request, &id), RW3105_ENGINE_TOO_OLD);
    free(fake_stop(f, NULL));
}

static void test_a_cancelled_build_is_cancelled_in_the_engine(void **state)
{
    (void)state;
    AUTO_STR done = json_answer(200, "");
    const struct fake_reply replies[] = { { .bytes = PING }, { .bytes = STREAM, .hold = true }, { .bytes = done } };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(engine) e = engine_at(f);
    struct engine_build request = { .tag = "app:dev", .pull = no_bytes, .wait = { .deadline_ms = clock_after(200) } };
    char *id = NULL;
    check_error(engine_build(e, &request, &id), RW9007_DEADLINE);
    AUTO_STR heard = fake_stop(f, NULL);
    const char *asked = strstr(heard, "buildid=");
    const char *cancelled = strstr(heard, "POST /build/cancel?id=");
    assert_non_null(asked);
    assert_non_null(cancelled);
    size_t len = strcspn(asked + strlen("buildid="), " &");
    assert_memory_equal(asked + strlen("buildid="), cancelled + strlen("POST /build/cancel?id="), len);
}

static struct err *pull_from(const char *answer, const char *ref, char **heard)
{
    const struct fake_reply replies[] = { { .bytes = PING }, { .bytes = answer } };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(engine) e = engine_at(f);
    struct err *failed = engine_pull(e, ref, NULL, soon(), NULL, NULL);
    *heard = fake_stop(f, NULL);
    return failed;
}

static void test_a_pull_names_one_tag_and_tells_the_stream_s_error(void **state)
{
    (void)state;
    AUTO_STR good = stream_answer("{\"status\":\"Pulling fs layer\",\"id\":\"a\",\"progressDetail\":{}}\r\n");
    AUTO_STR bad =
        stream_answer("{\"status\":\"x\"}\r\n{\"errorDetail\":{\"message\":\"toomanyrequests\"},\"error\":\"x\"}\r\n");
    AUTO_STR heard = NULL;
    AUTO_STR second = NULL;
    AUTO_STR third = NULL;
    check_ok(pull_from(good, "localhost:5000/a/python:3.12", &heard));
    assert_non_null(strstr(heard, "POST /images/create?fromImage=localhost:5000%2Fa%2Fpython&tag=3.12 "));
    assert_non_null(strstr(heard, "X-Registry-Auth: e30="));
    check_says(pull_from(bad, "python", &second), RW3202_BASE_PULL_FAILED, "toomanyrequests");
    assert_non_null(strstr(second, "fromImage=python&tag=latest"));
    check_ok(pull_from(good, "python:3@sha256:00", &third));
    assert_non_null(strstr(third, "fromImage=python&tag=sha256:00"));
}

static void test_an_image_that_is_not_there_is_no_error(void **state)
{
    (void)state;
    AUTO_STR none = json_answer(404, "{\"message\":\"No such image: x\"}");
    AUTO_STR broken = json_answer(200, "{\"Id\":");
    AUTO_STR empty = json_answer(200, "{}");
    AUTO_STR one =
        json_answer(200, "{\"Id\":\"sha256:1\",\"Size\":5,\"RepoTags\":[\"a:b\"],\"RootFS\":{\"Layers\":[\"l\"]}}");
    const struct fake_reply replies[] = {
        { .bytes = PING }, { .bytes = none }, { .bytes = broken }, { .bytes = empty }, { .bytes = one }
    };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(engine) e = engine_at(f);
    AUTO(engine_image) image = { 0 };
    bool found = true;
    check_ok(engine_image_inspect(e, "a:b", soon(), &found, &image));
    assert_false(found);
    check_error(engine_image_inspect(e, "a:b", soon(), &found, &image), RW3106_ENGINE_PROTOCOL);
    check_error(engine_image_inspect(e, "a:b", soon(), &found, &image), RW3106_ENGINE_PROTOCOL);
    check_ok(engine_image_inspect(e, "a:b", soon(), &found, &image));
    assert_true(found);
    assert_string_equal(image.id, "sha256:1");
    assert_string_equal(image.diff_ids.items[0], "l");
    check_error(engine_image_inspect(e, "../containers", soon(), &found, &image), RW1016_PATH_OUTSIDE);
    free(fake_stop(f, NULL));
}

static void test_where_a_port_is_published(void **state)
{
    (void)state;
    AUTO_STR running = json_answer(
        200, "{\"NetworkSettings\":{\"Ports\":{\"6443/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"4567\"}]}}}");
    AUTO_STR stopped = json_answer(200, "{\"NetworkSettings\":{\"Ports\":{}},\"HostConfig\":{\"PortBindings\":{\"6443/"
                                        "tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"89\"}]}}}");
    AUTO_STR nowhere = json_answer(200, "{\"NetworkSettings\":{\"Ports\":{\"6443/tcp\":null}}}");
    AUTO_STR gone = json_answer(404, "{\"message\":\"No such container: c\"}");
    const struct fake_reply replies[] = {
        { .bytes = PING }, { .bytes = running }, { .bytes = stopped }, { .bytes = nowhere }, { .bytes = gone }
    };
    static const int ports[] = { 4567, 89, 0, 0 };
    static const char *const hosts[] = { "127.0.0.1", "127.0.0.1", "localhost", NULL };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(engine) e = engine_at(f);
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        AUTO_STR host = NULL;
        int port = -1;
        check_ok(engine_container_port(e, "c", "6443/tcp", soon(), &host, &port));
        assert_true(str_eq(host, hosts[i]) || (!host && !hosts[i]));
        assert_int_equal(port, ports[i]);
    }
    free(fake_stop(f, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_that_are_no_unix_socket),
        cmocka_unit_test(test_sockets_that_nobody_answers),
        cmocka_unit_test(test_peers_that_are_no_engine),
        cmocka_unit_test(test_a_build_asks_for_buildkit_and_gives_the_id),
        cmocka_unit_test(test_a_build_cut_at_any_byte_is_no_success),
        cmocka_unit_test(test_errors_inside_a_good_answer),
        cmocka_unit_test(test_a_missing_lock_file_is_made_by_uv),
        cmocka_unit_test(test_answers_without_an_image),
        cmocka_unit_test(test_a_build_that_is_refused_before_it_begins),
        cmocka_unit_test(test_podman_is_told_from_docker),
        cmocka_unit_test(test_a_cancelled_build_is_cancelled_in_the_engine),
        cmocka_unit_test(test_a_pull_names_one_tag_and_tells_the_stream_s_error),
        cmocka_unit_test(test_an_image_that_is_not_there_is_no_error),
        cmocka_unit_test(test_where_a_port_is_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
