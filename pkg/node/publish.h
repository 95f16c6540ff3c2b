/* publish: an image of the engine brought to the registry that its name begins with, so that nodes can pull it.
 *
 * The engine pushes, layer by layer, and sends none that the registry has. What is pushed is the image as it was
 * built: nodes get changed files only (files.h), a registry never.
 *
 * A registry at a loopback address is asked first, over plain HTTP, whether it has one and the same manifest, of
 * this very image, under both names: two answers of some ms, where the engine takes 90 ms and writes the names
 * again. Other registries may want TLS or a password, which only the engine knows; so do those that don't answer
 * with a manifest.
 *
 * Credentials are not passed on: a registry that wants some refuses the push.
 */
#ifndef NODE_PUBLISH_H
#define NODE_PUBLISH_H

#include "node/image.h"

struct publish {
    const struct node_image *image; /* ref and content_name begin with the registry */
    struct net_wait wait;
    void (*on_progress)(void *ctx, uint64_t done, uint64_t total); /* as in struct engine_push_watch */
    void *ctx;
};

enum publish_outcome {
    PUBLISH_HAD_IT, /* nothing was written */
    PUBLISH_GOT_IT
};

/* publish_image: *layers: how many travelled; 0 when only names did. RW4203_PUSH_FAILED when the registry does not
 * take it, or takes a connection and stays silent for PUBLISH_SILENCE_MS; RW4101_IMAGE_NOT_BUILT;
 * RW4202_IMAGE_MISMATCH when the reference means another image in the engine by now. */
#define PUBLISH_SILENCE_MS 3000
struct err *publish_image(struct engine *e, const struct publish *p, enum publish_outcome *out,
                          size_t *layers) MUST_USE;

#endif
