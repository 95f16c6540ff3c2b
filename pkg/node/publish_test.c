/* The registry is a server that answers from a script, and so is the engine: what real ones cannot be made to
 * say. */
#include "node/publish.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/net.h"
#include "fake/apiserver.h"
#include "fake/check.h"
#include "fake/docker.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define OTHER "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define MANIFEST "{\"config\":{\"digest\":\"" DIGEST "\"}}"
#define BY_CONTENT "GET /v2/shop/app/manifests/dev-0123456789ab "
#define BY_REF "GET /v2/shop/app/manifests/dev "

struct scene {
    struct docker engine;
    const char *engine_id; /* that is meant; NULL: not told */
    char *ref;
    char *content_name;
    char *heard; /* by the engine */
    enum publish_outcome outcome;
    size_t layers;
};

static void scene_release(struct scene *s)
{
    docker_release(&s->engine);
    free(s->ref);
    free(s->content_name);
    free(s->heard);
}

static struct err *publish(struct scene *s, const char *registry)
{
    s->ref = xasprintf("%s/shop/app:dev", registry);
    s->content_name = xasprintf("%s-0123456789ab", s->ref);
    const struct node_image image = {
        .ref = s->ref, .config_digest = DIGEST, .content_name = s->content_name, .engine_id = s->engine_id
    };
    const struct publish p = { .image = &image, .wait = { .deadline_ms = clock_after(10000) } };
    docker_start(&s->engine);
    struct err *e = publish_image(s->engine.engine, &p, &s->outcome, &s->layers);
    s->heard = docker_stop(&s->engine);
    return e;
}

static struct err *publish_to(struct scene *s, const struct apiserver *registry)
{
    AUTO_STR host = xasprintf("127.0.0.1:%d", registry->port);
    return publish(s, host);
}

/* What the engine is asked when it has to push: the image with these names, the push's name and that it goes. */
static void add_push(struct docker *engine, const char *first, const char *second)
{
    docker_json(engine, 200, "{\"Id\":\"" DIGEST "\",\"RepoTags\":[],\"RootFS\":{\"Layers\":[]}}");
    docker_json(engine, 201, "");
    docker_json(engine, 200, first);
    docker_json(engine, 200, "[]");
    if (second)
        docker_json(engine, 200, second);
}

#define PUSHED "{\"status\":\"Pushed\",\"id\":\"a\"}\r\n"
#define EXISTS "{\"status\":\"Layer already exists\",\"id\":\"a\"}\r\n"

static void test_a_registry_that_has_it(void **state)
{
    (void)state;
    static const struct apiserver_answer answers[][2] = {
        { { BY_CONTENT, 200, MANIFEST, NULL, false }, { BY_REF, 200, MANIFEST, NULL, false } },
        { { BY_CONTENT, 200, "{\"manifests\":[]}", NULL, false }, { BY_REF, 200, "{\"manifests\":[]}", NULL, false } },
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct apiserver registry;
        AUTO(scene) s = { 0 };
        apiserver_start(&registry, answers[i], 2);
        check_ok(publish_to(&s, &registry));
        apiserver_stop(&registry);
        assert_int_equal(s.outcome, PUBLISH_HAD_IT);
        assert_null(strstr(s.heard, "/images/"));
    }
}

