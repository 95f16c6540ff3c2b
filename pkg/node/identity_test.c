#include "node/identity.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "fake/pusher.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define INSPECTED "{\"Id\":\"" DIGEST "\",\"RootFS\":{\"Layers\":[]}}"
#define CONTAINERD "{\"DriverStatus\":[[\"driver-type\",\"io.containerd.snapshotter.v1\"]]}"

/* What the engine that d has answers for tells; the requests are in *heard. */
static struct err *ask(struct docker *d, char **digest, char **heard)
{
    AUTO_STR dir = scratch_new();
    struct net_wait wait = { .deadline_ms = clock_after(10000) };
    docker_start(d);
    AUTO(node_identity) found = { 0 };
    struct err *e = node_image_identity(d->engine, "app:dev", dir, wait, &found);
    assert_true(e || str_eq(found.engine_id, DIGEST));
    *digest = STEAL(&found.config_digest);
    *heard = docker_stop(d);
    return e;
}

static void test_the_classic_store_has_it_as_its_id(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO_STR digest = NULL;
    AUTO_STR heard = NULL;
    docker_json(&d, 200, INSPECTED);
    docker_json(&d, 200, "{\"DriverStatus\":[[\"Backing Filesystem\",\"extfs\"]]}");
    check_ok(ask(&d, &digest, &heard));
    assert_string_equal(digest, DIGEST);
    assert_null(strstr(heard, "/push"));
}

/* Which store it is, the image's driver tells as far as its name is of one store only. */
static void test_an_engine_is_not_asked_what_the_image_tells(void **state)
{
    (void)state;
    static const struct {
        const char *driver;
        bool asks;
    } rows[] = { { "overlay2", false }, { "vfs", false }, { "overlayfs", true }, { "btrfs", true }, { "", true } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(docker) d = { 0 };
        AUTO_STR digest = NULL;
        AUTO_STR heard = NULL;
        AUTO_STR image =
            xasprintf("{\"Id\":\"" DIGEST "\",\"GraphDriver\":{\"Data\":null,\"Name\":\"%s\"}}", rows[i].driver);
        docker_json(&d, 200, image);
        if (rows[i].asks)
            docker_json(&d, 200, "{}");
        check_ok(ask(&d, &digest, &heard));
        assert_string_equal(digest, DIGEST);
        assert_int_equal(strstr(heard, "GET /info ") != NULL, rows[i].asks);
    }
}

static void test_an_image_that_was_not_built(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    char *digest = NULL;
    AUTO_STR heard = NULL;
    docker_json(&d, 404, "{\"message\":\"No such image\"}");
    check_says(ask(&d, &digest, &heard), RW4101_IMAGE_NOT_BUILT, "no node was changed");
    assert_null(digest);
}

/* The export is asked for, too, when the engine pushes and no configuration is among it. */
static void test_an_engine_that_does_not_push_to_us(void **state)
{
    (void)state;
    static const char *const lines[] = { "{\"errorDetail\":{\"message\":\"dial tcp: refused\"}}\r\n",
                                         "{\"status\":\"Pushed\"}\r\n" };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        AUTO(docker) d = { 0 };
        char *digest = NULL;
        AUTO_STR heard = NULL;
        docker_json(&d, 200, INSPECTED);
        docker_json(&d, 200, CONTAINERD);
        docker_json(&d, 201, "");
        docker_json(&d, 200, lines[i]);
        docker_json(&d, 200, "[]");
        docker_json(&d, 404, "{\"message\":\"No such image\"}");
        check_error(ask(&d, &digest, &heard), RW4101_IMAGE_NOT_BUILT);
        assert_non_null(strstr(heard, "POST /images/" DIGEST "/tag?repo=127.0.0.1:"));
        assert_non_null(strstr(heard, "GET /images/" DIGEST "/get "));
        assert_null(digest);
    }
}

#define LAYER "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CONFIG "{\"rootfs\":{\"diff_ids\":[\"" LAYER "\"]}}"
#define ATTESTATION "{\"rootfs\":{\"diff_ids\":[\"" DIGEST "\"]}}"

static void push_config(const struct pusher *p, const char *text)
{
    char digest[DIGEST_ROOM];
    check_ok(digest_of(text, strlen(text), digest));
    AUTO_STR path = xasprintf("%sblobs/%s", p->base, digest);
    AUTO(answer)
    asked = pusher_ask(p, "HEAD", path, "Accept: application/vnd.oci.image.config.v1+json, */*\r\n", NULL, 0);
    assert_int_equal(asked.status, 404);
    AUTO_STR location = pusher_upload(p);
    AUTO_STR put = pusher_put(location, digest);
    pusher_expect(p, 201, "PUT", put, text, strlen(text));
}

/* What the containerd store does of an image with an attestation. */
static void push(void *ctx, const char *request)
{
    AUTO(pusher) p = { 0 };
    (void)ctx;
    pusher_sent_by(&p, request);
    AUTO_STR layer = xasprintf("%sblobs/" LAYER, p.base);
    pusher_expect(&p, 200, "HEAD", layer, NULL, 0);
    push_config(&p, CONFIG);
    push_config(&p, ATTESTATION);
}

static void test_an_engine_that_pushes_to_us(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO_STR digest = NULL;
    AUTO_STR heard = NULL;
    char want[DIGEST_ROOM];
    check_ok(digest_of(CONFIG, strlen(CONFIG), want));
    docker_json(&d, 200, "{\"Id\":\"" DIGEST "\",\"RootFS\":{\"Layers\":[\"" LAYER "\"]}}");
    docker_json(&d, 200, CONTAINERD);
    docker_json(&d, 201, "");
    docker_json(&d, 200, "{\"status\":\"Pushed\"}\r\n")->act = push;
    docker_json(&d, 200, "[]");
    check_ok(ask(&d, &digest, &heard));
    assert_string_equal(digest, want);
    assert_null(strstr(heard, "/get "));
}

static void test_an_engine_that_ends_in_the_middle(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    char *digest = NULL;
    AUTO_STR heard = NULL;
    docker_json(&d, 200, INSPECTED);
    docker_json(&d, 200, CONTAINERD);
    docker_json(&d, 201, "");
    docker_json(&d, 200, "{\"status\":");
    docker_json(&d, 200, "[]");
    check_error(ask(&d, &digest, &heard), RW3104_ENGINE_GONE);
    assert_null(digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_classic_store_has_it_as_its_id),
        cmocka_unit_test(test_an_engine_is_not_asked_what_the_image_tells),
        cmocka_unit_test(test_an_image_that_was_not_built),
        cmocka_unit_test(test_an_engine_that_does_not_push_to_us),
        cmocka_unit_test(test_an_engine_that_pushes_to_us),
        cmocka_unit_test(test_an_engine_that_ends_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
