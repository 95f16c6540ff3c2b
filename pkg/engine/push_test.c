#include "engine/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"

#define REPOSITORY "127.0.0.1:4567/rwml-push/0123"

static struct err *go_on(void *ctx)
{
    (void)ctx;
    return NULL;
}

static struct err *stop_at_second_call(void *ctx)
{
    return ++*(int *)ctx < 2 ? NULL : err_new(RW4201_IMAGE_STREAM, "the endpoint knows better");
}

/* Pushes, and gives what the engine was asked in *heard. */
static struct err *push(struct docker *d, struct err *(*stop)(void *ctx), void *ctx, char **heard)
{
    static const struct engine_registry to = { REPOSITORY, "us?er", "secret" };
    struct net_wait wait = { .deadline_ms = clock_after(10000) };
    docker_start(d);
    const struct engine_push_watch watch = { .stop = stop, .ctx = ctx };
    bool name_stays = true;
    struct err *e = engine_image_push(d->engine, "sha256:00", &to, wait, &watch, &name_stays);
    assert_true(e || !name_stays);
    *heard = docker_stop(d);
    return e;
}

static void add_lines(struct docker *d, const char *lines)
{
    docker_json(d, 201, "");
    docker_json(d, 200, lines);
    docker_json(d, 200, "[]");
}

static void test_a_push(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO_STR heard = NULL;
    add_lines(&d, "{\"status\":\"Preparing\",\"id\":\"0\"}\r\n{\"aux\":{\"Tag\":\"rwml\",\"Size\":1}}\r\n");
    check_ok(push(&d, go_on, NULL, &heard));
    assert_non_null(strstr(heard, "POST /images/sha256:00/tag?repo=127.0.0.1:4567%2Frwml-push%2F0123&tag=rwml "));
    assert_non_null(strstr(heard, "POST /images/" REPOSITORY "/push?tag=rwml "));
    /* {"username":"us?er","password":"secret"} in the alphabet for URLs: the '?' would give a slash */
    assert_non_null(strstr(heard, "X-Registry-Auth: eyJ1c2VybmFtZSI6InVzP2VyIiwicGFzc3dvcmQiOiJzZWNyZXQifQ=="));
    assert_non_null(strstr(heard, "DELETE /images/" REPOSITORY ":rwml?noprune=1 "));
}

/* However it ends, the name goes. */
static void test_a_push_that_fails(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        enum err_code code;
        const char *says;
    } cases[] = {
        { "{\"status\":\"Pushing\"}\r\n{\"errorDetail\":{\"message\":\"dial tcp: refused\"},\"error\":\"x\"}\r\n",
          RW4203_PUSH_FAILED, "dial tcp: refused" },
        { "{\"status\":\"Pushing\"}\r\n{\"status\":", RW3104_ENGINE_GONE, "" },
        { "not json\r\n", RW3106_ENGINE_PROTOCOL, "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(docker) d = { 0 };
        AUTO_STR heard = NULL;
        add_lines(&d, cases[i].lines);
        check_says(push(&d, go_on, NULL, &heard), cases[i].code, cases[i].says);
        assert_non_null(strstr(heard, "DELETE /images/" REPOSITORY ":rwml?noprune=1 "));
    }
}

static void test_a_push_that_is_refused(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO_STR heard = NULL;
    docker_json(&d, 201, "");
    docker_json(&d, 500, "{\"message\":\"no such registry\"}");
    docker_json(&d, 200, "[]");
    check_says(push(&d, go_on, NULL, &heard), RW4203_PUSH_FAILED, "no such registry");
    assert_non_null(strstr(heard, "DELETE "));
}

static void test_an_image_that_is_gone(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO_STR heard = NULL;
    docker_json(&d, 404, "{\"message\":\"No such image\"}");
    check_error(push(&d, go_on, NULL, &heard), RW4101_IMAGE_NOT_BUILT);
    assert_null(strstr(heard, "/push"));
}

/* The classic store would try a layer that fails for a minute and more. */
static void test_a_push_is_stopped_at_the_next_line(void **state)
{
    (void)state;
    int calls = 0;
    AUTO(docker) d = { 0 };
    AUTO_STR heard = NULL;
    docker_json(&d, 201, "");
    docker_bytes(&d, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "{\"status\":\"a\"}\r\n{\"status\":\"b\"}\r\n", 32)
        ->hold = true;
    docker_json(&d, 200, "[]");
    check_error(push(&d, stop_at_second_call, &calls, &heard), RW4201_IMAGE_STREAM);
    assert_non_null(strstr(heard, "DELETE "));
}

static void keep_progress(void *ctx, uint64_t done, uint64_t total)
{
    uint64_t *last = ctx;
    last[0] = done;
    last[1] = total;
}

