/* server: a peer on a unix socket that answers exactly the bytes a test wants, for faults that a
 * real engine can't be made to show. One reply per request, in order; each connection is closed
 * after its reply unless the reply holds it. */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct fake_reply {
    const char *bytes;
    size_t len;           /* 0: strlen(bytes) */
    size_t piece;         /* bytes of one write; 0: all at once */
    bool hold;            /* keep the connection open, saying nothing more, until fake_stop */
    bool drain;           /* after the reply read until the client closes (an upgraded connection) */
    bool without_reading; /* answer before the request was read */
    bool paced;           /* a piece is written only when the client has read the one before */
    bool aside;           /* after the reply read until the client ends its side, answering other requests
                           * meanwhile; then say `after` and close */
    const char *after;
    size_t after_len;
    void (*act)(void *ctx, const char *request); /* done between the request and its answer */
    void *act_ctx;
};

struct fake_server;

/* fake_start: replies are borrowed until fake_stop. A request beyond the last one is closed at once. */
struct fake_server *fake_start(const struct fake_reply *replies, size_t count);
const char *fake_socket(const struct fake_server *f);

/* fake_stop: joins the server and gives all that it was sent, NUL-terminated and owned; what came
 * aside is behind all the rest. */
char *fake_stop(struct fake_server *f, size_t *requests);
char *fake_stop_bytes(struct fake_server *f, size_t *requests, size_t *len); /* where NULs are among it */

/* fake_stale_socket: the path of a socket that nobody listens on any more; owned. */
char *fake_stale_socket(void);

#endif
