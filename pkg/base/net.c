#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

enum { POLLED_AT_MOST = 256 };

static struct err *poll_once(struct pollfd *set, size_t count, struct net_wait wait, int *ready)
{
    int fault = fault_point("net.wait", NULL);
    *ready = fault ? -1 : poll(set, count, clock_poll_timeout(wait.deadline_ms));
    int number = fault ? fault : errno;
    if (*ready < 0 && number != EINTR)
        return err_sys(RW9003_SOCKET, number, "cannot wait for a connection");
    return NULL;
}

struct err *net_poll(struct net_poll *entries, size_t count, struct net_wait wait)
{
    struct pollfd set[POLLED_AT_MOST + 1];
    if (count > POLLED_AT_MOST)
        BUG("%zu connections are waited for at once", count);
    for (size_t i = 0; i < count; i++)
        set[i] = (struct pollfd){ .fd = entries[i].fd, .events = entries[i].want };
    set[count] = (struct pollfd){ .fd = cancel_fd(wait.cancel), .events = POLLIN };
    for (;;) {
        int ready;
        TRY(poll_once(set, count + 1, wait, &ready));
        TRY(cancel_check(wait.cancel));
        if (ready > 0)
            break;
        if (clock_ms() >= wait.deadline_ms)
            return err_new(RW9007_DEADLINE, "no answer in time");
    }
    for (size_t i = 0; i < count; i++)
        entries[i].got = set[i].revents;
    return NULL;
}

static struct err *wait_for(int fd, short events, struct net_wait wait)
{
    struct net_poll one = { .fd = fd, .want = events };
    return net_poll(&one, 1, wait);
}

/* connect(2) of a unix socket never goes on in the background: it is done, or it fails; with EAGAIN
 * when the backlog is full, however long it is polled then (unix_stream_connect, Linux 6.1). */
static struct err *connect_patiently(int fd, const struct sockaddr_un *address, struct net_wait wait)
{
    enum { PAUSE_MS = 20 };
    for (;;) {
        int fault = fault_point("net.connect", NULL);
        if (!fault && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
            return NULL;
        int number = fault ? fault : errno;
        if (number != EAGAIN)
            return err_sys(RW9003_SOCKET, number, "cannot connect to %s", address->sun_path);
        TRY(cancel_check(wait.cancel));
        if (clock_ms() >= wait.deadline_ms)
            return err_cause(err_new(RW9007_DEADLINE, "cannot connect to %s in time", address->sun_path),
                             "too many connections wait there already");
        TRY(cancel_sleep(wait.cancel, clock_earlier(wait.deadline_ms, clock_after(PAUSE_MS))));
    }
}

struct err *net_connect_unix(const char *path, struct net_wait wait, int *out_fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (!*path) /* else the kernel would look for an abstract socket */
        return err_sys(RW9003_SOCKET, ENOENT, "cannot connect to a socket without a name");
    if (strlen(path) >= sizeof address.sun_path)
        return err_sys(RW9003_SOCKET, ENAMETOOLONG, "cannot connect to %s", path);
    memcpy(address.sun_path, path, strlen(path));
    int fault = fault_point("net.socket", NULL);
    AUTO_FD fd = fault ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "cannot make a socket");
    TRY(cancel_check(wait.cancel));
    TRY(connect_patiently(fd, &address, wait));
    *out_fd = fd;
    fd = -1;
    return NULL;
}

static struct err *listen_loopback(int port, int *out_fd, int *out_port)
{
    enum { BACKLOG = 64 };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    const int yes = 1;
    int fault = fault_point("net.socket", NULL);
    AUTO_FD fd = fault ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(RW9005_RESOURCES, fault ? fault : errno, "cannot make a socket");
    fault = fault_point("net.listen", NULL);
    /* Connections of an earlier run that linger do not keep a port that was asked for. */
    if (fault || (port && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) ||
        bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return err_sys(RW9003_SOCKET, fault ? fault : errno, "cannot listen at 127.0.0.1");
    *out_port = ntohs(address.sin_port);
    *out_fd = fd;
    fd = -1;
    return NULL;
}

struct err *net_listen_loopback(int *out_fd, int *out_port)
{
    return listen_loopback(0, out_fd, out_port);
}

struct err *net_listen_loopback_at(int port, int *out_fd)
{
    return listen_loopback(port, out_fd, &port);
}

struct err *net_accept(int listen_fd, struct net_wait wait, int *out_fd)
{
    for (;;) {
        TRY(wait_for(listen_fd, POLLIN, wait));
        int fault = fault_point("net.accept", NULL);
        int fd = fault ? -1 : accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        int number = fault ? fault : errno;
        if (fd >= 0) {
            *out_fd = fd;
            return NULL;
        }
        if (number != EAGAIN && number != EINTR && number != ECONNABORTED)
            return err_sys(RW9003_SOCKET, number, "cannot accept a connection");
    }
}

struct err *net_peek(int fd, struct net_wait wait, unsigned char *byte, bool *closed)
{
    for (;;) {
        TRY(wait_for(fd, POLLIN, wait));
        int fault = fault_point("net.peek", NULL);
        ssize_t got = fault ? -1 : recv(fd, byte, 1, MSG_PEEK);
        int number = fault ? fault : errno;
        if (got >= 0) {
            *closed = got == 0;
            return NULL;
        }
        if (number != EAGAIN && number != EINTR)
            return err_sys(RW9003_SOCKET, number, "the connection broke while reading");
    }
}

struct err *net_read(int fd, void *to, size_t room, struct net_wait wait, size_t *out_len)
{
    for (;;) {
        TRY(wait_for(fd, POLLIN, wait));
        size_t want = room;
        int fault = fault_point("net.read", &want);
        ssize_t got = fault ? -1 : recv(fd, to, want, 0);
        if (got >= 0) {
            *out_len = (size_t)got;
            return NULL;
        }
        int number = fault ? fault : errno;
        if (number != EAGAIN && number != EINTR)
            return err_sys(RW9003_SOCKET, number, "the connection broke while reading");
    }
}

struct err *net_write_some(int fd, const void *bytes, size_t len, size_t *put)
{
    int fault = fault_point("net.write", &len);
    ssize_t sent = fault ? -1 : send(fd, bytes, len, MSG_NOSIGNAL);
    int number = fault ? fault : errno;
    *put = sent > 0 ? (size_t)sent : 0;
    if (sent < 0 && number != EAGAIN && number != EINTR)
        return err_sys(RW9003_SOCKET, number, "the connection broke while writing");
    return NULL;
}

struct err *net_write_all(int fd, const void *bytes, size_t len, struct net_wait wait)
{
    const char *at = bytes;
    while (len) {
        size_t put;
        TRY(wait_for(fd, POLLOUT, wait));
        TRY(net_write_some(fd, at, len, &put));
        at += put;
        len -= put;
    }
    return NULL;
}

struct err *net_shutdown_write(int fd)
{
    int fault = fault_point("net.shutdown", NULL);
    if (fault || shutdown(fd, SHUT_WR) != 0)
        return err_sys(RW9003_SOCKET, fault ? fault : errno, "cannot end the stream");
    return NULL;
}
