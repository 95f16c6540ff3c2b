/* delivery: one image on its way from the engine's push to an archive for each node, in which only
 * the layers are that the node lacks. Used within node only.
 *
 * The engine asks for blobs by digests that nobody knows before it has made them (the classic store
 * compresses as it pushes). So it is told that everything is there but the configuration, unless
 * no node has a single layer: then what it sends at once is what all of them need. From the
 * manifest, which comes last, follows which layer has which digest; if one turns out to be needed
 * that was not sent, the engine is asked to push once more and told the truth.
 *
 * A blob whose size is known beforehand goes to the nodes as it comes; others are held, in memory
 * or in a file without a name, since a tar says the size first.
 */
#ifndef NODE_DELIVERY_H
#define NODE_DELIVERY_H

#include "node/holdings.h"
#include "node/import.h"
#include "oci/endpoint.h"
#include "oci/image.h"

struct delivery_plan {
    struct import *import;                  /* started */
    const struct holdings *const *holdings; /* of each of its targets */
    const struct strv *diff_ids;            /* of the image, base first */
    const char *config_digest;
    const char *const *full_names; /* that the archive gives the image; NULL behind the last */
    const char *spool_dir;
};

struct delivery;

/* delivery_new: the plan and what it names are borrowed. */
struct err *delivery_new(const struct delivery_plan *plan, struct delivery **out) MUST_USE;
void delivery_free(struct delivery *d);
DEFINE_FREEP(delivery)

const struct oci_host *delivery_host(const struct delivery *d); /* for the endpoint; borrowed */

/* delivery_settle: to be called after each push, when the endpoint is closed: sends what was held
 * and is needed; *again when the engine has to push once more. RW4201_IMAGE_STREAM when what came
 * is not the image; RW4202_IMAGE_MISMATCH when it is another one. */
struct err *delivery_settle(struct delivery *d, bool *again) MUST_USE;

/* delivery_finish: configuration, manifest and the archive's end, to all. */
struct err *delivery_finish(struct delivery *d) MUST_USE;

/* delivery_each_layer: after delivery_finish; base first. */
void delivery_each_layer(const struct delivery *d, void (*take)(void *ctx, const struct node_layer *layer), void *ctx);

#endif
