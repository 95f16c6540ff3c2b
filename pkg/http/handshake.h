/* handshake: how a connection becomes a WebSocket (RFC 6455, section 4.1). Used within http only. */
#ifndef HTTP_HANDSHAKE_H
#define HTTP_HANDSHAKE_H

#include "http/line.h"

/* http_handshake: sends the request and reads the answer's head. *agreed false: response holds another answer than
 * 101, its body at most 64 KiB. rest receives the bytes that came behind the head. */
struct err *http_handshake(struct http_line *line, const struct http_request *request, const char *subprotocols,
                           struct http_response *response, struct buf *rest, bool *agreed) MUST_USE;

/* http_handshake_accept: what the peer has to answer to a key, owned. */
char *http_handshake_accept(const char *key) MUST_USE;

#endif
