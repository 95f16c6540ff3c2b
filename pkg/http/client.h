/* client: HTTP/1.1 requests to one server, over TCP, TLS or a unix socket.
 *
 * A client belongs to one thread and keeps its connections open for the next request. All waits
 * end at the deadline and at once when the cancel token is requested; after that the client can be
 * used again. main calls curl_global_init before the first client is made and
 * curl_global_cleanup after the last is freed, and ignores SIGPIPE; nothing here does.
 *
 * What is never done: proxies that the environment names for unix sockets and loopback addresses, redirects, automatic
 * decompression, protocols other than http and https, TLS below 1.2, trust in any certificate
 * authority that the endpoint does not name, keys read from files.
 *
 * Errors. A request that brings an answer, whatever its status, is no error. Otherwise
 *   RW9007_DEADLINE     the deadline has passed, or no byte moved for idle_ms
 *   RW9009_INTERRUPTED  cancelled
 *   RW1016_PATH_OUTSIDE the path was refused, see path.h
 *   RW9003_SOCKET       everything else: response->failure tells what, err_errno the errno of a
 *                       connect that failed. Callers put their own code on it (RW3101, RW5103 …).
 * and what a callback returned comes back unchanged.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/buf.h"
#include "base/net.h"
#include "base/strv.h"
#include "http/path.h"

struct http_header {
    const char *name;
    const char *value; /* bytes below 0x20 and 0x7f are refused */
};

/* Where and how. All texts are NUL-terminated, borrowed only for http_client_new, NULL if absent. */
struct http_endpoint {
    const char *base_url;        /* "https://127.0.0.1:6443"; may be NULL for a unix socket */
    const char *unix_socket;     /* path of a socket: connected to instead of base_url's host */
    const char *ca_pem;          /* the only authorities trusted; NULL: the system's store */
    const char *client_cert_pem; /* with its chain */
    const char *client_key_pem;
    const char *bearer_token; /* these two: sent with https only */
    const char *username;     /* basic authentication, where there is no token */
    const char *password;
    const struct http_header *headers; /* sent with every request */
    size_t header_count;
    const char *proxy;           /* "http://proxy:3128", "socks5://…"; NULL: what the environment says */
    const char *tls_server_name; /* name in the server's certificate; NULL: base_url's host */
    bool insecure;               /* no verification at all: only for insecure-skip-tls-verify */
};

struct http_client;

/* http_client_new: nothing is connected yet. Errors: RW9005_RESOURCES; RW9003_SOCKET when the
 * certificate or the key can't be read, naming which (never its content). */
struct err *http_client_new(const struct http_endpoint *endpoint, struct http_client **out) MUST_USE;
/* http_client_identify: from now on requests log in by this endpoint's token, password or certificate; where it
 * leads stays as it is. Streams that are open go on. Errors as above; the client then stays as it was. */
struct err *http_client_identify(struct http_client *c, const struct http_endpoint *endpoint) MUST_USE;
void http_client_free(struct http_client *c); /* closes connections and open watches */
DEFINE_FREEP(http_client)

struct http_request {
    const char *method; /* "GET" */
    const struct http_path *path;
    const struct http_header *headers;
    size_t header_count;
    const void *body; /* NULL: none */
    size_t body_len;
    /* pull: instead of body: fills `to` with 1 … room bytes; *len 0 ends the body. Sent chunked. */
    struct err *(*pull)(void *ctx, void *to, size_t room, size_t *len);
    void *pull_ctx;
    struct net_wait wait; /* deadline_ms CLOCK_NEVER: none */
    int64_t idle_ms;      /* give up when no byte moves for so long; 0: never */
    size_t answer_max;    /* bytes of an answer held in memory; 0: LIMIT_HTTP_BODY */
    size_t line_max;      /* of a watch: see http_watch_open; 0: LIMIT_STREAM_LINE */
};

enum http_failure {
    HTTP_ANSWERED,   /* there is a whole answer */
    HTTP_CONNECT,    /* no connection; err_errno */
    HTTP_TLS,        /* the handshake failed */
    HTTP_TLS_VERIFY, /* the server's certificate is not one that we trust; the cause says why */
    HTTP_CUT,        /* the connection ended before the answer did */
    HTTP_NOT_HTTP,   /* what came is not HTTP */
    HTTP_TOO_LARGE,  /* the answer is larger than answer_max */
    HTTP_ABANDONED   /* deadline, cancellation, or a callback's error */
};

/* Zeroed before use; http_response_release afterwards. Also written when an error is returned:
 * then status and headers are what had come until then (status 0: nothing). */
struct http_response {
    int status;
    struct strv headers; /* "Name: value", in the order they came */
    struct buf body;     /* of http_stream: only the body of an answer that is not 2xx */
    enum http_failure failure;
    uint64_t received; /* bytes of body, streamed ones too */
};

void http_response_release(struct http_response *r);

/* http_response_header: the value of the nth (from 0) header of that name, any case; or NULL. */
const char *http_response_header(const struct http_response *r, const char *name, size_t nth);
bool http_response_ok(const struct http_response *r); /* 2xx */

/* http_do: one request, its whole answer in memory. */
struct err *http_do(struct http_client *c, const struct http_request *request, struct http_response *response) MUST_USE;

/* http_stream: as http_do, but the body of a 2xx answer goes to take() piece by piece as it comes.
 * An error of take ends the request and is returned. While take runs, idle_ms does not count. */
struct http_sink {
    struct err *(*take)(void *ctx, const void *bytes, size_t len);
    void *ctx;
};
struct err *http_stream(struct http_client *c, const struct http_request *request, struct http_sink sink,
                        struct http_response *response) MUST_USE;

/* http_body: the same, but read at the caller's pace; what nobody reads holds the connection back.
 * http_body_open returns with the first bytes of the body, or its end; an answer that is not 2xx leaves *out NULL
 * and is whole in response. request's callbacks, wait and response are borrowed until
 * http_body_close. */
struct http_body;
struct err *http_body_open(struct http_client *c, const struct http_request *request, struct http_response *response,
                           struct http_body **out) MUST_USE;
/* http_body_read: bytes that came, valid until the next call on this client; *len 0 is the end. */
struct err *http_body_read(struct http_body *b, const void **bytes, size_t *len) MUST_USE;
void http_body_close(struct http_body *b); /* before the end: closes the connection */

#endif
