/* pusher: an engine that pushes to an endpoint of oci, as bytes on sockets, so that it can do what
 * a real one never would; and the endpoint's host, which writes down what it is given. */
#ifndef FAKE_PUSHER_H
#define FAKE_PUSHER_H

#include <pthread.h>

#include "digest/digest.h"
#include "oci/endpoint.h"

enum { PUSHER_BUDGET = 64 * 1024 };

struct pusher {
    struct oci_endpoint *endpoint;
    int port;
    char *base;        /* "/v2/rwml-push/<token>/" */
    char *credentials; /* the right ones, as a header line */

    /* What the host does; set before pusher_start. */
    bool streams;      /* it takes streams */
    const char *fails; /* the function of it that fails: RW9003_SOCKET "<function> failed" */
    const char *has;   /* the one digest that is there, with this size */
    uint64_t has_size;

    struct oci_host host;
    struct spool_budget budget; /* PUSHER_BUDGET */
    pthread_mutex_t lock;       /* over what follows */
    struct buf log;             /* a line for each call: "has DIGEST ACCEPT", "stream DIGEST SIZE", "end whole",
                                 * "end broken", "keep DIGEST SIZE", "manifest TYPE DIGEST SIZE" */
    struct buf bytes;           /* of all that was written, kept or given as a manifest */
};

/* pusher_start: opens the endpoint, or fails the test. pusher_release: frees it, and fails the test
 * unless all of the budget is back. */
void pusher_start(struct pusher *p);
void pusher_release(struct pusher *p);

/* pusher_sent_by: instead of pusher_start: the endpoint that an engine was told to push to by this
 * request. endpoint stays NULL, and there is no host to ask. */
void pusher_sent_by(struct pusher *p, const char *request);

/* What was said from the head's first byte to the end of the stream; status 0: nothing was. */
struct answer {
    int status;
    bool is_reset; /* the stream did not end, it broke */
    char *text;    /* head and body */
    const char *body;
};
void answer_release(struct answer *a);
char *answer_header(const struct answer *a, const char *name) MUST_USE; /* owned; NULL: none of that name */
void expect_header(const struct answer *a, const char *name, const char *want);

/* pusher_connect, pusher_say: a peer that has closed is no error. pusher_hear: reads to the end. */
int pusher_connect(const struct pusher *p);
void pusher_say(int fd, const void *bytes, size_t len);
void pusher_say_text(int fd, const char *text);
struct answer pusher_hear(int fd);

/* pusher_head: a request's head with Host, the right credentials and these header lines; owned. */
char *pusher_head(const struct pusher *p, const char *method, const char *path, const char *headers);

/* pusher_ask: one request over a connection of its own, with Content-Length unless bytes is NULL. */
struct answer pusher_ask(const struct pusher *p, const char *method, const char *path, const char *headers,
                         const void *bytes, size_t len);

/* pusher_say_all: one request as it is. */
struct answer pusher_say_all(const struct pusher *p, const char *request);

/* pusher_expect: as pusher_ask, without an answer but its status. */
void pusher_expect(const struct pusher *p, int status, const char *method, const char *path, const void *bytes,
                   size_t len);

/* pusher_upload: begins one; its location, owned. pusher_put: where it is put with this digest; owned. */
char *pusher_upload(const struct pusher *p);
char *pusher_put(const char *location, const char *digest);

/* A blob of letters, for which an upload has begun; seed makes another one of the same length. */
struct blob {
    char *bytes;
    size_t len;
    char digest[DIGEST_ROOM];
    char *location; /* of its upload */
    char *put;      /* where it is put with its digest */
    char *told;     /* "DIGEST SIZE\n", as in the host's log */
};
struct blob blob_new(const struct pusher *p, size_t len, unsigned seed);
void blob_release(struct blob *b);

/* expect_bytes: all that the host was given are this blob's. expect_logged: its log is one line of
 * this function and the blob, and more. */
void expect_bytes(const struct pusher *p, const struct blob *b);
void expect_logged(struct pusher *p, const char *function, const struct blob *b, const char *more);

/* pusher_log: the host's log; owned. pusher_until: waits until it ends with this, or fails the test.
 * pusher_until_dropped: waits until no bytes are held. */
char *pusher_log(struct pusher *p);
void pusher_until(struct pusher *p, const char *end);
void pusher_until_dropped(struct pusher *p);
void expect_log(struct pusher *p, const char *want);

#endif
