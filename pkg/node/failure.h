/* failure: what went wrong in nodes, in the words of node/image.h. Used within node only. */
#ifndef NODE_FAILURE_H
#define NODE_FAILURE_H

#include "node/cluster.h"

/* node_failure: says: what the program wrote. RW4003_NODE_FAILED "node … cannot <what>"; a node
 * without space is RW4004_NODE_FULL, and is asked for what it has left; one that said nothing may be
 * RW4002_NODE_STOPPED. */
struct err *node_failure(struct engine *e, const struct node *node, const char *what, const char *says) MUST_USE;

/* node_lost: what a node that fell silent comes to: RW4002_NODE_STOPPED when it is paused, stopped or gone by now, from
 * which inner follows; else inner. */
struct err *node_lost(struct engine *e, const struct node *node, const struct cancel *cancel,
                      struct err *inner_steal) MUST_USE;

/* node_partial: some nodes did it and some did not: one RW4005_NODES_PARTIAL of this message, whose cause
 * names all of the chain, which is consumed; its first next commands are kept. */
struct err *node_partial(struct err *chain_steal, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* node_is_given_up: the caller's deadline or interruption, not the node's or the engine's doing. */
bool node_is_given_up(const struct err *e);

#endif
