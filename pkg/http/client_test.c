#include "http/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/server.h"

#define HELLO                                                                                                          \
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nApi-Version: 1.41\r\nWarning: 299 - \"a\"\r\nwarning: 299 - "             \
    "\"b\"\r\n\r\nhello"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"

static struct http_client *client_of(const char *socket_path)
{
    struct http_endpoint endpoint = { .unix_socket = socket_path };
    struct http_client *c = NULL;
    check_ok(http_client_new(&endpoint, &c));
    return c;
}

static struct net_wait within(int64_t ms)
{
    return (struct net_wait){ .deadline_ms = clock_after(ms) };
}

static struct err *get(struct http_client *c, struct net_wait wait, struct http_response *response)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/x");
    struct http_request request = { .method = "GET", .path = &path, .wait = wait };
    return http_do(c, &request, response);
}

static struct err *keep(void *ctx, const void *bytes, size_t len)
{
    buf_add(ctx, bytes, len);
    return NULL;
}

static struct err *stream(struct http_client *c, struct buf *into, struct http_response *response)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/x");
    struct http_request request = { .method = "GET", .path = &path, .wait = within(5000) };
    return http_stream(c, &request, (struct http_sink){ keep, into }, response);
}

static void test_an_answer_with_its_headers(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = HELLO };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_response) r = { 0 };
    check_ok(get(c, within(5000), &r));
    assert_int_equal(r.status, 200);
    assert_int_equal(r.failure, HTTP_ANSWERED);
    assert_string_equal(buf_text(&r.body), "hello");
    assert_string_equal(http_response_header(&r, "api-version", 0), "1.41");
    assert_string_equal(http_response_header(&r, "Warning", 1), "299 - \"b\"");
    assert_null(http_response_header(&r, "Warning", 2));
    AUTO_STR heard = fake_stop(f, NULL);
    assert_non_null(strstr(heard, "GET /x HTTP/1.1\r\n"));
}

static void test_pieces_of_any_size_are_the_same_answer(void **state)
{
    (void)state;
    struct fake_reply replies[8];
    for (size_t i = 0; i < COUNT_OF(replies); i++)
        replies[i] = (struct fake_reply){ .bytes = i % 2 ? CHUNKED : HELLO, .piece = i / 2 + 1 };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        AUTO(http_response) r = { 0 };
        AUTO(buf) body = BUF_INIT(100);
        check_ok(stream(c, &body, &r));
        assert_string_equal(buf_text(&body), "hello");
        assert_int_equal(r.received, 5);
    }
    free(fake_stop(f, NULL));
}

/* An answer that is cut anywhere is never an answer. */
static void check_cuts(const char *whole, size_t len)
{
    struct fake_reply *replies = xcalloc(len, sizeof *replies);
    for (size_t i = 1; i < len; i++)
        replies[i - 1] = (struct fake_reply){ .bytes = whole, .len = i };
    struct fake_server *f = fake_start(replies, len - 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    for (size_t i = 1; i < len; i++) {
        AUTO(http_response) r = { 0 };
        check_error(get(c, within(5000), &r), RW9003_SOCKET);
        assert_true(r.failure == HTTP_CUT || r.failure == HTTP_NOT_HTTP);
    }
    free(fake_stop(f, NULL));
    free(replies);
}

static void test_an_answer_cut_at_any_byte(void **state)
{
    (void)state;
    check_cuts(HELLO, strlen(HELLO));
    check_cuts(CHUNKED, strlen(CHUNKED) - 1); /* libcurl does not wait for the very last line feed */
}

static void test_nobody_to_connect_to(void **state)
{
    (void)state;
    AUTO_STR stale = fake_stale_socket();
    AUTO_PTR(http_client) absent = client_of("/nonexistent/socket");
    AUTO_PTR(http_client) refused = client_of(stale);
    AUTO(http_response) a = { 0 };
    AUTO(http_response) b = { 0 };
    check_errno(get(absent, within(5000), &a), RW9003_SOCKET, ENOENT);
    check_errno(get(refused, within(5000), &b), RW9003_SOCKET, ECONNREFUSED);
    assert_int_equal(a.failure, HTTP_CONNECT);
    assert_int_equal(b.failure, HTTP_CONNECT);
}

static void test_a_peer_that_does_not_speak_http(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = "SSH-2.0-OpenSSH_9.2\r\n" }, { .bytes = "220 mail ready\r\n" } };
    struct fake_server *f = fake_start(replies, 2);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    for (size_t i = 0; i < 2; i++) {
        AUTO(http_response) r = { 0 };
        check_error(get(c, within(5000), &r), RW9003_SOCKET);
        assert_int_equal(r.failure, HTTP_NOT_HTTP);
    }
    free(fake_stop(f, NULL));
}

