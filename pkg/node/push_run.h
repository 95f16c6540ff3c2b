/* push_run: one run of node_push_image, for those who share in it: push.c and pull.c. Used within node only. */
#ifndef NODE_PUSH_RUN_H
#define NODE_PUSH_RUN_H

#include "node/send.h"

/* One node's part of a push. */
struct part {
    struct engine *engine; /* the session makes its own of it */
    const struct node *node;
    const struct node_push *push;
    const struct node_image *image; /* that it is to have */
    struct node_push_result *result;
    struct session session;
    int64_t started_ms;
    struct err *error;
    bool travels; /* something of the image has to be sent, be it a name */
    bool pulls;   /* it was told to bring the image by itself */
    bool is_asked;
    bool lost; /* a layer, between its answer and the import */
};

struct push_run {
    struct engine *engine;
    const struct node_push *push;
    const char *cluster;
    struct part *parts;
    size_t count;
    struct shipment_list before;
    char *known_name; /* of what was sent for the image before */
    struct strv known_chains;
    struct sent sent;        /* in this run */
    struct node_image image; /* that the nodes are to have */
    bool left_behind;        /* an import could not be ended */
};

bool run_any_travels(const struct push_run *r);

/* run_take_turn: as node_push.take_turn. run_read_before: what was sent before, read again, since
 * another push may have ended meanwhile. */
struct err *run_take_turn(const struct push_run *r, int *turn, bool *waited) MUST_USE;
void run_read_before(struct push_run *r);

/* run_targets: of each part that travels; owned. run_settle: what an import of these found out goes back to the
 * parts, which own the errors then. is_whole: where there is none, the node has the image; else where it said so. */
struct import_target *run_targets(struct push_run *r, size_t *count);
void run_settle(struct push_run *r, struct import *im, bool is_whole);

/* run_ask_again: what the node answered and got so far is for another image, or not true any more.
 * run_ask: asks those that are to be asked, side by side. */
void run_ask_again(struct part *p);
struct err *run_ask(struct push_run *r) MUST_USE;

#endif
