#include "oci/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"
#include "fake/pusher.h"

enum { AT_ONCE_MS = 900, PATIENT_MS = 8000 }; /* the one for what is not waited for, on a slow machine */

#define DIGEST "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void expect_hex(const char *text)
{
    assert_int_equal(strlen(text), ENTROPY_HEX_ROOM - 1);
    assert_int_equal(strspn(text, "0123456789abcdef"), ENTROPY_HEX_ROOM - 1);
}

static void test_its_names_cannot_be_guessed(void **state)
{
    (void)state;
    AUTO(pusher) a = { 0 };
    AUTO(pusher) b = { 0 };
    pusher_start(&a);
    pusher_start(&b);
    AUTO_STR start = xasprintf("127.0.0.1:%d/rwml-push/", a.port);
    assert_true(str_starts(oci_endpoint_repository(a.endpoint), start));
    expect_hex(oci_endpoint_repository(a.endpoint) + strlen(start));
    expect_hex(oci_endpoint_user(a.endpoint));
    expect_hex(oci_endpoint_password(a.endpoint));
    assert_string_not_equal(oci_endpoint_user(a.endpoint), oci_endpoint_password(a.endpoint));
    assert_string_not_equal(a.base, b.base);
    assert_string_not_equal(a.credentials, b.credentials);
}

static void test_nothing_happened_yet(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    assert_false(oci_endpoint_was_met(p.endpoint));
    assert_null(oci_endpoint_error(p.endpoint));
    oci_endpoint_free(NULL);
}

/* The credentials of one push are nothing to another one. */
static void test_endpoints_are_strangers(void **state)
{
    (void)state;
    AUTO(pusher) a = { 0 };
    AUTO(pusher) b = { 0 };
    pusher_start(&a);
    pusher_start(&b);
    AUTO_STR request =
        xasprintf("GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s\r\n", a.port, b.credentials);
    AUTO(answer) answer = pusher_say_all(&a, request);
    assert_int_equal(answer.status, 401);
    assert_false(oci_endpoint_was_met(a.endpoint));
    assert_false(oci_endpoint_was_met(b.endpoint));
}

static void expect_ping(const struct pusher *p, int64_t within_ms)
{
    int64_t before = clock_ms();
    pusher_expect(p, 200, "GET", "/v2/", NULL, 0);
    check_between(clock_ms() - before, 0, within_ms);
}

/* A ClientHello as far as its record's head says; the rest is not looked at. */
static void say_hello(int fd, size_t len)
{
    AUTO_STR hello = xcalloc(len, 1);
    memcpy(hello, "\x16\x03\x01\x02", len < 4 ? len : 4);
    pusher_say(fd, hello, len);
}

static void test_tls_gets_a_plain_400(void **state)
{
    (void)state;
    static const size_t lengths[] = { 1, 517, 1800, 16 * 1024 };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        AUTO_FD fd = pusher_connect(&p);
        say_hello(fd, lengths[i]);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        AUTO(answer) a = pusher_hear(fd);
        assert_true(str_starts(a.text, "HTTP/1.1 400"));
        assert_false(a.is_reset);
    }
    assert_false(oci_endpoint_was_met(p.endpoint));
    assert_null(oci_endpoint_error(p.endpoint));
}

/* What a client says behind the hello, before it has read the answer, must not turn it into a reset. */
static void test_tls_that_comes_in_pieces(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_FD fd = pusher_connect(&p);
    say_hello(fd, 100);
    usleep(50 * 1000);
    say_hello(fd, 40 * 1000);
    usleep(50 * 1000);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    AUTO(answer) a = pusher_hear(fd);
    assert_int_equal(a.status, 400);
    assert_false(a.is_reset);
}

