#include "base/net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"

static struct net_wait within(int64_t ms)
{
    return (struct net_wait){ .deadline_ms = clock_after(ms) };
}

/* A connected pair; ours is non-blocking, as net makes them. */
struct pair {
    int ours;
    int peer;
};

static void pair_release(struct pair *p)
{
    fd_closep(&p->ours);
    fd_closep(&p->peer);
}

static struct pair pair_new(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    return (struct pair){ .ours = ends[0], .peer = ends[1] };
}

static int listen_at(const char *path, int backlog)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static char *socket_path(void)
{
    AUTO_STR dir = scratch_new();
    return xasprintf("%s/s", dir);
}

static void test_connect_tells_why_not(void **state)
{
    (void)state;
    AUTO_STR path = socket_path();
    int fd = -1;
    check_errno(net_connect_unix(path, within(1000), &fd), RW9003_SOCKET, ENOENT);
    check_says(net_connect_unix(path, within(1000), &fd), RW9003_SOCKET, path);
    close(listen_at(path, 1)); /* the file stays: a stale socket */
    check_errno(net_connect_unix(path, within(1000), &fd), RW9003_SOCKET, ECONNREFUSED);
    char endless[200];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    check_errno(net_connect_unix(endless, within(1000), &fd), RW9003_SOCKET, ENAMETOOLONG);
    check_errno(net_connect_unix("", within(1000), &fd), RW9003_SOCKET, ENOENT);
    assert_int_equal(fd, -1);
}

/* Permission binds every user but root: a child gives up root. */
static void test_connect_without_permission(void **state)
{
    (void)state;
    AUTO_STR path = socket_path();
    AUTO_FD listener = listen_at(path, 1);
    assert_true(listener >= 0);
    assert_int_equal(chmod(path, 0), 0);
    int status;
    pid_t child = fork();
    if (child == 0) {
        int fd = -1;
        if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        AUTO_PTR(err) e = net_connect_unix(path, within(1000), &fd);
        _exit(err_errno(e) == EACCES ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_connect_gives_up_when_the_backlog_stays_full(void **state)
{
    (void)state;
    enum { MANY = 16 };
    AUTO_STR path = socket_path();
    AUTO_FD listener = listen_at(path, 0);
    assert_true(listener >= 0);
    int fds[MANY], count = 0;
    struct err *e = NULL;
    int64_t before = clock_ms();
    while (!e && count < MANY) {
        e = net_connect_unix(path, within(150), &fds[count]);
        count += !e;
    }
    check_error(e, RW9007_DEADLINE);
    check_between(clock_ms() - before, 150, 10000);
    while (count--)
        close(fds[count]);
}

static void test_connect_is_non_blocking_and_close_on_exec(void **state)
{
    (void)state;
    AUTO_STR path = socket_path();
    AUTO_FD listener = listen_at(path, 1);
    assert_true(listener >= 0);
    AUTO_FD fd = -1;
    check_ok(net_connect_unix(path, within(5000), &fd));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void test_read_tells_bytes_end_and_deadline(void **state)
{
    (void)state;
    AUTO(pair) p = pair_new();
    char text[8];
    size_t length = 99;
    int64_t before = clock_ms();
    check_error(net_read(p.ours, text, sizeof text, within(60), &length), RW9007_DEADLINE);
    check_between(clock_ms() - before, 60, 10000);
    assert_int_equal(length, 99);
    assert_int_equal(write(p.peer, "0123456789", 10), 10);
    check_ok(net_read(p.ours, text, sizeof text, within(5000), &length));
    assert_int_equal(length, 8);
    fd_closep(&p.peer); /* what was sent before the end is still there */
    check_ok(net_read(p.ours, text, sizeof text, within(5000), &length));
    assert_int_equal(length, 2);
    check_ok(net_read(p.ours, text, sizeof text, within(5000), &length));
    assert_int_equal(length, 0);
}

static void test_read_of_a_ready_socket_works_at_a_deadline_that_is_past(void **state)
{
    (void)state;
    AUTO(pair) p = pair_new();
    char text[8];
    size_t length;
    assert_int_equal(write(p.peer, "x", 1), 1);
    check_ok(net_read(p.ours, text, sizeof text, within(-1000), &length));
    check_error(net_read(p.ours, text, sizeof text, within(-1000), &length), RW9007_DEADLINE);
}

static void test_write_to_a_closed_peer_is_an_error_and_no_signal(void **state)
{
    (void)state;
    AUTO(pair) p = pair_new();
    fd_closep(&p.peer);
    check_errno(net_write_all(p.ours, "x", 1, within(5000)), RW9003_SOCKET, EPIPE);
}

static void test_write_to_a_peer_that_does_not_read_ends_at_the_deadline(void **state)
{
    (void)state;
    enum { MANY = 8 << 20 };
    AUTO(pair) p = pair_new();
    AUTO_STR bytes = xcalloc(MANY, 1);
    check_error(net_write_all(p.ours, bytes, MANY, within(100)), RW9007_DEADLINE);
}

struct reader {
    int fd;
    size_t total;
};

static void *read_to_end(void *arg)
{
    struct reader *r = arg;
    char chunk[1000];
    ssize_t got;
    while ((got = read(r->fd, chunk, sizeof chunk)) > 0)
        r->total += (size_t)got;
    return NULL;
}

static void test_write_all_is_all_and_half_close_ends_it(void **state)
{
    (void)state;
    enum { MANY = 3 << 20 };
    AUTO(pair) p = pair_new();
    AUTO_STR bytes = xcalloc(MANY, 1);
    struct reader r = { .fd = p.peer };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_to_end, &r), 0);
    check_ok(net_write_all(p.ours, bytes, MANY, within(20000)));
    check_ok(net_shutdown_write(p.ours));
    pthread_join(thread, NULL);
    assert_int_equal(r.total, MANY);
    assert_int_equal(write(p.peer, "answer", 6), 6); /* the other direction still works */
    char text[8];
    size_t length;
    check_ok(net_read(p.ours, text, sizeof text, within(5000), &length));
    assert_int_equal(length, 6);
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
    AUTO(pair) p = pair_new();
    AUTO_PTR(cancel) c = NULL;
    check_ok(cancel_new(&c));
    struct net_wait wait = { CLOCK_NEVER, c };
    char text[8];
    size_t length;
    int fd = -1;
    pthread_t thread;
    int64_t before = clock_ms();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, c), 0);
    check_error(net_read(p.ours, text, sizeof text, wait, &length), RW9009_INTERRUPTED);
    pthread_join(thread, NULL);
    check_between(clock_ms() - before, 40, 20000);
    check_error(net_write_all(p.ours, "x", 1, wait), RW9009_INTERRUPTED);
    AUTO_STR path = socket_path();
    AUTO_FD listener = listen_at(path, 1);
    assert_true(listener >= 0);
    check_error(net_connect_unix(path, wait, &fd), RW9009_INTERRUPTED);
    assert_int_equal(fd, -1);
}