/* Whatever else it answers, the engine pushes both names, and the content name goes from the engine. */
static void test_a_registry_that_lacks_it(void **state)
{
    (void)state;
    static const struct {
        struct apiserver_answer answers[2];
        size_t count;
    } cases[] = {
        { { { BY_CONTENT, 404, "{\"errors\":[]}", NULL, false } }, 1 },
        { { { BY_CONTENT, 200, MANIFEST, NULL, false }, { BY_REF, 404, "{}", NULL, false } }, 2 },
        { { { BY_CONTENT, 200, MANIFEST, NULL, false }, { BY_REF, 200, "{\"older\":1}", NULL, false } }, 2 },
        { { { BY_CONTENT, 200, "{\"config\":{\"digest\":\"" OTHER "\"}}", NULL, false } }, 1 },
        { { { BY_CONTENT, 500, "oh", NULL, false } }, 1 },
        { { { BY_CONTENT, 401, "{}", NULL, false } }, 1 },
        { { { BY_CONTENT, 200, MANIFEST, NULL, true } }, 1 },
        { { { BY_CONTENT, 200, NULL, NULL, false } }, 1 },
        { { { BY_CONTENT, 200, "<html>", NULL, false } }, 1 },
        { { { BY_CONTENT, 200, "[]", NULL, false } }, 1 },
        { { { BY_CONTENT, 200, MANIFEST, NULL, false }, { BY_REF, 200, MANIFEST, NULL, true } }, 2 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct apiserver registry;
        AUTO(scene) s = { 0 };
        add_push(&s.engine, PUSHED EXISTS PUSHED, EXISTS);
        apiserver_start(&registry, cases[i].answers, cases[i].count);
        check_ok(publish_to(&s, &registry));
        apiserver_stop(&registry);
        assert_int_equal(s.outcome, PUBLISH_GOT_IT);
        assert_int_equal(s.layers, 2);
        assert_non_null(strstr(s.heard, "POST /images/" DIGEST "/tag?repo="));
        assert_non_null(strstr(s.heard, "/shop/app/push?tag=dev-0123456789ab "));
        assert_non_null(strstr(s.heard, "/shop/app:dev-0123456789ab?noprune=1 "));
        assert_non_null(strstr(s.heard, "/shop/app/push?tag=dev "));
    }
}

/* The engine tries, and its words tell more than ours. */
static void test_a_registry_that_is_not_there(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_push(&s.engine, "{\"errorDetail\":{\"message\":\"connect: connection refused\"}}\r\n", NULL);
    check_says(publish(&s, "127.0.0.1:1"), RW4203_PUSH_FAILED, "connect: connection refused");
    assert_non_null(strstr(s.heard, "/shop/app:dev-0123456789ab?noprune=1 "));
    assert_null(strstr(s.heard, "/push?tag=dev "));
}

/* The engine would wait for a minute. */
static void test_a_registry_that_is_silent(void **state)
{
    (void)state;
    AUTO_FD listener = -1;
    int port = 0;
    AUTO(scene) s = { 0 };
    check_ok(net_listen_loopback(&listener, &port));
    AUTO_STR host = xasprintf("127.0.0.1:%d", port);
    check_says(publish(&s, host), RW4203_PUSH_FAILED, "said nothing for 3 s");
    assert_null(strstr(s.heard, "/images/"));
}

/* What speaks TLS or wants a password is the engine's to know: nothing of it is contacted by us. */
static void test_a_registry_elsewhere(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    add_push(&s.engine, EXISTS, EXISTS);
    check_ok(publish(&s, "registry.invalid:5000"));
    assert_int_equal(s.outcome, PUBLISH_GOT_IT);
    assert_int_equal(s.layers, 0);
}

static void test_a_content_name_that_was_there(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_json(&s.engine, 200,
                "{\"Id\":\"" DIGEST "\",\"RepoTags\":[\"registry.invalid/shop/app:dev-0123456789ab\"],"
                "\"RootFS\":{\"Layers\":[]}}");
    docker_json(&s.engine, 200, EXISTS);
    docker_json(&s.engine, 200, EXISTS);
    check_ok(publish(&s, "registry.invalid"));
    assert_null(strstr(s.heard, "DELETE "));
}

static void test_an_image_that_was_built_again(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_json(&s.engine, 200, "{\"Id\":\"" OTHER "\",\"RepoTags\":[],\"RootFS\":{\"Layers\":[]}}");
    docker_json(&s.engine, 200, "{\"ServerVersion\":\"20.10.24\"}");
    check_says(publish(&s, "registry.invalid"), RW4202_IMAGE_MISMATCH, "was it built again meanwhile?");
    assert_null(strstr(s.heard, "/push"));
}

/* There the id is no config digest, so that only the id itself tells. */
static void test_an_image_that_was_built_again_in_the_containerd_store(void **state)
{
    (void)state;
    AUTO(scene) s = { .engine_id = "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee" };
    docker_json(&s.engine, 200, "{\"Id\":\"" OTHER "\",\"RepoTags\":[],\"RootFS\":{\"Layers\":[]}}");
    check_says(publish(&s, "registry.invalid"), RW4202_IMAGE_MISMATCH, "was it built again meanwhile?");
    assert_null(strstr(s.heard, "/push"));
}

static void test_an_image_that_is_gone(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    docker_json(&s.engine, 404, "{\"message\":\"No such image\"}");
    check_error(publish(&s, "registry.invalid"), RW4101_IMAGE_NOT_BUILT);
    assert_null(strstr(s.heard, "/push"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_registry_that_has_it),
        cmocka_unit_test(test_a_registry_that_lacks_it),
        cmocka_unit_test(test_a_registry_that_is_not_there),
        cmocka_unit_test(test_a_registry_that_is_silent),
        cmocka_unit_test(test_a_registry_elsewhere),
        cmocka_unit_test(test_a_content_name_that_was_there),
        cmocka_unit_test(test_an_image_that_was_built_again),
        cmocka_unit_test(test_an_image_that_was_built_again_in_the_containerd_store),
        cmocka_unit_test(test_an_image_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