/* As containerd does it: TLS, then the same again in plain text. */
static void test_plain_text_after_tls(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_FD fd = pusher_connect(&p);
    say_hello(fd, 517);
    char start[12];
    assert_int_equal(recv(fd, start, sizeof start, MSG_WAITALL), sizeof start);
    assert_memory_equal(start, "HTTP/1.1 400", sizeof start);
    fd_closep(&fd);
    expect_ping(&p, AT_ONCE_MS);
}

/* A client that dials ahead and says nothing for now, as Go's does, may say it later. */
static void test_silence_costs_the_others_nothing(void **state)
{
    (void)state;
    enum { SILENT = 40 }; /* more than there are places for */
    int silent[SILENT];
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    for (size_t i = 0; i < SILENT; i++) {
        silent[i] = pusher_connect(&p);
        expect_ping(&p, AT_ONCE_MS);
    }
    AUTO_STR request = pusher_head(&p, "GET", "/v2/", "Connection: close\r\n");
    pusher_say_text(silent[SILENT - 1], request);
    AUTO(answer) a = pusher_hear(silent[SILENT - 1]);
    assert_int_equal(a.status, 200);
    for (size_t i = 0; i < SILENT; i++)
        fd_closep(&silent[i]);
}

static void test_a_hello_without_an_end_costs_the_others_nothing(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_FD fd = pusher_connect(&p);
    say_hello(fd, 100);
    expect_ping(&p, AT_ONCE_MS);
}

/* Once a request has begun, its connection is no longer in anybody's way. */
static void test_half_a_request_costs_the_next_nothing(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_FD slow = pusher_connect(&p);
    pusher_say_text(slow, "GET /v2/ HTT");
    expect_ping(&p, AT_ONCE_MS);
}

static void test_who_leaves_at_once_costs_nothing(void **state)
{
    (void)state;
    const struct linger by_reset = { .l_onoff = 1 };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    for (size_t i = 0; i < 10; i++) {
        AUTO_FD fd = pusher_connect(&p);
        if (i % 2)
            assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &by_reset, sizeof by_reset), 0);
    }
    expect_ping(&p, AT_ONCE_MS);
    assert_null(oci_endpoint_error(p.endpoint));
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        found++;
    return found;
}

/* The requests that bring bytes need no connection of their own. */
static void test_several_requests_over_one_connection(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR location = pusher_upload(&p);
    AUTO_STR patch = pusher_head(&p, "PATCH", location, "Content-Length: 2\r\n");
    AUTO_STR last = pusher_head(&p, "PATCH", location, "Content-Length: 2\r\nConnection: close\r\n");
    AUTO_STR all = xasprintf("%sab%scd%sef", patch, patch, last);
    AUTO(answer) a = pusher_say_all(&p, all);
    assert_int_equal(count(a.text, "HTTP/1.1 202 "), 3);
    assert_int_equal(count(a.text, "Range: 0-5\r\n"), 1);
}

static void test_free_while_connections_are_idle(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR ping = pusher_head(&p, "GET", "/v2/", "");
    AUTO_FD idle = pusher_connect(&p);
    char byte;
    pusher_say_text(idle, ping);
    assert_int_equal(recv(idle, &byte, 1, 0), 1);
    AUTO_FD silent = pusher_connect(&p);
    assert_true(silent >= 0);
    int64_t before = clock_ms();
    oci_endpoint_free(STEAL(&p.endpoint));
    check_between(clock_ms() - before, 0, PATIENT_MS);
}

/* Says the head of a PUT of `size` bytes and half of them. */
static int put_half(struct pusher *p, size_t size)
{
    AUTO_STR location = pusher_upload(p);
    AUTO_STR put = pusher_put(location, DIGEST);
    AUTO_STR length = xasprintf("Content-Length: %zu\r\n", size);
    AUTO_STR head = pusher_head(p, "PUT", put, length);
    AUTO_STR bytes = xcalloc(size, 1);
    int fd = pusher_connect(p);
    pusher_say_text(fd, head);
    pusher_say(fd, bytes, size / 2);
    return fd;
}

