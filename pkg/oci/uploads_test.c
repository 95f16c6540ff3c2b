#include "oci/uploads.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake/check.h"
#include "fake/pusher.h"

#define OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"

enum { SMALL = 5, LARGEST_KEPT = 256 * 1024, LARGE = LARGEST_KEPT + 1 };

/* chunks: a body whose length is not told, in chunks of `size` bytes. */
static char *chunks(const struct blob *b, size_t size)
{
    AUTO(buf) out = BUF_INIT(SIZE_MAX);
    for (size_t at = 0, len; at < b->len; at += len) {
        len = b->len - at < size ? b->len - at : size;
        buf_addf(&out, "%zx\r\n", len);
        buf_add(&out, b->bytes + at, len);
        buf_adds(&out, "\r\n");
    }
    buf_adds(&out, "0\r\n\r\n");
    return buf_steal(&out, NULL);
}

static struct answer ask_chunked(const struct pusher *p, const char *method, const char *path, const struct blob *b)
{
    AUTO_STR head = pusher_head(p, method, path, "Transfer-Encoding: chunked\r\nConnection: close\r\n");
    AUTO_STR body = chunks(b, 1000);
    AUTO_STR all = xasprintf("%s%s", head, body);
    return pusher_say_all(p, all);
}

/* What a push client asks of an answer to POST and PATCH: distribution's client reads all three. */
static void expect_accepted(const struct answer *a, const char *location, const char *range)
{
    assert_int_equal(a->status, 202);
    expect_header(a, "Location", location);
    expect_header(a, "Docker-Upload-UUID", strrchr(location, '/') + 1);
    expect_header(a, "Range", range);
}

static void test_an_upload_begins(void **state)
{
    (void)state;
    static const char *const paths[] = { "blobs/uploads/", "blobs/uploads/?mount=" OTHER "&from=library/x" };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        AUTO_STR path = xasprintf("%s%s", p.base, paths[i]);
        AUTO_STR start = xasprintf("%sblobs/uploads/", p.base);
        AUTO(answer) a = pusher_ask(&p, "POST", path, "", "", 0);
        AUTO_STR location = answer_header(&a, "Location");
        assert_true(location && str_starts(location, start));
        assert_int_equal(strlen(location), strlen(start) + ENTROPY_HEX_ROOM - 1);
        expect_accepted(&a, location, "0-0");
    }
    expect_log(&p, "");
}

/* Docker's classic store: POST, PATCH in chunks, PUT of nothing, HEAD. */
static void test_as_the_classic_store_does_it(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, LARGE + 1000, 0);
    AUTO_STR range = xasprintf("0-%zu", b.len - 1);
    AUTO_STR path = xasprintf("%sblobs/%s", p.base, b.digest);
    AUTO(answer) patched = ask_chunked(&p, "PATCH", b.location, &b);
    expect_accepted(&patched, b.location, range);
    expect_log(&p, ""); /* nobody knows yet what it is */
    AUTO(answer) put = pusher_ask(&p, "PUT", b.put, "", "", 0);
    assert_int_equal(put.status, 201);
    expect_header(&put, "Docker-Content-Digest", b.digest);
    expect_header(&put, "Location", path);
    expect_logged(&p, "keep", &b, "");
    expect_bytes(&p, &b);
    pusher_expect(&p, 404, "PUT", b.put, "", 0); /* it has ended */
}

static void test_several_patches(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, SMALL, 0);
    AUTO(answer) none = pusher_ask(&p, "PATCH", b.location, "", "", 0);
    expect_accepted(&none, b.location, "0-0");
    AUTO(answer) one = pusher_ask(&p, "PATCH", b.location, "", b.bytes, 1);
    expect_accepted(&one, b.location, "0-0");
    AUTO(answer) three = pusher_ask(&p, "PATCH", b.location, "Content-Range: 1-2\r\n", b.bytes + 1, 2);
    expect_accepted(&three, b.location, "0-2");
    pusher_expect(&p, 201, "PUT", b.put, b.bytes + 3, b.len - 3);
    expect_logged(&p, "keep", &b, "");
    expect_bytes(&p, &b);
}

