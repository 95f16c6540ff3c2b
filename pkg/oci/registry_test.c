#include "oci/registry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base64.h"
#include "digest/digest.h"
#include "fake/check.h"
#include "fake/pusher.h"

#define BLOB "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define TYPE "application/vnd.oci.image.manifest.v1+json"

enum { MANIFEST_MAX = 4 << 20 };

static char *below(const struct pusher *p, const char *path)
{
    return xasprintf("%s%s", p->base, path);
}

/* The whole of a request without a body. */
static char *request(const char *method, const char *path, const char *host, const char *headers)
{
    return xasprintf("%s %s HTTP/1.1\r\n%s%sConnection: close\r\n\r\n", method, path, host, headers);
}

static char *own_host(const struct pusher *p)
{
    return xasprintf("Host: 127.0.0.1:%d\r\n", p->port);
}

static void test_who_has_no_credentials_is_asked(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR host = own_host(&p);
    AUTO_STR ping = request("GET", "/v2/", host, "");
    AUTO(answer) a = pusher_say_all(&p, ping);
    assert_int_equal(a.status, 401);
    expect_header(&a, "WWW-Authenticate", "Basic realm=\"rwml\"");
    expect_header(&a, "Docker-Distribution-Api-Version", "registry/2.0");
    assert_non_null(strstr(a.body, "\"UNAUTHORIZED\""));
    assert_false(oci_endpoint_was_met(p.endpoint));
}

static void test_who_knows_the_credentials_is_met(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO(answer) a = pusher_ask(&p, "GET", "/v2/", "", NULL, 0);
    assert_int_equal(a.status, 200);
    expect_header(&a, "Docker-Distribution-Api-Version", "registry/2.0");
    assert_true(oci_endpoint_was_met(p.endpoint));
}

static void expect_stranger(struct pusher *p, const char *headers)
{
    static const char *const methods[] = { "GET", "HEAD", "POST", "PUT" };
    AUTO_STR host = own_host(p);
    AUTO_STR uploads = below(p, "blobs/uploads/");
    AUTO_STR blob = below(p, "blobs/" BLOB);
    AUTO_STR manifest = below(p, "manifests/latest");
    const char *const paths[] = { "/v2/", blob, uploads, manifest };
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        AUTO_STR text = request(methods[i], paths[i], host, headers);
        AUTO(answer) a = pusher_say_all(p, text);
        if (a.status != 401)
            fail_msg("%s got %s", text, a.text);
    }
    assert_false(oci_endpoint_was_met(p->endpoint));
    expect_log(p, "");
}

static void expect_unknown(struct pusher *p, const char *user, const char *between, const char *password)
{
    AUTO_STR pair = xasprintf("%s%s%s", user, between, password);
    AUTO_STR text = base64url_encode(pair, strlen(pair));
    AUTO_STR header = xasprintf("Authorization: Basic %s\r\n", text);
    expect_stranger(p, header);
}

static void test_wrong_credentials(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    const char *user = oci_endpoint_user(p.endpoint), *password = oci_endpoint_password(p.endpoint);
    AUTO_STR cut = xstrndup(password, strlen(password) - 1);
    AUTO_STR longer = xasprintf("%s0", password);
    expect_unknown(&p, user, ":", "wrong");
    expect_unknown(&p, user, ":", cut);
    expect_unknown(&p, user, ":", longer);
    expect_unknown(&p, user, ":", "");
    expect_unknown(&p, user, "", "");
    expect_unknown(&p, "", ":", password);
    expect_unknown(&p, "", ":", "");
    expect_unknown(&p, password, ":", user);
    expect_unknown(&p, "wrong", ":", password);
}

static void test_credentials_of_another_kind(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR bearer = xasprintf("Authorization: Bearer %s\r\n", oci_endpoint_password(p.endpoint));
    AUTO_STR plain =
        xasprintf("Authorization: Basic %s:%s\r\n", oci_endpoint_user(p.endpoint), oci_endpoint_password(p.endpoint));
    expect_stranger(&p, bearer);
    expect_stranger(&p, plain);
    expect_stranger(&p, "Authorization: Basic\r\n");
    expect_stranger(&p, "Authorization: Basic ====\r\n");
    expect_stranger(&p, "Authorization: \r\n");
}

/* A name that somebody made point at 127.0.0.1: a browser would send its own Host. */
static void test_another_host_is_refused(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR by_name = xasprintf("Host: localhost:%d\r\n", p.port);
    AUTO_STR led_here = xasprintf("Host: registry.example:%d\r\n", p.port);
    AUTO_STR longer = xasprintf("Host: 127.0.0.1:%d0\r\n", p.port);
    const char *const hosts[] = { by_name, led_here, longer, "Host: 127.0.0.1\r\n", "Host: \r\n" };
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        AUTO_STR text = request("GET", "/v2/", hosts[i], p.credentials);
        AUTO(answer) a = pusher_say_all(&p, text);
        if (a.status != 403)
            fail_msg("%s got %s", text, a.text);
        assert_non_null(strstr(a.body, "\"DENIED\""));
    }
    AUTO_STR none = request("GET", "/v2/", "", p.credentials);
    AUTO(answer) a = pusher_say_all(&p, none);
    assert_in_range(a.status, 400, 403); /* MHD refuses it, or we do */
    assert_false(oci_endpoint_was_met(p.endpoint));
}

