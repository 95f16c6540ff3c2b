/* transfer: one request on its way, on the client's multi handle. Used within http only.
 *
 * Everything that http offers is a transfer: what comes goes into `pending`, and a transfer whose
 * bytes nobody takes is paused, so that the peer is held back and memory stays bounded. libcurl
 * moves all transfers of a client whenever one of them is waited for. */
#ifndef HTTP_TRANSFER_H
#define HTTP_TRANSFER_H

#include <curl/curl.h>

#include "http/client.h"
#include "http/tls.h"

#define HTTP_RECEIVE_BYTES (256 * 1024) /* the largest piece that libcurl hands over */

enum http_mode {
    HTTP_MODE_WHOLE,  /* every body is kept in response->body */
    HTTP_MODE_STREAM, /* a 2xx body passes through pending */
    HTTP_MODE_LINES,  /* the same, and a whole line is the least that a reader takes */
    HTTP_MODE_CONNECT /* nothing is sent: only the connection is made, see line.h */
};

struct http_client {
    CURLM *multi;
    struct http_tls *tls;
    char *base_url;    /* without a slash at its end */
    char *unix_socket; /* NULL: TCP */
    char *authorization;
    char *proxy;                   /* NULL: what the environment says */
    struct strv headers;           /* of every request: name and value, in turn */
    struct curl_slist *connect_to; /* for tls_server_name */
    bool direct;                   /* no proxy: unix socket or loopback */
    bool insecure;
    bool renewed; /* by another certificate: connections that were made with the first are not used again */
    struct http_transfer *transfers; /* those that have not ended */
    struct http_watch *watches;
};

struct http_transfer {
    struct http_client *client;
    struct http_transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    struct http_response *response; /* borrowed */
    enum http_mode mode;
    struct err *(*pull)(void *ctx, void *to, size_t room, size_t *len);
    void *pull_ctx;
    struct buf pending;
    size_t lines;    /* newlines in pending */
    size_t line_max; /* bytes of a line that are wanted; one more is kept, which tells; 0: all */
    size_t line_len; /* kept so far of the line that comes in */
    size_t head_bytes;
    size_t answer_max;
    int64_t deadline_ms;
    int64_t idle_ms;
    int64_t moved_ms; /* when a byte last moved */
    bool has_head;    /* the empty line behind the headers came */
    bool paused;
    bool ended;
    CURLcode result;
    struct err *error; /* a callback's, or the deadline's */
    char *target;      /* for messages: "GET /containers/json" */
    char says[CURL_ERROR_SIZE];
};

/* transfer_start: response is zeroed by the caller and outlives the transfer. */
struct err *transfer_start(struct http_client *c, const struct http_request *request, enum http_mode mode,
                           struct http_response *response, struct http_transfer **out) MUST_USE;
void http_transfer_free(struct http_transfer *t);
DEFINE_FREEP(http_transfer)

/* transfer_set_options: everything libcurl has to know before the transfer begins. t->easy is made.
 * In transfer_options.c. */
struct err *transfer_set_options(struct http_transfer *t, const struct http_request *request) MUST_USE;

/* transfer_is_full: so much is pending that the peer has to wait. */
bool transfer_is_full(const struct http_transfer *t);

/* transfer_pump: moves all transfers of the client until at least one got bytes or ended, or until
 * wait.deadline_ms (no error then: the caller looks at its own clock). RW9009_INTERRUPTED. */
struct err *transfer_pump(struct http_client *c, struct net_wait wait) MUST_USE;

/* transfer_consume: the first len bytes of pending were taken. */
void transfer_consume(struct http_transfer *t, size_t len, size_t lines);

/* transfer_outcome: of a transfer that has ended: NULL when there is a whole answer. Sets
 * response->failure. To be called once. */
struct err *transfer_outcome(struct http_transfer *t) MUST_USE;

/* transfer_abandon: e ends it before its time; gives e back. */
struct err *transfer_abandon(struct http_transfer *t, struct err *e) MUST_USE;

/* http_watch_close_first: closes one open watch, for the end of a client. In watch.c. */
void http_watch_close_first(struct http_client *c);

#endif