/* The containerd store: POST, then PUT of all with its length. */
static void put_whole(bool streams, size_t len, const char *want[2])
{
    AUTO(pusher) p = { .streams = streams };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, len, 0);
    AUTO(answer) a = pusher_ask(&p, "PUT", b.put, "", b.bytes, b.len);
    AUTO_STR kept = str_eq(want[1], "keep") ? xasprintf("keep %s", b.told) : xstrdup(want[1]);
    assert_int_equal(a.status, 201);
    expect_header(&a, "Docker-Content-Digest", b.digest);
    if (want[0])
        expect_logged(&p, want[0], &b, kept);
    else
        expect_log(&p, kept);
    expect_bytes(&p, &b);
    assert_null(oci_endpoint_error(p.endpoint));
}

static void test_as_the_containerd_store_does_it(void **state)
{
    (void)state;
    put_whole(true, 0, (const char *[]){ NULL, "keep" });
    put_whole(true, SMALL, (const char *[]){ NULL, "keep" });
    put_whole(true, LARGEST_KEPT, (const char *[]){ NULL, "keep" });
    put_whole(true, LARGE, (const char *[]){ "stream", "end whole\n" });
    put_whole(true, 3 * LARGE, (const char *[]){ "stream", "end whole\n" });
    put_whole(false, LARGE, (const char *[]){ "stream", "keep" });
}

/* Without a size the host could not say whether it wants it. */
static void test_what_has_no_length_is_kept(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, LARGE, 0);
    AUTO(answer) a = ask_chunked(&p, "PUT", b.put, &b);
    assert_int_equal(a.status, 201);
    expect_logged(&p, "keep", &b, "");
    expect_bytes(&p, &b);
}

/* Its first bytes are kept already. */
static void test_what_has_begun_is_kept(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, LARGE + 1, 0);
    pusher_expect(&p, 202, "PATCH", b.location, b.bytes, 1);
    pusher_expect(&p, 201, "PUT", b.put, b.bytes + 1, LARGE);
    expect_logged(&p, "keep", &b, "");
    expect_bytes(&p, &b);
}

/* Blobs that are not what they say. */

static void put_lie(struct pusher *p, size_t len)
{
    AUTO(blob) b = blob_new(p, len, 0);
    AUTO_STR put = pusher_put(b.location, OTHER);
    AUTO_STR size = xasprintf("%zu bytes are %s", len, b.digest);
    AUTO(answer) a = pusher_ask(p, "PUT", put, "", b.bytes, b.len);
    assert_int_equal(a.status, 403);
    assert_non_null(strstr(a.body, "\"DENIED\""));
    pusher_expect(p, 403, "GET", "/v2/", NULL, 0);
    check_says(oci_endpoint_error(p->endpoint), RW4201_IMAGE_STREAM, size);
}

static void test_a_digest_that_lies(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    put_lie(&p, SMALL);
    expect_log(&p, "");
}

static void test_a_digest_that_lies_of_a_stream(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    put_lie(&p, LARGE);
    AUTO_STR log = xasprintf("stream " OTHER " %d\nend broken\n", LARGE);
    expect_log(&p, log);
}

static void test_a_put_has_to_name_a_digest(void **state)
{
    (void)state;
    static const char *const queries[] = { "",
                                           "?",
                                           "?digest",
                                           "?digest=",
                                           "?digest=sha256:00",
                                           "?other=" OTHER,
                                           "?digest=" OTHER "0",
                                           "?digest=md5:00000000000000000000000000000000" };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, SMALL, 0);
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        AUTO_STR put = xasprintf("%s%s", b.location, queries[i]);
        pusher_expect(&p, 400, "PUT", put, "", 0);
    }
    pusher_expect(&p, 201, "PUT", b.put, b.bytes, b.len); /* it is still there */
    assert_null(oci_endpoint_error(p.endpoint));
}

/* Uploads that end early. */