static void test_deadline_and_silence(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = "HTTP/1.1 200 OK\r\n", .hold = true },
                                          { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", .hold = true } };
    struct fake_server *f = fake_start(replies, 2);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_response) a = { 0 };
    AUTO(http_response) b = { 0 };
    int64_t start = clock_ms();
    check_error(get(c, within(100), &a), RW9007_DEADLINE);
    check_between(clock_ms() - start, 100, 2000);
    assert_int_equal(a.failure, HTTP_ABANDONED);
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/x");
    struct http_request request = { .method = "GET", .path = &path, .wait = within(20000), .idle_ms = 100 };
    start = clock_ms();
    check_says(http_do(c, &request, &b), RW9007_DEADLINE, "no byte moved");
    check_between(clock_ms() - start, 100, 2000);
    free(fake_stop(f, NULL));
}

static void *request_soon(void *cancel)
{
    err_ignore(cancel_sleep(NULL, clock_after(100)), "a pause");
    cancel_request(cancel, 2);
    return NULL;
}

static void test_a_cancellation_ends_the_wait_at_once(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = "HTTP/1.1 200 OK\r\n", .hold = true };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO_PTR(cancel) cancel = NULL;
    AUTO(http_response) r = { 0 };
    pthread_t thread;
    check_ok(cancel_new(&cancel));
    assert_int_equal(pthread_create(&thread, NULL, request_soon, cancel), 0);
    int64_t start = clock_ms();
    check_error(get(c, (struct net_wait){ clock_after(20000), cancel }, &r), RW9009_INTERRUPTED);
    check_between(clock_ms() - start, 50, 2000);
    pthread_join(thread, NULL);
    free(fake_stop(f, NULL));
}

static void test_an_answer_larger_than_allowed(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = HELLO };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) r = { 0 };
    http_path_fixed(&path, "/x");
    struct http_request request = { .method = "GET", .path = &path, .wait = within(5000), .answer_max = 4 };
    check_error(http_do(c, &request, &r), RW9003_SOCKET);
    assert_int_equal(r.failure, HTTP_TOO_LARGE);
    free(fake_stop(f, NULL));
}

static void test_endless_headers_are_refused(void **state)
{
    (void)state;
    AUTO(buf) head = BUF_INIT(1 << 20);
    buf_adds(&head, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 4000; i++)
        buf_addf(&head, "X-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    const struct fake_reply reply = { .bytes = buf_text(&head) };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_response) r = { 0 };
    check_error(get(c, within(5000), &r), RW9003_SOCKET);
    assert_int_equal(r.failure, HTTP_TOO_LARGE);
    free(fake_stop(f, NULL));
}

static void test_a_header_with_a_line_break_is_refused(void **state)
{
    (void)state;
    AUTO_PTR(http_client) c = client_of("/nonexistent/socket");
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) r = { 0 };
    http_path_fixed(&path, "/x");
    struct http_header header = { "X-Name", "a\r\nHost: evil" };
    struct http_request request = {
        .method = "GET", .path = &path, .headers = &header, .header_count = 1, .wait = within(5000)
    };
    check_error(http_do(c, &request, &r), RW1016_PATH_OUTSIDE);
}

struct source {
    const char *text;
    size_t at;
    size_t fail_at;
};

static struct err *pull(void *ctx, void *to, size_t room, size_t *len)
{
    struct source *s = ctx;
    if (s->fail_at && s->at >= s->fail_at)
        return err_new(RW2004_CONTEXT_CHANGED, "the file changed");
    *len = strlen(s->text + s->at) < 3 ? strlen(s->text + s->at) : 3;
    assert_true(room >= *len);
    memcpy(to, s->text + s->at, *len);
    s->at += *len;
    return NULL;
}

static void test_a_pulled_body_is_sent_in_chunks(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = HELLO }, { .bytes = HELLO } };
    struct fake_server *f = fake_start(replies, 2);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) good = { 0 };
    AUTO(http_response) bad = { 0 };
    struct source source = { "abcdefgh", 0, 0 };
    http_path_fixed(&path, "/build");
    struct http_request request = {
        .method = "POST", .path = &path, .pull = pull, .pull_ctx = &source, .wait = within(5000)
    };
    check_ok(http_do(c, &request, &good));
    assert_int_equal(good.status, 200);
    source = (struct source){ "abcdefgh", 0, 6 };
    check_error(http_do(c, &request, &bad), RW2004_CONTEXT_CHANGED);
    AUTO_STR heard = fake_stop(f, NULL);
    assert_non_null(strstr(heard, "Transfer-Encoding: chunked"));
    assert_non_null(strstr(heard, "3\r\nabc\r\n3\r\ndef\r\n2\r\ngh\r\n0\r\n\r\n"));
    assert_null(strstr(heard, "Content-Type"));
    assert_null(strstr(heard, "Expect"));
}

