#include "http/watch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/server.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static struct http_client *client_of(const char *socket_path)
{
    struct http_endpoint endpoint = { .unix_socket = socket_path };
    struct http_client *c = NULL;
    check_ok(http_client_new(&endpoint, &c));
    return c;
}

static struct http_watch *open_watch(struct http_client *c, const char *tag, int64_t deadline_ms)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    struct http_watch *w = NULL;
    http_path_fixed(&path, "/watch");
    struct http_request request = { .method = "GET", .path = &path, .wait = { .deadline_ms = deadline_ms } };
    check_ok(http_watch_open(c, &request, (void *)tag, &w));
    return w;
}

/* What happens until every watch is over, as text: "a:line|b:END 200|". */
static void collect(struct http_client *c, size_t watches, struct buf *out)
{
    while (watches > 0) {
        struct http_watch_event event;
        check_ok(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(5000) }, &event));
        const char *tag = event.tag;
        if (event.kind == HTTP_WATCH_LINE) {
            buf_addf(out, "%s:%.*s|", tag, (int)event.len, event.line);
            continue;
        }
        watches--;
        if (event.kind == HTTP_WATCH_END)
            buf_addf(out, "%s:END %d %s|", tag, event.response->status, buf_text(&event.response->body));
        else
            buf_addf(out, "%s:FAIL %d|", tag, (int)err_get_code(event.error));
        err_free(event.error);
        http_watch_close(event.watch);
    }
}

static void test_lines_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char text[] = OK_HEAD "5\r\none\nt\r\n7\r\nwo\r\n\nth\r\n4\r\nree\n\r\n4\r\nrest\r\n0\r\n\r\n";
    struct fake_reply replies[8];
    for (size_t i = 0; i < COUNT_OF(replies); i++)
        replies[i] = (struct fake_reply){ .bytes = text, .piece = i };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        AUTO(buf) got = BUF_INIT(1000);
        open_watch(c, "a", CLOCK_NEVER);
        collect(c, 1, &got);
        assert_string_equal(buf_text(&got), "a:one|a:two|a:|a:three|a:rest|a:END 200 |");
    }
    free(fake_stop(f, NULL));
}

static void test_several_watches_at_once(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = OK_HEAD "4\r\nx 1\n\r\n", .hold = true },
                                          { .bytes = OK_HEAD "8\r\ny 1\ny 2\n\r\n0\r\n\r\n" },
                                          { .bytes = "HTTP/1.1 410 Gone\r\nContent-Length: 3\r\n\r\nold" } };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    const char *tags[] = { "a", "b", "c" };
    size_t lines = 0;
    size_t over = 0;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        open_watch(c, tags[i], CLOCK_NEVER);
    while (lines < 3 || over < 2) {
        struct http_watch_event event;
        check_ok(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(5000) }, &event));
        assert_int_not_equal(event.kind, HTTP_WATCH_FAIL);
        lines += event.kind == HTTP_WATCH_LINE;
        over += event.kind == HTTP_WATCH_END;
    }
    struct http_watch_event event;
    check_error(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(50) }, &event), RW9007_DEADLINE);
    free(fake_stop(f, NULL)); /* the client closes the watch that is still open */
}

static void test_a_cut_stream_is_told_as_such(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = OK_HEAD "4\r\none\n\r\n9\r\nhal" };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(buf) got = BUF_INIT(1000);
    open_watch(c, "a", CLOCK_NEVER);
    collect(c, 1, &got);
    assert_string_equal(buf_text(&got), "a:one|a:FAIL 9003|");
    free(fake_stop(f, NULL));
}

static void test_a_watch_has_its_own_deadline(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = OK_HEAD "4\r\none\n\r\n", .hold = true };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(buf) got = BUF_INIT(1000);
    open_watch(c, "a", clock_after(200));
    collect(c, 1, &got);
    assert_string_equal(buf_text(&got), "a:one|a:FAIL 9007|");
    free(fake_stop(f, NULL));
}

static void test_an_interrupted_wait(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = OK_HEAD, .hold = true };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO_PTR(cancel) cancel = NULL;
    struct http_watch_event event;
    check_ok(cancel_new(&cancel));
    open_watch(c, "a", CLOCK_NEVER);
    cancel_request(cancel, 0);
    check_error(http_watch_wait(c, (struct net_wait){ CLOCK_NEVER, cancel }, &event), RW9009_INTERRUPTED);
    free(fake_stop(f, NULL));
}