/* Says a request of `size` bytes and half of them, ends it there and waits until the endpoint has
 * closed it. */
static void send_half(const struct pusher *p, const char *method, const char *path, size_t size)
{
    AUTO_STR length = xasprintf("Content-Length: %zu\r\n", size);
    AUTO_STR head = pusher_head(p, method, path, length);
    AUTO_STR bytes = xcalloc(size, 1);
    AUTO_FD fd = pusher_connect(p);
    pusher_say_text(fd, head);
    pusher_say(fd, bytes, size / 2);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    AUTO(answer) a = pusher_hear(fd);
    if (a.status != 0)
        fail_msg("half of a body got %s", a.text);
}

static void test_a_stream_that_is_cut(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, 2 * LARGE, 0);
    AUTO_STR size = xasprintf("%d bytes of it had come", LARGE);
    struct err *e = NULL;
    send_half(&p, "PUT", b.put, 2 * LARGE);
    pusher_until(&p, "end broken\n");
    for (int i = 0; !e && i < 1000; i++, usleep(1000)) /* the host is told first */
        e = oci_endpoint_error(p.endpoint);
    check_says(e, RW4201_IMAGE_STREAM, size);
    expect_logged(&p, "stream", &b, "end broken\n");
}

/* Nothing of it has gone anywhere: the engine may send it again, as another upload. */
static void test_a_kept_one_that_is_cut(void **state)
{
    (void)state;
    static const char *const methods[] = { "PUT", "PATCH" };
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        AUTO(blob) b = blob_new(&p, SMALL, 0);
        send_half(&p, methods[i], b.put, 1000);
        pusher_until_dropped(&p);
        pusher_expect(&p, 404, "PATCH", b.location, "", 0);
        pusher_expect(&p, 404, "PUT", b.put, "", 0);
    }
    expect_log(&p, "");
    assert_null(oci_endpoint_error(p.endpoint));
}

static void test_an_upload_that_is_given_up(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, SMALL, 0);
    pusher_expect(&p, 202, "PATCH", b.location, b.bytes, b.len);
    assert_int_equal(p.budget.left, PUSHER_BUDGET - SMALL);
    pusher_expect(&p, 204, "DELETE", b.location, NULL, 0);
    assert_int_equal(p.budget.left, PUSHER_BUDGET);
    pusher_expect(&p, 404, "DELETE", b.location, NULL, 0);
    pusher_expect(&p, 404, "PUT", b.put, "", 0);
    expect_log(&p, "");
    assert_null(oci_endpoint_error(p.endpoint));
}

static void test_an_upload_that_nobody_began(void **state)
{
    (void)state;
    static const char *const ids[] = { "0123456789abcdef0123456789abcdef", "x", "" };
    static const char *const methods[] = { "PATCH", "PUT", "DELETE" };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, SMALL, 0);
    for (size_t i = 0; i < COUNT_OF(ids) * COUNT_OF(methods); i++) {
        AUTO_STR path = xasprintf("%sblobs/uploads/%s?digest=" OTHER, p.base, ids[i / 3]);
        pusher_expect(&p, 404, methods[i % 3], path, "", 0);
    }
    pusher_expect(&p, 201, "PUT", b.put, b.bytes, b.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_upload_begins),
        cmocka_unit_test(test_as_the_classic_store_does_it),
        cmocka_unit_test(test_several_patches),
        cmocka_unit_test(test_as_the_containerd_store_does_it),
        cmocka_unit_test(test_what_has_no_length_is_kept),
        cmocka_unit_test(test_what_has_begun_is_kept),
        cmocka_unit_test(test_a_digest_that_lies),
        cmocka_unit_test(test_a_digest_that_lies_of_a_stream),
        cmocka_unit_test(test_a_put_has_to_name_a_digest),
        cmocka_unit_test(test_a_stream_that_is_cut),
        cmocka_unit_test(test_a_kept_one_that_is_cut),
        cmocka_unit_test(test_an_upload_that_is_given_up),
        cmocka_unit_test(test_an_upload_that_nobody_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
