/* export: an image by the engine's export, for a delivery. Used within node only.
 *
 * The engine gives the whole image, always; what a node has is passed over here. This way needs nothing but
 * the engine's API, but the engine reads everything, and the classic store writes a copy of it first.
 *
 * A layer's place is told by its digest, where that is a diff id. Where the digest is told by nothing but
 * the layer's end (Docker before 25), and some node has some layers, it waits in memory or in a file without a name
 * until then. A compressed layer (containerd store) goes to the nodes that have no blob of its digest, also
 * where it is unpacked there.
 */
#ifndef NODE_EXPORT_H
#define NODE_EXPORT_H

#include "engine/engine.h"
#include "node/delivery.h"

struct export
{
    const char *image_id; /* engine_image.id */
    const struct delivery_plan *plan;
    const char *spool_dir;
    struct net_wait wait;
};

/* export_deliver: everything that the export gives and the delivery wants, up to the archive's end.
 * RW4101_IMAGE_NOT_BUILT; RW4201_IMAGE_STREAM, RW4202_IMAGE_MISMATCH. */
struct err *export_deliver(struct engine *e, const struct export *x, struct delivery *to) MUST_USE;

/* export_config_digest: that of the image, out of an export that is read to its end and dropped; owned. */
struct err *export_config_digest(struct engine *e, const char *ref, struct net_wait wait, char **out) MUST_USE;

#endif
