/* harvest: what an image consists of, by having the engine push it to an endpoint of our own. Used
 * within node only. */
#ifndef NODE_HARVEST_H
#define NODE_HARVEST_H

#include "engine/engine.h"
#include "oci/endpoint.h"

/* harvest: one push of the image of this id to the host, whose functions have all returned then. *met
 * false: the engine did not find the endpoint. state_dir: as in struct node_push. Errors: the host's
 * first; else engine_image_push's. */
struct err *harvest(struct engine *e, const char *image_id, const struct oci_host *host, const char *state_dir,
                    struct net_wait wait, bool *met) MUST_USE;

#endif
