/* websocket: messages both ways over one connection (RFC 6455), as a client of an API server speaks it.
 *
 * The connection is one like those of the client's requests (line.h). Nothing here waits but the opening: the caller
 * polls http_websocket_poll's descriptor beside its own, and calls http_websocket_step when something can be moved.
 * Frames are libwslay's. What comes is given out as it comes, in pieces, so no message is too large; what is sent is
 * kept until the peer takes it, and http_websocket_backlog tells how much that is. Pings are answered. Not spoken:
 * extensions, text messages of our own.
 *
 * A websocket belongs to one thread, and its client outlives it.
 */
#ifndef HTTP_WEBSOCKET_H
#define HTTP_WEBSOCKET_H

#include "http/client.h"

struct http_websocket;

/* on_bytes: bytes of a message of the peer's; first: they begin it. A message without bytes is not told. An error ends
 * the step and comes back from it. */
struct http_websocket_taker {
    struct err *(*on_bytes)(void *ctx, const void *bytes, size_t len, bool first);
    void *ctx;
};

/* http_websocket_open: a GET of request->path that asks for one of the subprotocols, "v5.channel.k8s.io, v4…"; of the
 * request its headers and wait count, too. Any answer but 101 leaves *out NULL, and response holds it: no error.
 * Errors as client.h, with response->failure; HTTP_NOT_HTTP also for a 101 that is none for us. */
struct err *http_websocket_open(struct http_client *c, const struct http_request *request, const char *subprotocols,
                                struct http_websocket_taker taker, struct http_response *response,
                                struct http_websocket **out) MUST_USE;
void http_websocket_free(struct http_websocket *w); /* closes the connection */
DEFINE_FREEP(http_websocket)

/* http_websocket_subprotocol: the one that the peer chose; "" for none. */
const char *http_websocket_subprotocol(const struct http_websocket *w);

/* http_websocket_send: one message, of a head and what comes behind it; copied. To one that is over: nothing. */
struct err *http_websocket_send(struct http_websocket *w, const void *head, size_t head_len, const void *bytes,
                                size_t len) MUST_USE;
size_t http_websocket_backlog(const struct http_websocket *w); /* bytes that the peer has not taken */
struct err *http_websocket_ping(struct http_websocket *w) MUST_USE;

/* http_websocket_close: says that we are done; the peer's answer ends it. */
struct err *http_websocket_close(struct http_websocket *w) MUST_USE;

/* http_websocket_hold: while held nothing is read, and the peer is held back. Some bytes may still come. */
void http_websocket_hold(struct http_websocket *w, bool held);

/* http_websocket_poll: what to wait for. http_websocket_is_ready: don't wait, a step would move something at once. */
struct net_poll http_websocket_poll(const struct http_websocket *w);
bool http_websocket_is_ready(const struct http_websocket *w);

/* http_websocket_step: reads and writes what can be moved now, at most about 256 KB of the peer's.
 * RW9003_SOCKET when the connection broke, or the peer broke the protocol; its own end is no error. */
struct err *http_websocket_step(struct http_websocket *w) MUST_USE;

enum http_websocket_state {
    HTTP_WEBSOCKET_OPEN,
    HTTP_WEBSOCKET_CLOSED, /* the peer has said that it is over */
    HTTP_WEBSOCKET_CUT     /* the connection ended without that */
};
enum http_websocket_state http_websocket_state(const struct http_websocket *w);
int64_t http_websocket_heard_ms(const struct http_websocket *w); /* when bytes came last, by clock.h */

#endif
