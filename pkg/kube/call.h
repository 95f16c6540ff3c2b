/* call: one request to the API server, repeated where that is safe, and its answer as a tree.
 * For pkg/kube only.
 */
#ifndef KUBE_CALL_H
#define KUBE_CALL_H

#include "http/client.h"
#include "kube/client.h"

struct kube_client {
    struct http_client *http;
    char *server; /* for messages */
    const struct cancel *cancel;
    void (*tell)(void *ctx, const char *line);
    void *tell_ctx;
    struct strv warned; /* Warning headers that were told already */
    json_t *discovered; /* what GET /apis/<group>/<version> answered, by apiVersion */
};

struct kube_call {
    const char *method;
    const struct http_path *path;
    const char *content_type; /* of the body */
    const json_t *body;       /* NULL: none */
    bool probe;               /* the first contact: a refused connection is the answer */
    bool plain;               /* the answer is text (a log): not parsed when 2xx */
    size_t answer_max;        /* 0: LIMIT_HTTP_BODY */
};

/* status is any but 401, 408, 429, 502, 503, 504 and passing 500s: those come as errors, after the
 * repeats. */
struct kube_answer {
    int status;
    json_t *body;    /* NULL where the answer is not JSON */
    struct buf text; /* of a plain call, and of an answer that is not JSON */
};
void kube_answer_release(struct kube_answer *a);

/* kube_call: errors as told in client.h; out is initialised here. */
struct err *kube_call(struct kube_client *c, const struct kube_call *call, struct kube_answer *out) MUST_USE;

/* kube_answer_words: the server's own words, owned, never NULL: a Status' message, else the
 * answer's first line, else "HTTP 500". */
char *kube_answer_words(const struct kube_answer *a) MUST_USE;

/* kube_unexpected: the error for a status that a call has no use for: RW5104_CLUSTER_REFUSED for
 * 403, else RW5105_CLUSTER_PROTOCOL. The words behind are what we were doing. */
struct err *kube_unexpected(const struct kube_answer *a, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* kube_lost: the error for a request that got no answer; consumes what http said. */
struct err *kube_lost(const struct kube_client *c, enum http_failure failure, struct err *inner) MUST_USE;

/* kube_path: appends the path of a kind's collection, or of the object when id.name is set. */
struct err *kube_path(struct kube_client *c, struct kube_id id, struct http_path *path) MUST_USE;

/* kube_list_at: as kube_list, with the resourceVersion that a watch goes on from, owned. */
struct err *kube_list_at(struct kube_client *c, struct kube_id collection, json_t **items,
                         char **resource_version) MUST_USE;

#endif
