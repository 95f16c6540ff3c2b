/* image: an image of the engine brought into nodes, and proved to be there.
 *
 * A node has an image when its CRI, which the kubelet asks, reports the image's config digest under
 * a name. Nodes are asked at every push and never remembered: garbage collection and retags change
 * them behind our back.
 *
 * Only layers travel that a node lacks: the engine pushes to an endpoint of ours (oci/endpoint.h),
 * which has what the nodes have, and what it sends goes into an archive for
 * `ctr -n k8s.io images import -` in every node that lacks the image. What comes once from the engine
 * goes to all nodes side by side. The content name is set last, only on an image that was
 * unpacked whole. Where this way is closed, or slower, the engine exports the image (send.h). Where large
 * layers differ in a few files, as files.h says, the nodes get an image of another digest than the engine's.
 */
#ifndef NODE_IMAGE_H
#define NODE_IMAGE_H

#include "node/cluster.h"

struct node_image {
    const char *ref;           /* "orders:dev": how the engine and the manifests call it */
    const char *config_digest; /* "sha256:…", node_image_identity, as the next and the last */
    const char *content_name;  /* "orders:dev-0123456789ab", oci_content_name */
    const char *chain_id;      /* of its topmost layer: a node has it when that is unpacked; NULL: names suffice */
    const char *engine_id;     /* by which the engine knows what was asked for; NULL: nobody knows */
};

enum node_push_outcome {
    NODE_HAD_IT,  /* nothing was written */
    NODE_GOT_IT,  /* what it lacked travelled, and CRI reports it */
    NODE_LACKS_IT /* why is in what node_push_image returns */
};

struct node_push_result {
    const struct node *node; /* borrowed from the list */
    enum node_push_outcome outcome;
    uint64_t bytes_sent;
    int64_t elapsed_ms;
    bool pulled; /* it got it from the registry */
};

struct node_push_results {
    struct node_push_result *items; /* one for each node, in the list's order */
    size_t count;
    char *config_digest; /* of what the nodes have; owned, as the next */
    char *content_name;
};
void node_push_results_release(struct node_push_results *r);

/* What a push tells while it runs; called by the caller's thread and by others, several at once. */
enum node_push_phase {
    NODE_PUSH_ASKED,
    NODE_PUSH_COMPARING, /* the engine compares its files with those of an image that the nodes have */
    NODE_PUSH_GATHERING, /* the engine reads, and where it has to, compresses what it pushes */
    NODE_PUSH_PULLING,
    NODE_PUSH_SENDING,
    NODE_PUSH_VERIFYING,
    NODE_PUSH_DONE,
    NODE_PUSH_FAILED
};

struct node_push_progress {
    const struct node *node; /* NULL: of all */
    enum node_push_phase phase;
    uint64_t bytes; /* sent so far; gathered so far */
    uint64_t total; /* to be gathered; else 0 */
};

struct node_layer {
    const char *diff_id;
    uint64_t size; /* bytes as they travel, or would; 0: nobody had to know */
    size_t nodes;  /* that lacked the image; each of these: */
    size_t sent;   /* it was sent to */
    size_t had;    /* have it unpacked */
    size_t blob;   /* have it, but not unpacked */
};

/* How an image travels, where the engine does not simply push its layers. */
enum node_way {
    NODE_WAY_EXPORT,  /* why: why the engine exports the image, all of it, to us */
    NODE_WAY_FILES,   /* why: on top of what the changed files travel */
    NODE_WAY_NO_FILES /* why: why they do not, though a large layer changed */
};

/* For comparing images: the program cmd/rwml-delta, and what it runs on, as the engine calls it. */
struct node_helper {
    const void *bytes;
    size_t len;
    const char *architecture; /* "x86_64" */
};

struct node_push {
    const struct node_image *image;
    const struct node_helper *helper; /* NULL: an image never travels as the files that changed */
    /* The registry of its name has it under its content name, see registry.h: a node pulls what it lacks, by
     * CRI. One that cannot is told (may be NULL), and is given the image as without a registry. */
    bool is_in_registry;
    void (*on_no_pull)(void *ctx, const struct node *node, const char *why);
    struct net_wait wait;
    /* take_turn: waits until no other push to these nodes is under way, and gives a descriptor
     * that ends the turn by being closed; *waited becomes true where there was one, and then the nodes are
     * asked again. Called only when something has to travel. NULL: the caller makes sure of it. containerd lets an
     * import wait while another one writes a layer of both, and one stream feeds all nodes: two pushes of images that
     * share a layer would wait for each other, one in this node, one in that, for ever. */
    struct err *(*take_turn)(void *ctx, int *turn, bool *waited);
    void (*on_progress)(void *ctx, const struct node_push_progress *progress); /* may be NULL */
    /* on_layer: after all of it was sent by layers, for each layer, base first. on_way: before. May be NULL. */
    void (*on_layer)(void *ctx, const struct node_layer *layer);
    void (*on_way)(void *ctx, enum node_way way, const char *why);
    void *ctx;
    const char *state_dir; /* is there; for layers that have to wait (base/spool.h) and node/leftover.h */
};

/* node_push_image: afterwards every node has the image under both names, or the error says which
 * do and which do not. out (zeroed before) is filled also when an error is returned. Errors:
 *   of one node    RW4002_NODE_STOPPED, RW4003_NODE_FAILED (the import's own words are the cause),
 *                  RW4004_NODE_FULL (with the free space)
 *   of several     the same, joined; RW4005_NODES_PARTIAL when at least one has the image now
 *   of all         RW4101_IMAGE_NOT_BUILT, RW4201_IMAGE_STREAM, RW4202_IMAGE_MISMATCH and the
 *                  engine's own: every import was ended, no new name was set
 *   RW9009_INTERRUPTED  no import is left running in any node
 * A node that takes no byte for NODE_STALL_MS while others wait for it is given up; so is one that
 * nobody waits for, after NODE_SILENCE_MS: a slow disk may write a large layer out for long. One that is paused,
 * stopped or removed meanwhile is RW4002_NODE_STOPPED some seconds after that. */
#define NODE_STALL_MS 10000
#define NODE_SILENCE_MS 300000
struct err *node_push_image(struct engine *e, const struct node_list *nodes, const struct node_push *push,
                            struct node_push_results *out) MUST_USE;

/* node_delivered: the image that was pushed to this cluster last for this one, where that is another;
 * *found false: it is this one, or none is known of. Asks no node. out's texts are owned; free both. */
struct node_delivered {
    char *config_digest;
    char *content_name;
};
struct err *node_delivered(const struct node_list *nodes, const char *state_dir, const struct node_image *image,
                           bool *found, struct node_delivered *out) MUST_USE;
void node_delivered_release(struct node_delivered *d);

/* node_has_image: whether the node's CRI reports this config digest under this name. One exec. */
struct err *node_has_image(struct engine *e, const struct node *node, const char *name, const char *config_digest,
                           struct net_wait wait, bool *has) MUST_USE;

/* node_lacking_image: the names of the nodes that do not have it, asked side by side; a stopped
 * node is RW4002_NODE_STOPPED. */
struct err *node_lacking_image(struct engine *e, const struct node_list *nodes, const char *name,
                               const char *config_digest, struct net_wait wait, struct strv *lacking) MUST_USE;

#endif
