/* cri: what a node's CRI has under a name, asked and changed by one exec each. Used within node only. */
#ifndef NODE_CRI_H
#define NODE_CRI_H

#include "node/image.h"

/* What a node answered about the two names of an image. */
struct cri_answer {
    bool has_ref; /* the config digest is under this name */
    bool has_content;
    char *snapshotter; /* CRI's own; told only when one of the names is missing */
};
void cri_answer_release(struct cri_answer *a);

/* cri_ask: RW4002_NODE_STOPPED, RW4003_NODE_FAILED when CRI itself does not answer. */
struct err *cri_ask(struct engine *e, const struct node *node, const struct node_image *image, struct net_wait wait,
                    struct cri_answer *out) MUST_USE;

/* cri_name: gives the image that is under `from` the name `to`, and waits until CRI reports the
 * config digest under both. RW4003_NODE_FAILED; RW4202_IMAGE_MISMATCH when CRI keeps reporting
 * something else. */
struct err *cri_name(struct engine *e, const struct node *node, const char *from, const char *to,
                     const char *config_digest, struct net_wait wait) MUST_USE;

/* cri_failed: an exec of a node that went wrong, in the words of node/image.h: a node without space
 * is RW4004_NODE_FULL and is asked for what it has left. says: what the program wrote. */
struct err *cri_failed(struct engine *e, const struct node *node, const char *what, const char *says) MUST_USE;

#endif