static void test_how_far_it_is(void **state)
{
    (void)state;
    static const struct engine_registry to = { REPOSITORY, "user", "secret" };
    uint64_t last[2] = { 0 };
    const struct engine_push_watch watch = { .stop = go_on, .on_progress = keep_progress, .ctx = last };
    AUTO(docker) d = { 0 };
    add_lines(&d, "{\"status\":\"Pushing\",\"progressDetail\":{\"current\":1,\"total\":10},\"id\":\"a\"}\r\n"
                  "{\"status\":\"Pushing\",\"progressDetail\":{\"current\":70,\"total\":100},\"id\":\"b\"}\r\n"
                  "{\"status\":\"Pushing\",\"progressDetail\":{\"current\":11,\"total\":10},\"id\":\"a\"}\r\n"
                  "{\"status\":\"Layer already exists\",\"progressDetail\":{},\"id\":\"c\"}\r\n");
    docker_start(&d);
    struct net_wait wait = { .deadline_ms = clock_after(10000) };
    bool name_stays = true;
    check_ok(engine_image_push(d.engine, "sha256:00", &to, wait, &watch, &name_stays));
    assert_false(name_stays);
    assert_int_equal(last[0], 80);
    assert_int_equal(last[1], 110);
}

/* What was pushed is pushed. */
static void test_a_name_that_stays(void **state)
{
    (void)state;
    static const struct engine_registry to = { REPOSITORY, "user", "secret" };
    const struct engine_push_watch watch = { .stop = go_on };
    struct net_wait wait = { .deadline_ms = clock_after(10000) };
    bool name_stays = false;
    AUTO(docker) d = { 0 };
    docker_json(&d, 201, "");
    docker_json(&d, 200, "{\"status\":\"Pushed\"}\r\n");
    docker_json(&d, 409, "{\"message\":\"conflict\"}");
    docker_start(&d);
    check_ok(engine_image_push(d.engine, "sha256:00", &to, wait, &watch, &name_stays));
    assert_true(name_stays);
}

#define NAME "localhost:5001/shop/orders:dev"

static struct err *publish(struct docker *d, size_t *pushed, char **heard)
{
    struct net_wait wait = { .deadline_ms = clock_after(10000) };
    const struct engine_push_watch watch = { .stop = go_on };
    docker_start(d);
    struct err *e = engine_image_publish(d->engine, NAME, wait, &watch, pushed);
    *heard = docker_stop(d);
    return e;
}

static void test_publish(void **state)
{
    (void)state;
    size_t pushed = 0;
    AUTO(docker) d = { 0 };
    AUTO_STR heard = NULL;
    docker_json(&d, 200,
                "{\"status\":\"Layer already exists\",\"id\":\"a\"}\r\n"
                "{\"status\":\"Retrying in 5 seconds\",\"id\":\"b\"}\r\n"
                "{\"status\":\"Pushed\",\"id\":\"b\"}\r\n{\"aux\":{\"Tag\":\"dev\"}}\r\n");
    check_ok(publish(&d, &pushed, &heard));
    assert_int_equal(pushed, 1);
    assert_non_null(strstr(heard, "POST /images/localhost:5001/shop/orders/push?tag=dev "));
    assert_non_null(strstr(heard, "X-Registry-Auth: e30=\r\n"));
    assert_null(strstr(heard, "DELETE "));
}

static void test_publish_fails(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *lines;
        enum err_code code;
        const char *says;
    } cases[] = {
        { 200, "{\"errorDetail\":{\"message\":\"connect: connection refused\"}}\r\n", RW4203_PUSH_FAILED,
          "connect: connection refused" },
        { 200, "{\"status\":\"Retrying in 5 seconds\"}\r\n{\"status\":\"Retrying in 10 seconds\"}\r\n",
          RW4203_PUSH_FAILED, "twice" },
        { 200, "{\"status\":\"Pushing\"}\r\n{\"status\":", RW3104_ENGINE_GONE, "" },
        { 500, "{\"message\":\"no such tag\"}", RW4203_PUSH_FAILED, "no such tag" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t pushed = 0;
        AUTO(docker) d = { 0 };
        AUTO_STR heard = NULL;
        docker_json(&d, cases[i].status, cases[i].lines);
        check_says(publish(&d, &pushed, &heard), cases[i].code, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_push),
        cmocka_unit_test(test_a_push_that_fails),
        cmocka_unit_test(test_a_push_that_is_refused),
        cmocka_unit_test(test_an_image_that_is_gone),
        cmocka_unit_test(test_a_push_is_stopped_at_the_next_line),
        cmocka_unit_test(test_how_far_it_is),
        cmocka_unit_test(test_a_name_that_stays),
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_publish_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
