/* upgrade: a request that turns its connection into a plain two-way byte stream.
 *
 * For the Docker Engine's exec: POST with "Connection: Upgrade, Upgrade: tcp", then raw bytes both
 * ways, with a half close that tells the program in the container that its input is over. libcurl
 * has no half close, so this stands on base/net. Unix sockets only.
 */
#ifndef HTTP_UPGRADE_H
#define HTTP_UPGRADE_H

#include "http/client.h"

struct http_upgrade;

/* http_upgrade_open: sends the request (request->body is JSON; no headers of its own, no pull, no idle_ms) and reads
 * the head of the answer. 101, or 200 without Content-Length as engines without upgrades answer, gives *out. Any other
 * answer leaves *out NULL, and response holds it, its body at most 64 KiB: no error. Errors as client.h, with
 * response->failure. */
struct err *http_upgrade_open(const char *unix_socket, const struct http_request *request,
                              struct http_response *response, struct http_upgrade **out) MUST_USE;
void http_upgrade_free(struct http_upgrade *u); /* closes the connection, both ways */
DEFINE_FREEP(http_upgrade)

struct err *http_upgrade_write(struct http_upgrade *u, const void *bytes, size_t len, struct net_wait wait) MUST_USE;
/* http_upgrade_read: 1 … room bytes; *len 0 is the end of the peer's stream. */
struct err *http_upgrade_read(struct http_upgrade *u, void *to, size_t room, struct net_wait wait,
                              size_t *len) MUST_USE;
struct err *http_upgrade_half_close(struct http_upgrade *u) MUST_USE;

/* For net_poll. Bytes that came together with the head are not seen by poll:
 * http_upgrade_buffered tells that a read would give them at once. */
int http_upgrade_fd(const struct http_upgrade *u);
bool http_upgrade_buffered(const struct http_upgrade *u);

#endif
