/* tls: what a client trusts and who it is, read once from memory. Used within http only.
 *
 * libcurl's own ways are not used: with CURLOPT_CAINFO_BLOB Debian's build still loads
 * /etc/ssl/certs into the store, so that any public authority could vouch for a cluster. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <curl/curl.h>

#include "http/client.h"

struct http_tls;

/* http_tls_new: RW9003_SOCKET naming the part that can't be read, never its content. */
struct err *http_tls_new(const struct http_endpoint *endpoint, struct http_tls **out) MUST_USE;
/* http_tls_keep: older goes when newer does: what is under way may still connect by it. */
void http_tls_keep(struct http_tls *newer, struct http_tls *older);
void http_tls_free(struct http_tls *t);
DEFINE_FREEP(http_tls)

/* http_tls_install: a CURLOPT_SSL_CTX_FUNCTION; ctx is the struct http_tls. */
CURLcode http_tls_install(CURL *easy, void *ssl_ctx, void *ctx);

#endif
