/* harvest: what an image consists of, by having the engine push it to an endpoint of our own. Used
 * within node only. */
#ifndef NODE_HARVEST_H
#define NODE_HARVEST_H

#include "engine/engine.h"
#include "oci/endpoint.h"

struct harvest {
    const char *image_id; /* engine_image.id */
    const struct oci_host *host;
    const char *state_dir; /* as in struct node_push */
    struct net_wait wait;
    void (*on_progress)(void *ctx, uint64_t done, uint64_t total); /* as in struct engine_push_watch; may be NULL */
    void *ctx;
};

/* harvest: one push of the image to the host, whose functions have all returned then. *met false: the
 * engine did not find the endpoint. Errors: the host's first; else engine_image_push's. */
struct err *harvest(struct engine *e, const struct harvest *h, bool *met) MUST_USE;

#endif