/* Megabytes of lines, more than are held at once: the peer is held back, and none is lost. */
static void test_a_loud_watch_waits_for_its_reader(void **state)
{
    (void)state;
    enum { LINES = 200000 };
    AUTO(buf) loud = BUF_INIT(8 << 20);
    buf_adds(&loud, "HTTP/1.1 200 OK\r\n\r\n"); /* ends with the connection */
    for (int i = 0; i < LINES; i++)
        buf_addf(&loud, "line number %d\n", i);
    const struct fake_reply reply = { .bytes = loud.bytes, .len = loud.len };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    open_watch(c, "a", CLOCK_NEVER);
    int next = 0;
    for (;;) {
        struct http_watch_event event;
        check_ok(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(10000) }, &event));
        if (event.kind != HTTP_WATCH_LINE) {
            assert_int_equal(event.kind, HTTP_WATCH_END);
            break;
        }
        AUTO_STR want = xasprintf("line number %d", next++);
        assert_int_equal(event.len, strlen(want));
        assert_memory_equal(event.line, want, event.len);
    }
    assert_int_equal(next, LINES);
    free(fake_stop(f, NULL));
}

/* A line of 40 MB, more than a watch without line_max takes, between two short ones. */
static void test_a_long_line_is_cut(void **state)
{
    (void)state;
    enum { LONG = 40 << 20, MOST = 1000 };
    AUTO(buf) text = BUF_INIT(LONG + 4000);
    buf_adds(&text, "HTTP/1.1 200 OK\r\n\r\nbefore\n");
    for (int i = 0; i < LONG / 8; i++)
        buf_adds(&text, "abcdefgh");
    buf_adds(&text, "\n");
    AUTO_STR exact = xasprintf("%0*d\nafter", MOST, 7);
    buf_adds(&text, exact);
    const struct fake_reply reply = { .bytes = text.bytes, .len = text.len };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    AUTO(http_path) path = HTTP_PATH_INIT;
    struct http_watch *w = NULL;
    http_path_fixed(&path, "/log");
    struct http_request request = { .method = "GET", .path = &path, .wait = { CLOCK_NEVER, NULL }, .line_max = MOST };
    check_ok(http_watch_open(c, &request, NULL, &w));
    const size_t lengths[] = { 6, MOST, MOST, 5 };
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct http_watch_event event;
        check_ok(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(10000) }, &event));
        assert_int_equal(event.kind, HTTP_WATCH_LINE);
        assert_int_equal(event.len, lengths[i]);
        assert_int_equal(event.cut, i == 1);
    }
    free(fake_stop(f, NULL));
}

/* A held watch gives nothing, holds no other one back, and goes on where it was. */
static void test_a_held_watch(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = OK_HEAD "8\r\nx 1\nx 2\n\r\n0\r\n\r\n" },
                                          { .bytes = OK_HEAD "4\r\ny 1\n\r\n0\r\n\r\n" } };
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    AUTO_PTR(http_client) c = client_of(fake_socket(f));
    struct http_watch_event event;
    struct http_watch *held = open_watch(c, "a", CLOCK_NEVER);
    check_ok(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(5000) }, &event));
    assert_memory_equal(event.line, "x 1", 3);
    http_watch_hold(held, true);
    AUTO(buf) got = BUF_INIT(1000);
    open_watch(c, "b", CLOCK_NEVER);
    collect(c, 1, &got);
    check_error(http_watch_wait(c, (struct net_wait){ .deadline_ms = clock_after(50) }, &event), RW9007_DEADLINE);
    http_watch_hold(held, false);
    collect(c, 1, &got);
    assert_string_equal(buf_text(&got), "b:y 1|b:END 200 |a:x 2|a:END 200 |");
    free(fake_stop(f, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_in_pieces_of_any_size),  cmocka_unit_test(test_several_watches_at_once),
        cmocka_unit_test(test_a_cut_stream_is_told_as_such), cmocka_unit_test(test_a_watch_has_its_own_deadline),
        cmocka_unit_test(test_an_interrupted_wait),          cmocka_unit_test(test_a_loud_watch_waits_for_its_reader),
        cmocka_unit_test(test_a_long_line_is_cut),           cmocka_unit_test(test_a_held_watch),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
