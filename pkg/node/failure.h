/* failure: a node's program that went wrong, in the words of node/image.h. Used within node only. */
#ifndef NODE_FAILURE_H
#define NODE_FAILURE_H

#include "node/cluster.h"

/* node_failure: says: what the program wrote. RW4003_NODE_FAILED "node … cannot <what>"; a node
 * without space is RW4004_NODE_FULL, and is asked for what it has left. */
struct err *node_failure(struct engine *e, const struct node *node, const char *what, const char *says) MUST_USE;

#endif
