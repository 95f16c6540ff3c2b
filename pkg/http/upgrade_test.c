#include "http/upgrade.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/server.h"

#define UPGRADED                                                                                                       \
    "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: "     \
    "tcp\r\n\r\n"

static struct net_wait soon(void)
{
    return (struct net_wait){ .deadline_ms = clock_after(5000) };
}

static struct err *upgrade(const char *socket_path, struct http_response *response, struct http_upgrade **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/exec/1/start");
    struct http_request request = { .method = "POST", .path = &path, .body = "{}", .body_len = 2, .wait = soon() };
    return http_upgrade_open(socket_path, &request, response, out);
}

static void read_all(struct http_upgrade *u, struct buf *into)
{
    char piece[3];
    size_t len = 1;
    while (len > 0) {
        check_ok(http_upgrade_read(u, piece, sizeof piece, soon(), &len));
        buf_add(into, piece, len);
    }
}

static void test_bytes_behind_the_head_are_not_lost(void **state)
{
    (void)state;
    const struct fake_reply replies[] = { { .bytes = UPGRADED "early bytes" },
                                          { .bytes = UPGRADED "early bytes", .piece = 1 } };
    struct fake_server *f = fake_start(replies, 2);
    for (size_t i = 0; i < 2; i++) {
        AUTO_PTR(http_upgrade) u = NULL;
        AUTO(http_response) r = { 0 };
        AUTO(buf) got = BUF_INIT(100);
        check_ok(upgrade(fake_socket(f), &r, &u));
        assert_non_null(u);
        read_all(u, &got);
        assert_string_equal(buf_text(&got), "early bytes");
    }
    free(fake_stop(f, NULL));
}

static void test_what_is_written_arrives_and_ends(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = UPGRADED, .drain = true };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_PTR(http_upgrade) u = NULL;
    AUTO(http_response) r = { 0 };
    AUTO(buf) rest = BUF_INIT(100);
    check_ok(upgrade(fake_socket(f), &r, &u));
    check_ok(http_upgrade_write(u, "input", 5, soon()));
    check_ok(http_upgrade_half_close(u));
    read_all(u, &rest); /* ends only because the peer saw our end */
    AUTO_STR heard = fake_stop(f, NULL);
    assert_non_null(strstr(heard, "POST /exec/1/start HTTP/1.1\r\n"));
    assert_non_null(strstr(heard, "Upgrade: tcp\r\n"));
    assert_non_null(strstr(heard, "\r\n\r\n{}input"));
}

static void test_a_refusal_is_an_answer(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes =
                                          "HTTP/1.1 409 Conflict\r\nContent-Length: 17\r\n\r\n{\"message\":\"no\"}\n" };
    struct fake_server *f = fake_start(&reply, 1);
    struct http_upgrade *u = NULL;
    AUTO(http_response) r = { 0 };
    check_ok(upgrade(fake_socket(f), &r, &u));
    assert_null(u);
    assert_int_equal(r.status, 409);
    assert_string_equal(buf_text(&r.body), "{\"message\":\"no\"}\n");
    free(fake_stop(f, NULL));
}

static void test_a_head_cut_at_any_byte(void **state)
{
    (void)state;
    size_t len = strlen(UPGRADED);
    struct fake_reply replies[sizeof UPGRADED];
    for (size_t i = 1; i < len; i++)
        replies[i - 1] = (struct fake_reply){ .bytes = UPGRADED, .len = i };
    struct fake_server *f = fake_start(replies, len - 1);
    for (size_t i = 1; i < len; i++) {
        struct http_upgrade *u = NULL;
        AUTO(http_response) r = { 0 };
        check_error(upgrade(fake_socket(f), &r, &u), RW9003_SOCKET);
        assert_int_equal(r.failure, HTTP_CUT);
        assert_null(u);
    }
    free(fake_stop(f, NULL));
}

static void test_an_endless_head(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    char *text = xcalloc(LONG, 1);
    memset(text, 'a', LONG - 1);
    memcpy(text, "HTTP/1.1 101 ", 13);
    const struct fake_reply reply = { .bytes = text };
    struct fake_server *f = fake_start(&reply, 1);
    struct http_upgrade *u = NULL;
    AUTO(http_response) r = { 0 };
    check_error(upgrade(fake_socket(f), &r, &u), RW9003_SOCKET);
    free(fake_stop(f, NULL));
    free(text);
}

static void test_not_http_and_nobody(void **state)
{
    (void)state;
    const struct fake_reply reply = { .bytes = "SSH-2.0-x\r\n\r\n" };
    struct fake_server *f = fake_start(&reply, 1);
    AUTO_STR stale = fake_stale_socket();
    struct http_upgrade *u = NULL;
    AUTO(http_response) a = { 0 };
    AUTO(http_response) b = { 0 };
    check_error(upgrade(fake_socket(f), &a, &u), RW9003_SOCKET);
    assert_int_equal(a.failure, HTTP_NOT_HTTP);
    check_errno(upgrade(stale, &b, &u), RW9003_SOCKET, ECONNREFUSED);
    assert_int_equal(b.failure, HTTP_CONNECT);
    free(fake_stop(f, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_behind_the_head_are_not_lost),
        cmocka_unit_test(test_what_is_written_arrives_and_ends),
        cmocka_unit_test(test_a_refusal_is_an_answer),
        cmocka_unit_test(test_a_head_cut_at_any_byte),
        cmocka_unit_test(test_an_endless_head),
        cmocka_unit_test(test_not_http_and_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