static void test_a_browser_is_refused(void **state)
{
    (void)state;
    static const char *const origins[] = { "Origin: http://127.0.0.1\r\n", "Origin: null\r\n", "origin: x\r\n" };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    for (size_t i = 0; i < COUNT_OF(origins); i++) {
        AUTO(answer) a = pusher_ask(&p, "GET", "/v2/", origins[i], NULL, 0);
        assert_int_equal(a.status, 403);
    }
    assert_false(oci_endpoint_was_met(p.endpoint));
    assert_null(oci_endpoint_error(p.endpoint)); /* a stranger does not end the push */
    pusher_expect(&p, 200, "GET", "/v2/", NULL, 0);
}

static void test_only_its_own_path_is_there(void **state)
{
    (void)state;
    AUTO(pusher) p = { .has = BLOB };
    pusher_start(&p);
    AUTO_STR cut = xstrndup(p.base, strlen(p.base) - 1);
    AUTO_STR shorter = xstrndup(p.base, strlen(p.base) - 2);
    AUTO_STR blob = xasprintf("%s/blobs/" BLOB, shorter);
    AUTO_STR upload = xasprintf("%s/blobs/uploads/", shorter);
    pusher_expect(&p, 404, "GET", "/", NULL, 0);
    pusher_expect(&p, 404, "GET", "/v2", NULL, 0);
    pusher_expect(&p, 404, "GET", "/v2/_catalog", NULL, 0);
    pusher_expect(&p, 404, "GET", cut, NULL, 0);
    pusher_expect(&p, 404, "HEAD", blob, NULL, 0);
    pusher_expect(&p, 404, "POST", upload, "", 0);
    pusher_expect(&p, 404, "POST", "/v2/rwml-push/blobs/uploads/", "", 0);
    expect_log(&p, "");
}

static void test_nothing_can_be_pulled(void **state)
{
    (void)state;
    static const char *const methods[] = { "GET", "DELETE", "PATCH", "OPTIONS" };
    AUTO(pusher) p = { .has = BLOB };
    pusher_start(&p);
    AUTO_STR blob = below(&p, "blobs/" BLOB);
    AUTO_STR tags = below(&p, "tags/list");
    AUTO_STR upload = pusher_upload(&p);
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        pusher_expect(&p, 405, methods[i], blob, NULL, 0);
    pusher_expect(&p, 405, "GET", tags, NULL, 0);
    pusher_expect(&p, 405, "GET", upload, NULL, 0);
    expect_log(&p, "");
}

/* Blobs. */

static void test_a_blob_that_is_there(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 0, 1, 1234, UINT64_C(5) << 30 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        AUTO(pusher) p = { .has = BLOB, .has_size = sizes[i] };
        pusher_start(&p);
        AUTO_STR path = below(&p, "blobs/" BLOB);
        AUTO_STR size = xasprintf("%" PRIu64, sizes[i]);
        AUTO(answer) a = pusher_ask(&p, "HEAD", path, "Accept: " TYPE ", */*\r\n", NULL, 0);
        assert_int_equal(a.status, 200);
        expect_header(&a, "Content-Length", size);
        expect_header(&a, "Docker-Content-Digest", BLOB);
        assert_string_equal(a.body, "");
        expect_log(&p, "has " BLOB " " TYPE ", */*\n");
    }
}

static void test_a_blob_that_is_not_there(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR path = below(&p, "blobs/" BLOB);
    AUTO(answer) a = pusher_ask(&p, "HEAD", path, "", NULL, 0);
    assert_int_equal(a.status, 404);
    assert_string_equal(a.body, "");
    expect_log(&p, "has " BLOB " -\n");
}

static void test_the_host_is_asked_for_digests_only(void **state)
{
    (void)state;
    static const char *const names[] = { "blobs/",          "blobs/x",         "blobs/sha256:cc",
                                         "blobs/" BLOB "0", "blobs/" BLOB "/", "blobs/uploads/" };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO_STR path = below(&p, names[i]);
        pusher_expect(&p, 404, "HEAD", path, NULL, 0);
    }
    expect_log(&p, "");
}

/* Manifests. */

static void test_a_manifest_is_given_to_the_host(void **state)
{
    (void)state;
    static const char text[] = "{\"schemaVersion\":2}";
    char digest[DIGEST_ROOM];
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    check_ok(digest_of(text, strlen(text), digest));
    AUTO_STR path = below(&p, "manifests/latest");
    AUTO(answer) a = pusher_ask(&p, "PUT", path, "Content-Type: " TYPE "\r\n", text, strlen(text));
    AUTO_STR log = xasprintf("manifest " TYPE " %s %zu\n", digest, strlen(text));
    AUTO_STR location = xasprintf("%smanifests/%s", p.base, digest);
    assert_int_equal(a.status, 201);
    expect_header(&a, "Docker-Content-Digest", digest);
    expect_header(&a, "Location", location);
    assert_string_equal(buf_text(&p.bytes), text);
    expect_log(&p, log);
}

