/* identity: the digest by which nodes know an image of the engine, and whether the engine means it still. */
#ifndef NODE_IDENTITY_H
#define NODE_IDENTITY_H

#include "engine/image.h"
#include "node/image.h"

struct node_identity {   /* all owned */
    char *engine_id;     /* engine_image.id */
    char *config_digest; /* which CRI calls the image's id */
    char *chain_id;      /* the name of its topmost layer's snapshot; NULL: it has no layers */
};
void node_identity_release(struct node_identity *i);

/* node_image_identity: what the engine calls ref at this moment. The configuration's digest: of the classic
 * store it is the engine's own id. The containerd store has the digest of a manifest, or of an index
 * of several, as its id and tells the configuration nowhere; but it pushes it, within 30 ms when it is
 * told that all layers are there. Where the engine cannot push to us, a whole export is read for it:
 * seconds for a large image. state_dir as in struct node_push. out is zeroed before, and to be released also after
 * an error. RW4101_IMAGE_NOT_BUILT. */
struct err *node_image_identity(struct engine *e, const char *ref, const char *state_dir, struct net_wait wait,
                                struct node_identity *out) MUST_USE;

/* node_image_look: the image that is meant, by what its name means in the engine now. *containerd_store: the engine
 * has that store. out is zeroed before, and to be released also after an error. RW4101_IMAGE_NOT_BUILT;
 * RW4202_IMAGE_MISMATCH when the name means another image by now. */
struct err *node_image_look(struct engine *e, const struct node_image *image, struct net_wait wait,
                            struct engine_image *out, bool *containerd_store) MUST_USE;

#endif
