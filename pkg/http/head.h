/* head: the head of an answer, for connections whose bytes we read ourselves. Used within http only. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/client.h"

/* http_head_find: *head_len becomes the length of the head with its empty line, and 0 while it has not come whole.
 * RW9003_SOCKET when what came can't become one. */
struct err *http_head_find(const struct buf *raw, struct http_response *response, size_t *head_len) MUST_USE;

/* http_head_read: puts status and headers of a whole head into response. */
struct err *http_head_read(const struct buf *raw, size_t head_len, struct http_response *response) MUST_USE;

/* http_head_refuse: the error for what is no HTTP; what: why. */
struct err *http_head_refuse(struct http_response *response, const char *what) MUST_USE;

#endif
