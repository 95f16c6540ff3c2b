/* net: stream sockets that give up when told to.
 *
 * Every call takes a deadline (clock.h) and a cancel token (may be NULL) and returns
 * RW9007_DEADLINE or RW9009_INTERRUPTED when they strike; else RW9003_SOCKET with errno
 * (ENOENT, EACCES and ECONNREFUSED of a connect are what callers tell apart). Sockets are
 * non-blocking and close-on-exec. SIGPIPE never comes: writes use MSG_NOSIGNAL.
 * Fault points: net.socket net.connect net.listen net.accept net.peek net.read net.write net.wait
 * net.shutdown net.peer.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdint.h>

#include "base/cancel.h"

struct net_wait {
    int64_t deadline_ms;
    const struct cancel *cancel;
};

struct err *net_connect_unix(const char *path, struct net_wait wait, int *out_fd) MUST_USE;

/* net_listen_loopback: a socket of 127.0.0.1 that the kernel chose a port for; nobody outside this
 * machine (and network namespace) reaches it. */
struct err *net_listen_loopback(int *out_fd, int *out_port) MUST_USE;
/* net_listen_loopback_at: at a port that was asked for. errno EADDRINUSE: somebody has it; EACCES: it is one of those
 * that not everybody may have. */
struct err *net_listen_loopback_at(int port, int *out_fd) MUST_USE;
struct err *net_accept(int listen_fd, struct net_wait wait, int *out_fd) MUST_USE;

/* net_peek: the first byte that came, left where it is; *closed instead at the end of the stream. */
struct err *net_peek(int fd, struct net_wait wait, unsigned char *byte, bool *closed) MUST_USE;

/* net_read: at least one byte, at most room; *out_len 0 is the peer's end of stream. */
struct err *net_read(int fd, void *to, size_t room, struct net_wait wait, size_t *out_len) MUST_USE;
struct err *net_write_all(int fd, const void *bytes, size_t len, struct net_wait wait) MUST_USE;
struct err *net_write_some(int fd, const void *bytes, size_t len,
                           size_t *put) MUST_USE; /* does not wait; *put may be 0 */
struct err *net_shutdown_write(int fd) MUST_USE;  /* half close: the peer reads end of stream */

/* net_peer_is_gone: has the peer of a connection over 127.0.0.1, of which we have read the end, closed its socket, and
 * not only said that it sends no more? The kernel tells of both ends (/proc/net/tcp, where a socket without an owner
 * has the inode 0). False where that can't be read. */
bool net_peer_is_gone(int fd);

/* net_poll: waits until one of the descriptors is ready. want[i] and got[i] are poll(2)'s event
 * bits. An entry with fd < 0 is passed over. RW9007_DEADLINE when none is ready in time. */
struct net_poll {
    int fd;
    short want;
    short got;
};
struct err *net_poll(struct net_poll *entries, size_t count, struct net_wait wait) MUST_USE;

#endif