static void test_only_a_good_answer_is_streamed(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope" };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_response) r = { 0 };
    AUTO(buf) body = BUF_INIT(100);
    check_ok(stream(c, &body, &r));
    assert_int_equal(r.status, 404);
    assert_string_equal(buf_text(&r.body), "nope");
    assert_int_equal(body.len, 0);
    free(fake_stop(f, NULL));
}

static struct err *refuse(void *ctx, const void *bytes, size_t len)
{
    (void)ctx, (void)bytes, (void)len;
    return err_new(RW4201_IMAGE_STREAM, "enough");
}

static void test_the_error_of_a_sink_comes_back(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = HELLO };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) r = { 0 };
    http_path_fixed(&path, "/x");
    struct http_request request = { .method = "GET", .path = &path, .wait = within(5000) };
    check_error(http_stream(c, &request, (struct http_sink){ refuse, NULL }, &r), RW4201_IMAGE_STREAM);
    assert_int_equal(r.failure, HTTP_ABANDONED);
    free(fake_stop(f, NULL));
}

/* More than libcurl and we hold at once: the peer is held back, and nothing is lost or doubled. */
static void test_a_large_body_is_read_at_the_callers_pace(void **state)
{
    (void)state;
    enum { BODY = 8 << 20 };
    AUTO(buf) whole = BUF_INIT(BODY + 200);
    buf_addf(&whole, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
    size_t head = whole.len;
    for (uint32_t i = 0; whole.len < head + BODY; i++)
        buf_add(&whole, &i, sizeof i);
    const struct fake_reply reply = { .bytes = whole.bytes, .len = whole.len };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) r = { 0 };
    http_path_fixed(&path, "/x");
    struct http_request request = { .method = "GET", .path = &path, .wait = within(20000) };
    struct http_body *body = NULL;
    check_ok(http_body_open(c, &request, &r, &body));
    size_t at = head;
    for (;;) {
        const void *bytes = NULL;
        size_t len = 0;
        check_ok(http_body_read(body, &bytes, &len));
        if (len == 0)
            break;
        assert_true(len < 2 << 20);
        assert_true(at + len <= whole.len);
        assert_memory_equal(bytes, whole.bytes + at, len);
        at += len;
    }
    assert_int_equal(at, whole.len);
    http_body_close(body);
    free(fake_stop(f, NULL));
}

static void test_proxies_of_the_environment_are_not_used(void **state)
{
    (void)state;
    static const char *const names[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy" };
    const struct fake_reply reply = { .bytes = HELLO };
    struct fake_server *f = fake_start(&reply, 1);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_response) r = { 0 };
    check_ok(get(c, within(5000), &r));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
    AUTO_STR heard = fake_stop(f, NULL);
    assert_non_null(strstr(heard, "GET /x HTTP/1.1"));
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    const struct fake_reply replies[] = {
        { .bytes = "HTTP/1.1 302 Found\r\nLocation: http://localhost/y\r\nContent-Length: 0\r\n\r\n" },
        { .bytes = HELLO }
    };
    struct fake_server *f = fake_start(replies, 2);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_response) r = { 0 };
    size_t requests = 0;
    check_ok(get(c, within(5000), &r));
    assert_int_equal(r.status, 302);
    free(fake_stop(f, &requests));
    assert_int_equal(requests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_with_its_headers),
        cmocka_unit_test(test_pieces_of_any_size_are_the_same_answer),
        cmocka_unit_test(test_an_answer_cut_at_any_byte),
        cmocka_unit_test(test_nobody_to_connect_to),
        cmocka_unit_test(test_a_peer_that_does_not_speak_http),
        cmocka_unit_test(test_deadline_and_silence),
        cmocka_unit_test(test_a_cancellation_ends_the_wait_at_once),
        cmocka_unit_test(test_an_answer_larger_than_allowed),
        cmocka_unit_test(test_endless_headers_are_refused),
        cmocka_unit_test(test_a_header_with_a_line_break_is_refused),
        cmocka_unit_test(test_a_pulled_body_is_sent_in_chunks),
        cmocka_unit_test(test_only_a_good_answer_is_streamed),
        cmocka_unit_test(test_the_error_of_a_sink_comes_back),
        cmocka_unit_test(test_a_large_body_is_read_at_the_callers_pace),
        cmocka_unit_test(test_proxies_of_the_environment_are_not_used),
        cmocka_unit_test(test_redirects_are_not_followed),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
