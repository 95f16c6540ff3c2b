#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"

static struct net_wait within(int64_t ms)
{
    return (struct net_wait){ .deadline_ms = clock_after(ms) };
}

/* A listener, what came to it, and the other end. */
struct line {
    int listener;
    int port;
    int ours;
    int peer;
};

static void line_release(struct line *l)
{
    fd_closep(&l->listener);
    fd_closep(&l->ours);
    fd_closep(&l->peer);
}

static int connect_to(const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static struct line line_new(void)
{
    struct line l = { .listener = -1, .ours = -1, .peer = -1 };
    check_ok(net_listen_loopback(&l.listener, &l.port));
    return l;
}

static struct line line_connected(void)
{
    struct line l = line_new();
    l.peer = connect_to("127.0.0.1", l.port);
    assert_true(l.peer >= 0);
    check_ok(net_accept(l.listener, within(5000), &l.ours));
    return l;
}

static void expect_flags(int fd)
{
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void test_listens_at_loopback_only(void **state)
{
    (void)state;
    AUTO(line) l = line_new();
    struct sockaddr_in at = { 0 };
    socklen_t len = sizeof at;
    assert_int_equal(getsockname(l.listener, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(at.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    assert_int_equal(ntohs(at.sin_port), l.port);
    assert_in_range(l.port, 1, 65535);
    assert_int_equal(connect_to("127.0.0.2", l.port), -1);
    expect_flags(l.listener);
}

static void test_each_has_a_port_of_its_own(void **state)
{
    (void)state;
    AUTO(line) a = line_new();
    AUTO(line) b = line_new();
    assert_int_not_equal(a.port, b.port);
}

static void test_accept_gives_who_came(void **state)
{
    (void)state;
    AUTO(line) l = line_connected();
    char text[4] = "";
    size_t len = 0;
    expect_flags(l.ours);
    assert_int_equal(send(l.peer, "abc", 3, 0), 3);
    check_ok(net_read(l.ours, text, sizeof text, within(5000), &len));
    assert_int_equal(len, 3);
    assert_string_equal(text, "abc");
}

static void test_accept_of_nobody_ends_at_the_deadline(void **state)
{
    (void)state;
    AUTO(line) l = line_new();
    int64_t before = clock_ms();
    check_error(net_accept(l.listener, within(60), &l.ours), RW9007_DEADLINE);
    check_between(clock_ms() - before, 60, 10000);
    assert_int_equal(l.ours, -1);
}

/* Somebody who has gone meanwhile is accepted, and seen at the first byte. */
static void test_who_has_gone_is_seen_at_the_peek(void **state)
{
    (void)state;
    AUTO(line) l = line_new();
    unsigned char byte = 'x';
    bool closed = false;
    close(connect_to("127.0.0.1", l.port));
    check_ok(net_accept(l.listener, within(5000), &l.ours));
    check_ok(net_peek(l.ours, within(5000), &byte, &closed));
    assert_true(closed);
    assert_int_equal(byte, 'x');
}

static void test_peek_leaves_the_byte(void **state)
{
    (void)state;
    AUTO(line) l = line_connected();
    unsigned char byte = 0;
    bool closed = true;
    char text[4] = "";
    size_t len = 0;
    assert_int_equal(send(l.peer, "\x16zz", 3, 0), 3);
    for (size_t i = 0; i < 2; i++) {
        check_ok(net_peek(l.ours, within(5000), &byte, &closed));
        assert_int_equal(byte, 0x16);
        assert_false(closed);
    }
    check_ok(net_read(l.ours, text, sizeof text, within(5000), &len));
    assert_int_equal(len, 3);
    assert_string_equal(text, "\x16zz");
}

static void test_peek_at_silence_ends_at_the_deadline(void **state)
{
    (void)state;
    AUTO(line) l = line_connected();
    unsigned char byte;
    bool closed = false;
    int64_t before = clock_ms();
    check_error(net_peek(l.ours, within(60), &byte, &closed), RW9007_DEADLINE);
    check_between(clock_ms() - before, 60, 10000);
    assert_false(closed);
}

static void test_peek_tells_of_a_reset(void **state)
{
    (void)state;
    AUTO(line) l = line_connected();
    unsigned char byte;
    bool closed = false;
    const struct linger at_once = { .l_onoff = 1 };
    assert_int_equal(setsockopt(l.peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    fd_closep(&l.peer);
    check_errno(net_peek(l.ours, within(5000), &byte, &closed), RW9003_SOCKET, ECONNRESET);
}

static void *cancel_soon(void *c)
{
    usleep(50 * 1000);
    cancel_request(c, SIGINT);
    return NULL;
}

static void test_waits_end_at_a_cancellation(void **state)
{
    (void)state;
    AUTO(line) l = line_connected();
    AUTO_PTR(cancel) c = NULL;
    check_ok(cancel_new(&c));
    struct net_wait wait = { CLOCK_NEVER, c };
    unsigned char byte;
    bool closed;
    int fd = -1;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, c), 0);
    check_error(net_accept(l.listener, wait, &fd), RW9009_INTERRUPTED);
    pthread_join(thread, NULL);
    check_error(net_peek(l.ours, wait, &byte, &closed), RW9009_INTERRUPTED);
    assert_int_equal(fd, -1);
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_every_point_reaches_its_caller(void **state)
{
    (void)state;
    AUTO(line) l = line_connected();
    unsigned char byte;
    bool closed;
    int fd = -1, port = -1;
    fault_set("net.socket=error(EMFILE)");
    check_errno(net_listen_loopback(&fd, &port), RW9005_RESOURCES, EMFILE);
    fault_set("net.listen=error(EADDRINUSE)");
    check_errno(net_listen_loopback(&fd, &port), RW9003_SOCKET, EADDRINUSE);
    assert_int_equal(port, -1);
    AUTO_FD other = connect_to("127.0.0.1", l.port);
    assert_true(other >= 0);
    fault_set("net.accept=error(EMFILE)");
    check_errno(net_accept(l.listener, within(5000), &fd), RW9003_SOCKET, EMFILE);
    assert_int_equal(fd, -1);
    assert_int_equal(send(l.peer, "x", 1, 0), 1);
    fault_set("net.peek=error(ECONNRESET)");
    check_errno(net_peek(l.ours, within(5000), &byte, &closed), RW9003_SOCKET, ECONNRESET);
}

/* ECONNABORTED: who wanted in has given up, accept(2). The next one is welcome. */
static void test_what_passes_is_tried_again(void **state)
{
    (void)state;
    AUTO(line) l = line_new();
    unsigned char byte = 0;
    bool closed = true;
    l.peer = connect_to("127.0.0.1", l.port);
    assert_true(l.peer >= 0);
    fault_set("net.accept=1*error(ECONNABORTED)->1*error(EINTR)->1*error(EAGAIN)");
    check_ok(net_accept(l.listener, within(5000), &l.ours));
    assert_int_equal(send(l.peer, "x", 1, 0), 1);
    fault_set("net.peek=1*error(EINTR)->1*error(EAGAIN)");
    check_ok(net_peek(l.ours, within(5000), &byte, &closed));
    assert_int_equal(byte, 'x');
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listens_at_loopback_only),
        cmocka_unit_test(test_each_has_a_port_of_its_own),
        cmocka_unit_test(test_accept_gives_who_came),
        cmocka_unit_test(test_accept_of_nobody_ends_at_the_deadline),
        cmocka_unit_test(test_who_has_gone_is_seen_at_the_peek),
        cmocka_unit_test(test_peek_leaves_the_byte),
        cmocka_unit_test(test_peek_at_silence_ends_at_the_deadline),
        cmocka_unit_test(test_peek_tells_of_a_reset),
        cmocka_unit_test(test_waits_end_at_a_cancellation),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_every_point_reaches_its_caller, teardown_fault),
        cmocka_unit_test_teardown(test_what_passes_is_tried_again, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
