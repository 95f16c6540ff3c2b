#include "http/websocket.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/websocket.h"
#include "http/handshake.h"

/* A message; one in three frames of which one is empty, with a ping between them; one of 300 bytes; one without bytes;
 * and the end. */
static void add_all_frames(struct buf *out)
{
    char many[300];
    memset(many, 'm', sizeof many);
    fake_frame(out, 0x82, "one", 3);
    fake_frame(out, 0x02, "t", 1);
    fake_frame(out, 0x89, "ping", 4);
    fake_frame(out, 0x00, "", 0);
    fake_frame(out, 0x80, "wo", 2);
    fake_frame(out, 0x82, many, sizeof many);
    fake_frame(out, 0x82, "", 0);
    fake_frame(out, 0x88, "\x03\xe8", 2);
}

/* The messages that came, one behind the other, each in brackets. */
struct heard {
    struct buf text;
    size_t fail_at; /* an error is given back when so many bytes have come; 0: never */
};

static void heard_release(struct heard *h)
{
    buf_release(&h->text);
}

static struct err *on_bytes(void *ctx, const void *bytes, size_t len, bool first)
{
    struct heard *h = ctx;
    if (first)
        buf_adds(&h->text, "<");
    buf_add(&h->text, bytes, len);
    return h->fail_at && h->text.len >= h->fail_at ? err_new(RW9006_OUTPUT, "nobody reads") : NULL;
}

static struct net_wait soon(void)
{
    return (struct net_wait){ .deadline_ms = clock_after(5000) };
}

static struct err *dial(const char *socket_path, struct heard *heard, struct http_client **c,
                        struct http_response *response, struct http_websocket **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    struct http_endpoint endpoint = { .unix_socket = socket_path };
    check_ok(http_client_new(&endpoint, c));
    http_path_fixed(&path, "/exec");
    struct http_request request = { .method = "GET", .path = &path, .wait = soon() };
    return http_websocket_open(*c, &request, "v5.channel.k8s.io, v4.channel.k8s.io",
                               (struct http_websocket_taker){ on_bytes, heard }, response, out);
}

/* Until the peer is done, or something went wrong. */
static struct err *run_to_end(struct http_websocket *w)
{
    for (;;) {
        struct net_poll one = http_websocket_poll(w);
        if (!http_websocket_is_ready(w))
            TRY(net_poll(&one, 1, soon()));
        TRY(http_websocket_step(w));
        if (http_websocket_state(w) != HTTP_WEBSOCKET_OPEN && !http_websocket_is_ready(w))
            return NULL;
    }
}

static void test_messages_come_whole_however_they_are_cut_up(void **state)
{
    static const size_t pieces[] = { 0, 1, 2, 7 };
    char many[301];
    (void)state;
    memset(many, 'm', 300);
    many[300] = '\0';
    AUTO_STR wanted = xasprintf("<one<two<%s", many);
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
        AUTO(heard) h = { .text = BUF_INIT(1 << 20) };
        AUTO(http_response) r = { 0 };
        add_all_frames(&s.frames);
        fake_script_end(&s, "v5.channel.k8s.io", 0);
        s.reply.piece = pieces[i];
        s.reply.drain = true;
        struct fake_server *f = fake_start(&s.reply, 1);
        AUTO_PTR(http_client) c = NULL;
        AUTO_PTR(http_websocket) w = NULL;
        check_ok(dial(fake_socket(f), &h, &c, &r, &w));
        assert_string_equal(http_websocket_subprotocol(w), "v5.channel.k8s.io");
        check_ok(run_to_end(w));
        assert_int_equal(http_websocket_state(w), HTTP_WEBSOCKET_CLOSED);
        assert_string_equal(buf_text(&h.text), wanted);
        http_websocket_free(STEAL(&w));
        free(fake_stop(f, NULL));
    }
}

/* No cut anywhere is taken for an end, and nothing that came before it is lost or made up. */
static void test_cut_at_every_byte(void **state)
{
    AUTO(fake_script) probe = { .frames = BUF_INIT(1 << 20) };
    (void)state;
    add_all_frames(&probe.frames);
    size_t all = fake_script_end(&probe, "v5.channel.k8s.io", 0), head = probe.head_len;
    for (size_t len = 1; len<all; len += len> head + 30 && len < all - 20 ? 17 : 1) {
        AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
        AUTO(heard) h = { .text = BUF_INIT(1 << 20) };
        AUTO(http_response) r = { 0 };
        add_all_frames(&s.frames);
        fake_script_end(&s, "v5.channel.k8s.io", len);
        struct fake_server *f = fake_start(&s.reply, 1);
        AUTO_PTR(http_client) c = NULL;
        AUTO_PTR(http_websocket) w = NULL;
        struct err *e = dial(fake_socket(f), &h, &c, &r, &w);
        if (len < head) {
            assert_null(w);
            check_error(e, RW9003_SOCKET);
            assert_int_equal(r.failure, HTTP_CUT);
        } else {
            check_ok(e);
            err_ignore(run_to_end(w), "a reset is a cut, too");
            assert_int_not_equal(http_websocket_state(w), HTTP_WEBSOCKET_CLOSED);
            assert_int_equal(strncmp(buf_text(&h.text), "<one<two<mmm", h.text.len < 12 ? h.text.len : 12), 0);
        }
        http_websocket_free(STEAL(&w));
        free(fake_stop(f, NULL));
    }
}

