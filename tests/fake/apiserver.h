/* apiserver: an HTTP server in this process that answers requests from a script, one by one. */
#ifndef FAKE_APISERVER_H
#define FAKE_APISERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* One answer: to a request that begins with `want`. body NULL: the connection is closed instead.
 * cut: it is closed behind the body, which was announced as one byte longer. */
struct apiserver_answer {
    const char *want;
    int status;
    const char *body;
    const char *header; /* more header lines, each with its "\r\n"; NULL: none */
    bool cut;
};

/* What kube_open asks first. (Versions of clang-format differ about a brace that begins a macro.) */
/* clang-format off */
#define APISERVER_VERSION { "GET /version ", 200, "{\"gitVersion\":\"v1.34.4\"}", NULL, false }
/* clang-format on */

struct apiserver {
    const struct apiserver_answer *script;
    size_t count;
    size_t served;
    int port; /* on 127.0.0.1 */
    int listener;
    int stop[2];
    char *wrong; /* the first request that the script did not want */
    pthread_t thread;
};

void apiserver_start(struct apiserver *s, const struct apiserver_answer *script, size_t count);

/* apiserver_stop: fails the test unless every answer was asked for, in order, and nothing else; but a
 * watch behind the script's end is fine, since a mirror watches until it is freed. */
void apiserver_stop(struct apiserver *s);

#endif
