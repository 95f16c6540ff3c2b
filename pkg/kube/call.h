/* call: one request to the API server, repeated where that is safe, and its answer as a tree.
 * For pkg/kube only.
 */
#ifndef KUBE_CALL_H
#define KUBE_CALL_H

#include "http/client.h"
#include "kube/client.h"
#include "kube/common.h"

struct kube_client {
    struct http_client *http;
    char *server; /* for messages */
    const struct cancel *cancel;
    void (*tell)(void *ctx, const char *line);
    void *tell_ctx;
    bool force;                 /* over other owners of fields */
    struct kube_common *common; /* with those that were made from it, and with the one it was made from */
    bool is_first;              /* common is its own */
    unsigned login;             /* of common: that http uses */
    json_t *discovered;         /* what GET /apis/<group>/<version> answered, by apiVersion */
};

struct kube_call {
    const char *method;
    const struct http_path *path;
    const char *content_type; /* of the body */
    const json_t *body;       /* NULL: none */
    bool writes;              /* it changes something; passes the fault point kube.write */
    bool probe;               /* the first contact: a refused connection is the answer */
    bool once;                /* whoever asks will ask again: no repeats here */
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

/* In client.c, see common.h. kube_client_stay_logged_in: before each request. kube_client_renew: after the 401 to a
 * request that was made when c->login was `login`. *changed false: there is nothing else to try. */
struct err *kube_client_stay_logged_in(struct kube_client *c) MUST_USE;
struct err *kube_client_renew(struct kube_client *c, unsigned login, bool *changed) MUST_USE;

/* kube_call: errors as told in client.h; out is initialised here. */
struct err *kube_call(struct kube_client *c, const struct kube_call *call, struct kube_answer *out) MUST_USE;

/* kube_answer_words: the server's own words, owned, never NULL: a Status' message, else the
 * answer's first line, else "HTTP 500". */
char *kube_answer_words(const struct kube_answer *a) MUST_USE;

/* kube_retry_after_ms: what the answer's Retry-After asks for; 0: nothing. A server that asks for more than the
 * maximum is not waited for. */
#define KUBE_RETRY_AFTER_MAX_MS 30000
int64_t kube_retry_after_ms(const struct http_response *r);

/* kube_unexpected: the error for a status that a call has no use for: RW5104_CLUSTER_REFUSED for
 * 403, else RW5105_CLUSTER_PROTOCOL. The words behind are what we were doing. */
struct err *kube_unexpected(const struct kube_answer *a, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* kube_lost: the error for a request that got no answer; consumes what http said. */
struct err *kube_lost(const struct kube_client *c, enum http_failure failure, struct err *inner) MUST_USE;

/* kube_path: appends the path of a kind's collection, or of the object when id.name is set. */
struct err *kube_path(struct kube_client *c, struct kube_id id, struct http_path *path) MUST_USE;

/* kube_log_path: appends the path of a pod's log. kube_is_log_excuse: does a log's text begin with what the
 * kubelet says, with 200, when the runtime has removed the container or its log meanwhile (kubelet 1.34,
 * kuberuntime logs)? */
void kube_log_path(struct http_path *path, const char *namespace, const char *pod);
bool kube_is_log_excuse(const char *text);

/* kube_list_at: as kube_list, with the resourceVersion that a watch goes on from, owned. */
struct err *kube_list_at(struct kube_client *c, struct kube_id collection, json_t **items,
                         char **resource_version) MUST_USE;

#endif
