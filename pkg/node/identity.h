/* identity: the digest by which nodes know an image of the engine. */
#ifndef NODE_IDENTITY_H
#define NODE_IDENTITY_H

#include "engine/engine.h"

/* node_image_digest: *digest is that of the configuration, which CRI calls the image's id. Of the classic
 * store it is the engine's own id. The containerd store has the digest of a manifest, or of an index
 * of several, as its id and tells the configuration nowhere; but it pushes it, within 30 ms when it is
 * told that all layers are there. Where the engine cannot push to us, a whole export is read for it:
 * seconds for a large image. *chain_id is the name of its topmost layer's snapshot. Both are owned. state_dir as in
 * struct node_push. RW4101_IMAGE_NOT_BUILT. */
struct err *node_image_digest(struct engine *e, const char *ref, const char *state_dir, struct net_wait wait,
                              char **digest, char **chain_id) MUST_USE;

#endif
