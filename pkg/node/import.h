/* import: one image archive into several nodes at once. Used within node only.
 *
 * What one sink is given goes to the session of each node, so the slowest node that is still alive
 * sets the pace. A node that fails is left behind and the others go on. Nothing is put into a file
 * on the way.
 */
#ifndef NODE_IMPORT_H
#define NODE_IMPORT_H

#include "http/client.h"
#include "node/session.h"

struct import_target {
    struct session *session; /* open */
    uint64_t sent;
    struct err *error; /* why this node has not got it; owned */
    size_t offset;     /* within the piece that is being sent */
    int64_t moved_ms;  /* when it took the last bytes */
    int64_t look_ms;   /* when the engine is asked whether it still runs */
    bool is_active;
    bool passes;    /* what is taken now is not for this node */
    bool has_ended; /* its script is known to be gone */
    bool is_done;   /* it has the image */
};

struct import {
    struct import_target *targets;
    size_t count;
    const struct node_push *push;
    const struct node_image *image; /* what is imported */
    bool pulls;                     /* each node brings it by itself; nothing is taken */
    int64_t told_ms;
};

/* import_start: tells every session that an archive follows; those where that fails have an error. */
void import_start(struct import *im);

/* import_take: a struct http_sink's take; ctx is the struct import. An error when no node is left
 * (their own errors say why), at the deadline and when interrupted. */
struct err *import_take(void *ctx, const void *bytes, size_t len) MUST_USE;

/* import_finish: ends the input and waits for each session's result. */
struct err *import_finish(struct import *im) MUST_USE;

/* import_abort: ends every session that may still run, also after a cancellation. True when that was
 * not possible everywhere; such a node has an error. */
bool import_abort(struct import *im);

#endif
