#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/net.h"
#include "fake/check.h"

/* A connection over 127.0.0.1: ours, and the peer's end of it. */
struct ends {
    int listener, ours, peer, port;
};

static void ends_release(struct ends *e)
{
    close(e->listener);
    close(e->ours);
    if (e->peer >= 0)
        close(e->peer);
}

static int dial(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void ends_open(struct ends *e)
{
    check_ok(net_listen_loopback(&e->listener, &e->port));
    e->peer = dial(e->port);
    check_ok(net_accept(e->listener, (struct net_wait){ clock_after(5000), NULL }, &e->ours));
}

static void test_a_peer_that_only_says_no_more_is_there(void **state)
{
    AUTO(ends) e;
    (void)state;
    ends_open(&e);
    assert_false(net_peer_is_gone(e.ours));
    assert_int_equal(shutdown(e.peer, SHUT_WR), 0);
    assert_false(net_peer_is_gone(e.ours));
}

static void test_a_peer_that_has_closed_is_gone(void **state)
{
    AUTO(ends) e;
    (void)state;
    ends_open(&e);
    close(e.peer);
    e.peer = -1;
    for (int i = 0; i < 100 && !net_peer_is_gone(e.ours); i++)
        usleep(10000);
    assert_true(net_peer_is_gone(e.ours));
}

static void test_what_is_no_connection_has_no_peer(void **state)
{
    int line[2];
    (void)state;
    assert_int_equal(pipe(line), 0);
    assert_false(net_peer_is_gone(line[0]));
    assert_false(net_peer_is_gone(-1));
    close(line[0]);
    close(line[1]);
}

static void test_a_port_that_was_asked_for(void **state)
{
    AUTO_FD first = -1;
    AUTO_FD again = -1;
    int port = 0, second = -1;
    (void)state;
    check_ok(net_listen_loopback(&first, &port));
    check_errno(net_listen_loopback_at(port, &second), RW9003_SOCKET, EADDRINUSE);
    close(first);
    check_ok(net_listen_loopback_at(port, &again));
    first = dial(port);
}

#ifdef RWML_FAULT
static void test_who_can_not_look_says_no(void **state)
{
    AUTO(ends) e;
    (void)state;
    ends_open(&e);
    close(e.peer);
    e.peer = -1;
    fault_set("net.peer=error(EACCES)");
    assert_false(net_peer_is_gone(e.ours));
    fault_set(NULL);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_peer_that_only_says_no_more_is_there),
        cmocka_unit_test(test_a_peer_that_has_closed_is_gone),
        cmocka_unit_test(test_what_is_no_connection_has_no_peer),
        cmocka_unit_test(test_a_port_that_was_asked_for),
#ifdef RWML_FAULT
        cmocka_unit_test(test_who_can_not_look_says_no),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
