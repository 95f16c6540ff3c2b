/* docker: a Docker engine's answers as the script of a fake server: one for each request, in order,
 * the first of them /_ping's. */
#ifndef FAKE_DOCKER_H
#define FAKE_DOCKER_H

#include "base/buf.h"
#include "engine/engine.h"
#include "fake/server.h"

enum { DOCKER_ANSWERS = 64, DOCKER_STDOUT = 1, DOCKER_STDERR = 2, DOCKER_ERROR = 3 };

struct docker {
    struct fake_reply replies[DOCKER_ANSWERS];
    char *owned[2 * DOCKER_ANSWERS];
    size_t count;
    struct fake_server *server;
    struct engine *engine;
};

/* Each adds an answer, which may be changed until docker_start. docker_bytes: exactly these bytes,
 * copied. docker_upgraded: the head of a hijacked connection and the stream's bytes behind it. */
struct fake_reply *docker_bytes(struct docker *d, const char *head, const char *bytes, size_t len);
struct fake_reply *docker_json(struct docker *d, int status, const char *body);
struct fake_reply *docker_upgraded(struct docker *d, const struct buf *stream);
size_t docker_upgraded_head(void); /* bytes in front of the stream's */

/* One frame of an exec's stream; docker_frame_text with a text's bytes. */
void docker_frame(struct buf *stream, int kind, const char *bytes, size_t len);
void docker_frame_text(struct buf *stream, int kind, const char *text);

/* docker_created: an exec was made. docker_says: it was started behind a shell whose pid is 7, said
 * this (NULL: nothing) and has closed its streams. docker_ended: it is over, with this exit code.
 * docker_exec: all three. docker_reads: as docker_says, but it says `first` on stdout, reads its input
 * to the end, while other requests are answered, and then says the rest. */
void docker_created(struct docker *d);
struct fake_reply *docker_says(struct docker *d, const char *out, const char *err);
struct fake_reply *docker_reads(struct docker *d, const char *first, const char *out, const char *err);
void docker_ended(struct docker *d, int exit_code);
void docker_exec(struct docker *d, const char *out, const char *err, int exit_code);

/* docker_start: opens d->engine, or fails the test. */
void docker_start(struct docker *d);
/* docker_stop: frees the engine and gives all that the server was sent; owned. */
char *docker_stop(struct docker *d);
char *docker_stop_bytes(struct docker *d, size_t *len); /* where NULs are among it */
void docker_release(struct docker *d);

#endif