static void test_a_manifest_of_nothing(void **state)
{
    (void)state;
    char digest[DIGEST_ROOM];
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    check_ok(digest_of("", 0, digest));
    AUTO_STR path = below(&p, "manifests/latest");
    AUTO_STR log = xasprintf("manifest  %s 0\n", digest);
    pusher_expect(&p, 201, "PUT", path, "", 0);
    expect_log(&p, log); /* no Content-Type is an empty one */
}

/* So that the engine sends it, whatever it has pushed before. */
static void test_no_manifest_is_ever_there(void **state)
{
    (void)state;
    AUTO(pusher) p = { .has = BLOB, .has_size = 2 };
    pusher_start(&p);
    AUTO_STR by_tag = below(&p, "manifests/latest");
    AUTO_STR by_digest = below(&p, "manifests/" BLOB);
    for (size_t i = 0; i < 2; i++) {
        pusher_expect(&p, 404, "HEAD", by_tag, NULL, 0);
        pusher_expect(&p, 404, "HEAD", by_digest, NULL, 0);
        pusher_expect(&p, 404, "GET", by_tag, NULL, 0);
        pusher_expect(&p, 201, "PUT", by_tag, "{}", 2);
    }
}

static void test_a_manifest_of_4_mib_and_no_byte_more(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR path = below(&p, "manifests/latest");
    AUTO_STR bytes = xcalloc(MANIFEST_MAX + 1, 1);
    pusher_expect(&p, 201, "PUT", path, bytes, MANIFEST_MAX);
    assert_int_equal(p.bytes.len, MANIFEST_MAX);
    AUTO(answer) a = pusher_ask(&p, "PUT", path, "", bytes, MANIFEST_MAX + 1);
    assert_int_not_equal(a.status, 201);
    assert_int_equal(p.bytes.len, MANIFEST_MAX);
    pusher_expect(&p, 403, "GET", "/v2/", NULL, 0);
    check_says(oci_endpoint_error(p.endpoint), RW4201_IMAGE_STREAM, "more than 4194304 bytes");
}

/* The engine tries again, or tells itself that the push has failed. */
static void test_a_manifest_that_is_cut_is_none(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR path = below(&p, "manifests/latest");
    AUTO_STR head = pusher_head(&p, "PUT", path, "Content-Length: 4\r\n");
    AUTO_FD fd = pusher_connect(&p);
    pusher_say_text(fd, head);
    pusher_say_text(fd, "{}");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    AUTO(answer) a = pusher_hear(fd);
    assert_int_not_equal(a.status, 201);
    pusher_expect(&p, 201, "PUT", path, "{}", 2);
    assert_string_equal(buf_text(&p.bytes), "{}");
    assert_null(oci_endpoint_error(p.endpoint));
}

static void test_the_host_refuses_a_manifest(void **state)
{
    (void)state;
    AUTO(pusher) p = { .fails = "manifest" };
    pusher_start(&p);
    AUTO_STR path = below(&p, "manifests/latest");
    AUTO_STR uploads = below(&p, "blobs/uploads/");
    AUTO(answer) a = pusher_ask(&p, "PUT", path, "", "{}", 2);
    assert_int_equal(a.status, 403);
    expect_header(&a, "Content-Type", "application/json");
    assert_non_null(strstr(a.body, "\"DENIED\""));
    pusher_expect(&p, 403, "GET", "/v2/", NULL, 0);
    pusher_expect(&p, 403, "POST", uploads, "", 0);
    pusher_expect(&p, 403, "PUT", path, "{}", 2);
    check_says(oci_endpoint_error(p.endpoint), RW9003_SOCKET, "manifest failed");
    assert_string_equal(buf_text(&p.bytes), "{}"); /* of the first only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_no_credentials_is_asked),
        cmocka_unit_test(test_who_knows_the_credentials_is_met),
        cmocka_unit_test(test_wrong_credentials),
        cmocka_unit_test(test_credentials_of_another_kind),
        cmocka_unit_test(test_another_host_is_refused),
        cmocka_unit_test(test_a_browser_is_refused),
        cmocka_unit_test(test_only_its_own_path_is_there),
        cmocka_unit_test(test_nothing_can_be_pulled),
        cmocka_unit_test(test_a_blob_that_is_there),
        cmocka_unit_test(test_a_blob_that_is_not_there),
        cmocka_unit_test(test_the_host_is_asked_for_digests_only),
        cmocka_unit_test(test_a_manifest_is_given_to_the_host),
        cmocka_unit_test(test_a_manifest_of_nothing),
        cmocka_unit_test(test_no_manifest_is_ever_there),
        cmocka_unit_test(test_a_manifest_of_4_mib_and_no_byte_more),
        cmocka_unit_test(test_a_manifest_that_is_cut_is_none),
        cmocka_unit_test(test_the_host_refuses_a_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
