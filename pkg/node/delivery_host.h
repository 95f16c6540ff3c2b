/* delivery_host: a delivery as the registry that an engine pushes to, several requests at once. Used within
 * node only. */
#ifndef NODE_DELIVERY_HOST_H
#define NODE_DELIVERY_HOST_H

#include "node/delivery.h"
#include "oci/endpoint.h"

struct delivery_host;

/* delivery_host_new: the delivery is borrowed, and nobody else's until the endpoint is closed. */
struct delivery_host *delivery_host_new(struct delivery *d, const char *spool_dir) MUST_USE;
void delivery_host_free(struct delivery_host *h);
DEFINE_FREEP(delivery_host)

const struct oci_host *delivery_host_of(const struct delivery_host *h); /* for the endpoint; borrowed */

#endif
