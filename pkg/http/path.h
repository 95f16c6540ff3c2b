/* path: the only place where the target of a request is put together.
 *
 * A name that comes from a manifest, a file or an answer is a segment: it is percent-encoded and
 * can never change which resource is asked for. A segment that is empty, ".", ".." or that holds
 * '/', '%' or a byte below 0x20 is refused (the Kubernetes API forbids the same in names). The
 * refusal is kept in the path and comes out of the request made with it, so that building needs no
 * error handling of its own:
 *
 *     AUTO(http_path) path = HTTP_PATH_INIT;
 *     http_path_fixed(&path, "/api/v1/namespaces");
 *     http_path_segment(&path, namespace);
 *     http_path_query(&path, "labelSelector", selector);
 */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include "base/buf.h"

#define HTTP_PATH_MAX (64u << 10) /* bytes; a request line above it is refused by every server we know */

struct http_path {
    struct buf text;
    char *refused; /* why the path can't be used; NULL: it can */
    bool has_query;
};

#define HTTP_PATH_INIT ((struct http_path){ .text = BUF_INIT(HTTP_PATH_MAX) })

void http_path_fixed(struct http_path *p, const char *text); /* "/containers": written by us, taken as it is */
void http_path_segment(struct http_path *p, const char *segment);

/* http_path_segments: several segments in one text, "library/python:3.12": each is encoded and
 * checked for itself. For image names, which the Docker API takes with their slashes. */
void http_path_segments(struct http_path *p, const char *segments);
void http_path_query(struct http_path *p, const char *key, const char *value);
void http_path_release(struct http_path *p);

/* http_path_check: RW1016_PATH_OUTSIDE with the refused segment, or NULL. */
struct err *http_path_check(const struct http_path *p) MUST_USE;

#endif