static void test_poll_passes_over_absent_entries(void **state)
{
    (void)state;
    AUTO(pair) p = pair_new();
    struct net_poll entries[] = { { .fd = -1, .want = POLLIN }, { .fd = p.ours, .want = POLLIN | POLLOUT } };
    check_ok(net_poll(entries, COUNT_OF(entries), within(5000)));
    assert_int_equal(entries[0].got, 0);
    assert_int_equal(entries[1].got, POLLOUT);
    check_error(net_poll(entries, 1, within(30)), RW9007_DEADLINE);
    check_error(net_poll(NULL, 0, within(0)), RW9007_DEADLINE);
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_short_and_interrupted_transfers_go_on(void **state)
{
    (void)state;
    AUTO(pair) p = pair_new();
    char text[16] = "";
    size_t length;
    fault_set("net.write=2*short->1*error(EINTR)->1*error(EAGAIN)->short;net.wait=1*error(EINTR)");
    check_ok(net_write_all(p.ours, "0123456789", 10, within(5000)));
    assert_int_equal(read(p.peer, text, sizeof text), 10);
    assert_string_equal(text, "0123456789");
    assert_int_equal(write(p.peer, "abc", 3), 3);
    fault_set("net.read=1*error(EINTR)->1*error(EAGAIN)->short");
    for (const char *want = "abc"; *want; want++) {
        check_ok(net_read(p.ours, text, sizeof text, within(5000), &length));
        assert_int_equal(length, 1);
        assert_int_equal(text[0], *want);
    }
}

static void test_every_point_reaches_its_caller(void **state)
{
    (void)state;
    AUTO(pair) p = pair_new();
    AUTO_STR path = socket_path();
    AUTO_FD listener = listen_at(path, 4);
    assert_true(listener >= 0);
    char text[8];
    size_t length;
    int fd = -1;
    fault_set("net.socket=error(EMFILE)");
    check_errno(net_connect_unix(path, within(5000), &fd), RW9005_RESOURCES, EMFILE);
    fault_set("net.connect=error(EACCES)");
    check_errno(net_connect_unix(path, within(5000), &fd), RW9003_SOCKET, EACCES);
    assert_int_equal(fd, -1);
    fault_set("net.wait=error(ENOMEM)");
    check_errno(net_read(p.ours, text, sizeof text, within(5000), &length), RW9003_SOCKET, ENOMEM);
    assert_int_equal(write(p.peer, "x", 1), 1);
    fault_set("net.read=error(ECONNRESET)");
    check_errno(net_read(p.ours, text, sizeof text, within(5000), &length), RW9003_SOCKET, ECONNRESET);
    fault_set("net.write=1*short->error(ECONNRESET)");
    check_errno(net_write_all(p.ours, "abc", 3, within(5000)), RW9003_SOCKET, ECONNRESET);
    fault_set("net.shutdown=error(ENOTCONN)");
    check_errno(net_shutdown_write(p.ours), RW9003_SOCKET, ENOTCONN);
}

static void test_connect_goes_on_once_the_backlog_has_room(void **state)
{
    (void)state;
    AUTO_STR path = socket_path();
    AUTO_FD listener = listen_at(path, 4);
    assert_true(listener >= 0);
    AUTO_FD fd = -1;
    fault_set("net.connect=2*error(EAGAIN)");
    check_ok(net_connect_unix(path, within(20000), &fd));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_tells_why_not),
        cmocka_unit_test(test_connect_without_permission),
        cmocka_unit_test(test_connect_gives_up_when_the_backlog_stays_full),
        cmocka_unit_test(test_connect_is_non_blocking_and_close_on_exec),
        cmocka_unit_test(test_read_tells_bytes_end_and_deadline),
        cmocka_unit_test(test_read_of_a_ready_socket_works_at_a_deadline_that_is_past),
        cmocka_unit_test(test_write_to_a_closed_peer_is_an_error_and_no_signal),
        cmocka_unit_test(test_write_to_a_peer_that_does_not_read_ends_at_the_deadline),
        cmocka_unit_test(test_write_all_is_all_and_half_close_ends_it),
        cmocka_unit_test(test_waits_end_at_a_cancellation),
        cmocka_unit_test(test_poll_passes_over_absent_entries),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_short_and_interrupted_transfers_go_on, teardown_fault),
        cmocka_unit_test_teardown(test_every_point_reaches_its_caller, teardown_fault),
        cmocka_unit_test_teardown(test_connect_goes_on_once_the_backlog_has_room, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