/* The payload of the frame at *at, unmasked; owned. */
static char *unmask(const char *bytes, size_t *at, size_t *len)
{
    const unsigned char *b = (const unsigned char *)bytes + *at;
    size_t head = 2;
    assert_true(b[1] & 0x80); /* a client masks */
    *len = b[1] & 0x7f;
    if (*len == 126) {
        *len = (size_t)b[2] << 8 | b[3];
        head = 4;
    } else if (*len == 127) {
        *len = 0;
        for (size_t i = 0; i < 8; i++)
            *len = *len << 8 | b[2 + i];
        head = 10;
    }
    char *text = xcalloc(*len + 1, 1);
    for (size_t i = 0; i < *len; i++)
        text[i] = (char)(b[head + 4 + i] ^ b[head + i % 4]);
    *at += head + 4 + *len;
    return text;
}

/* The fake one hears what is in flight only while it is not told to stop. */
static void until_taken(const struct http_websocket *w)
{
    int left = 1;
    for (int i = 0; i < 5000 && left > 0; i++) {
        assert_int_equal(ioctl(http_websocket_poll(w).fd, SIOCOUTQ, &left), 0);
        usleep(1000);
    }
    assert_int_equal(left, 0);
}

static void test_what_is_sent_arrives(void **state)
{
    enum { MANY = 300000 };
    (void)state;
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(heard) h = { .text = BUF_INIT(1 << 20) };
    AUTO(http_response) r = { 0 };
    AUTO(buf) many = BUF_INIT(MANY);
    while (many.len < MANY)
        buf_add(&many, "0123456789", 10);
    fake_script_end(&s, "v5.channel.k8s.io", 0);
    s.reply.drain = true;
    struct fake_server *f = fake_start(&s.reply, 1);
    AUTO_PTR(http_client) c = NULL;
    AUTO_PTR(http_websocket) w = NULL;
    check_ok(dial(fake_socket(f), &h, &c, &r, &w));
    check_ok(http_websocket_send(w, "\0", 1, "input", 5));
    check_ok(http_websocket_send(w, "\0", 1, many.bytes, many.len));
    assert_in_range(http_websocket_backlog(w), MANY, MANY + 100);
    check_ok(http_websocket_ping(w));
    while (http_websocket_backlog(w) > 0) {
        struct net_poll one = http_websocket_poll(w);
        check_ok(net_poll(&one, 1, soon()));
        check_ok(http_websocket_step(w));
    }
    until_taken(w);
    http_websocket_free(STEAL(&w));
    size_t heard_len, at, len;
    AUTO_STR bytes = fake_stop_bytes(f, NULL, &heard_len);
    assert_non_null(strstr(bytes, "GET /exec HTTP/1.1\r\nHost: localhost\r\n"));
    assert_non_null(strstr(bytes, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_non_null(strstr(bytes, "\r\nSec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n"));
    at = (size_t)(strstr(bytes, "\r\n\r\n") - bytes) + 4;
    AUTO_STR ping = unmask(bytes, &at, &len); /* which waits for no message */
    assert_string_equal(ping, "");
    AUTO_STR first = unmask(bytes, &at, &len);
    assert_int_equal(len, 6);
    assert_memory_equal(first, "\0input", 6);
    AUTO_STR second = unmask(bytes, &at, &len);
    assert_int_equal(len, MANY + 1);
    assert_memory_equal(second + 1, many.bytes, MANY);
}

static void test_a_refusal_is_an_answer(void **state)
{
    static const struct fake_reply replies[] = {
        { .bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\n{\"message\":\"\"}" },
        { .bytes = "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
          .piece = 1 },
        { .bytes = "HTTP/1.1 502 X\r\n\r\nuntil it ends" },
    };
    static const struct {
        int status;
        const char *body;
    } wanted[] = { { 403, "{\"message\":\"\"}" }, { 500, "{\"a\":1}" }, { 502, "until it ends" } };
    (void)state;
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        AUTO(heard) h = { .text = BUF_INIT(100) };
        AUTO(http_response) r = { 0 };
        AUTO_PTR(http_client) c = NULL;
        struct http_websocket *w = NULL;
        check_ok(dial(fake_socket(f), &h, &c, &r, &w));
        assert_null(w);
        assert_int_equal(r.status, wanted[i].status);
        assert_string_equal(buf_text(&r.body), wanted[i].body);
    }
    free(fake_stop(f, NULL));
}

static void test_a_peer_that_is_no_websocket(void **state)
{
    static const struct fake_reply replies[] = {
        { .bytes = "SSH-2.0-OpenSSH_9.2\r\n" },
        { .bytes = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: c29tZSBvdGhlcg==\r\n\r\n" },
        { .bytes = "HTTP/1.1 200 X\r\nContent-Length: 7x\r\n\r\n" },
        { .bytes = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n0\r\n\r\n" },
    };
    (void)state;
    struct fake_server *f = fake_start(replies, COUNT_OF(replies));
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        AUTO(heard) h = { .text = BUF_INIT(100) };
        AUTO(http_response) r = { 0 };
        AUTO_PTR(http_client) c = NULL;
        struct http_websocket *w = NULL;
        check_error(dial(fake_socket(f), &h, &c, &r, &w), RW9003_SOCKET);
        assert_null(w);
        assert_int_equal(r.failure, HTTP_NOT_HTTP);
    }
    free(fake_stop(f, NULL));
}

static void test_nobody_answers(void **state)
{
    (void)state;
    AUTO(heard) h = { .text = BUF_INIT(100) };
    AUTO(http_response) r = { 0 };
    AUTO_PTR(http_client) c = NULL;
    struct http_websocket *w = NULL;
    AUTO_STR stale = fake_stale_socket();
    check_error(dial(stale, &h, &c, &r, &w), RW9003_SOCKET);
    assert_int_equal(r.failure, HTTP_CONNECT);
}

static void test_frames_that_nobody_may_send(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "\x92\x01"
          "a",
          3 },                     /* a reserved bit */
        { "\x89\x7e\x01\x00", 4 }, /* a ping of 256 bytes */
        { "\x80\x01"
          "a",
          3 }, /* a continuation of nothing */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(fake_script) s = { .frames = BUF_INIT(100) };
        AUTO(heard) h = { .text = BUF_INIT(100) };
        AUTO(http_response) r = { 0 };
        buf_add(&s.frames, rows[i].bytes, rows[i].len);
        fake_script_end(&s, "v5.channel.k8s.io", 0);
        s.reply.drain = true;
        struct fake_server *f = fake_start(&s.reply, 1);
        AUTO_PTR(http_client) c = NULL;
        AUTO_PTR(http_websocket) w = NULL;
        check_ok(dial(fake_socket(f), &h, &c, &r, &w));
        check_says(run_to_end(w), RW9003_SOCKET, "no WebSocket frame");
        http_websocket_free(STEAL(&w));
        free(fake_stop(f, NULL));
    }
}

static void test_a_takers_error_ends_the_step(void **state)
{
    (void)state;
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(heard) h = { .text = BUF_INIT(1 << 20), .fail_at = 9 };
    AUTO(http_response) r = { 0 };
    add_all_frames(&s.frames);
    fake_script_end(&s, "v5.channel.k8s.io", 0);
    s.reply.drain = true;
    struct fake_server *f = fake_start(&s.reply, 1);
    AUTO_PTR(http_client) c = NULL;
    AUTO_PTR(http_websocket) w = NULL;
    check_ok(dial(fake_socket(f), &h, &c, &r, &w));
    check_says(run_to_end(w), RW9006_OUTPUT, "nobody reads");
    http_websocket_free(STEAL(&w));
    free(fake_stop(f, NULL));
}

static void test_a_held_one_reads_nothing(void **state)
{
    (void)state;
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(heard) h = { .text = BUF_INIT(1 << 20) };
    AUTO(http_response) r = { 0 };
    add_all_frames(&s.frames);
    fake_script_end(&s, "v5.channel.k8s.io", 0);
    s.reply.drain = true;
    struct fake_server *f = fake_start(&s.reply, 1);
    AUTO_PTR(http_client) c = NULL;
    AUTO_PTR(http_websocket) w = NULL;
    check_ok(dial(fake_socket(f), &h, &c, &r, &w));
    http_websocket_hold(w, true);
    assert_false(http_websocket_is_ready(w));
    assert_int_equal(http_websocket_poll(w).want, 0);
    check_ok(http_websocket_step(w));
    assert_int_equal(h.text.len, 0);
    http_websocket_hold(w, false);
    assert_true(http_websocket_is_ready(w));
    check_ok(run_to_end(w));
    assert_int_equal(h.text.len, 309);
    http_websocket_free(STEAL(&w));
    free(fake_stop(f, NULL));
}

static void test_the_rfcs_own_key(void **state)
{
    (void)state;
    AUTO_STR accept = http_handshake_accept("dGhlIHNhbXBsZSBub25jZQ==");
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_come_whole_however_they_are_cut_up),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_what_is_sent_arrives),
        cmocka_unit_test(test_a_refusal_is_an_answer),
        cmocka_unit_test(test_a_peer_that_is_no_websocket),
        cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_frames_that_nobody_may_send),
        cmocka_unit_test(test_a_takers_error_ends_the_step),
        cmocka_unit_test(test_a_held_one_reads_nothing),
        cmocka_unit_test(test_the_rfcs_own_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