static void test_free_in_the_middle_of_a_request(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true };
    pusher_start(&p);
    AUTO_FD streamed = put_half(&p, 600 * 1000);
    pusher_until(&p, "stream " DIGEST " 600000\n");
    AUTO_FD kept = put_half(&p, 200);
    assert_true(streamed >= 0 && kept >= 0);
    while (p.budget.left == PUSHER_BUDGET) /* else the end might come before the half */
        usleep(1000);
    int64_t before = clock_ms();
    oci_endpoint_free(STEAL(&p.endpoint));
    check_between(clock_ms() - before, 0, PATIENT_MS);
    expect_log(&p, "stream " DIGEST " 600000\nend broken\n");
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_open_tells_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *setting;
        enum err_code code;
    } rows[] = {
        { "entropy.get=error(EIO)", RW9005_RESOURCES },        { "entropy.get=1*off->error(EIO)", RW9005_RESOURCES },
        { "entropy.get=2*off->error(EIO)", RW9005_RESOURCES }, { "cancel.new=error(EMFILE)", RW9005_RESOURCES },
        { "net.socket=error(EMFILE)", RW9005_RESOURCES },      { "net.listen=error(EADDRINUSE)", RW9003_SOCKET },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct oci_host host = { 0 };
        struct oci_endpoint *p = NULL;
        fault_set(rows[i].setting);
        check_error(oci_endpoint_open(&host, &p), rows[i].code);
        assert_null(p);
    }
}

/* The engine is not let in any more: the push fails, and this is why. */
static void test_an_endpoint_that_cannot_accept_says_so(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    fault_set("net.accept=1*off->error(EMFILE)");
    pusher_start(&p);
    expect_ping(&p, AT_ONCE_MS);
    AUTO_FD refused = pusher_connect(&p);
    struct err *e = NULL;
    for (int64_t deadline = clock_after(PATIENT_MS); !e && clock_ms() < deadline; usleep(1000))
        e = oci_endpoint_error(p.endpoint);
    assert_true(refused >= 0);
    check_errno(e, RW9003_SOCKET, EMFILE);
}

static void test_one_broken_connection_is_one_connection_less(void **state)
{
    (void)state;
    static const char *const settings[] = { "net.peek=1*error(ECONNRESET)", "net.read=1*error(ECONNRESET)",
                                            "net.write=1*error(EPIPE)", "net.shutdown=1*error(ENOTCONN)" };
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        AUTO(pusher) p = { 0 };
        fault_set(settings[i]); /* before there are threads that read it */
        pusher_start(&p);
        AUTO_FD fd = pusher_connect(&p);
        say_hello(fd, 100);
        expect_ping(&p, AT_ONCE_MS);
        assert_null(oci_endpoint_error(p.endpoint));
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_names_cannot_be_guessed),
        cmocka_unit_test(test_nothing_happened_yet),
        cmocka_unit_test(test_endpoints_are_strangers),
        cmocka_unit_test(test_tls_gets_a_plain_400),
        cmocka_unit_test(test_tls_that_comes_in_pieces),
        cmocka_unit_test(test_plain_text_after_tls),
        cmocka_unit_test(test_silence_costs_the_others_nothing),
        cmocka_unit_test(test_a_hello_without_an_end_costs_the_others_nothing),
        cmocka_unit_test(test_half_a_request_costs_the_next_nothing),
        cmocka_unit_test(test_who_leaves_at_once_costs_nothing),
        cmocka_unit_test(test_several_requests_over_one_connection),
        cmocka_unit_test(test_free_while_connections_are_idle),
        cmocka_unit_test(test_free_in_the_middle_of_a_request),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_open_tells_why_not, teardown_fault),
        cmocka_unit_test_teardown(test_an_endpoint_that_cannot_accept_says_so, teardown_fault),
        cmocka_unit_test_teardown(test_one_broken_connection_is_one_connection_less, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
