/* line: a connection as a client's requests make it (address, proxy, TLS, who we are), and then raw bytes both ways.
 * Used within http only.
 *
 * libcurl makes it (CURLOPT_CONNECT_ONLY), so whatever is true of the client's requests is true of it. It has a
 * multi handle of its own: in the client's, libcurl would take a connection on which bytes wait for a dead one. */
#ifndef HTTP_LINE_H
#define HTTP_LINE_H

#include "http/client.h"

struct http_line;

/* http_line_open: request: path, headers and wait count. response->failure tells what failed, as of a request. The
 * client has to outlive the line. */
struct err *http_line_open(struct http_client *c, const struct http_request *request, struct http_response *response,
                           struct http_line **out) MUST_USE;
void http_line_free(struct http_line *l);
DEFINE_FREEP(http_line)

/* http_line_add_head: appends the request's head: method and target, Host, and the headers that the client sends with
 * every request and the request has; without the empty line. */
void http_line_add_head(const struct http_line *l, const struct http_request *request, struct buf *out);

/* Neither waits: *len 0 where nothing can be moved now. http_line_read: *end: the peer has ended the stream. */
struct err *http_line_read(struct http_line *l, void *to, size_t room, size_t *len, bool *end) MUST_USE;
struct err *http_line_write(struct http_line *l, const void *bytes, size_t count, size_t *len) MUST_USE;

/* http_line_fd: for net_poll, once a read has found nothing: TLS may have read more than it has given. */
int http_line_fd(const struct http_line *l);

#endif
