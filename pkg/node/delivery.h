/* delivery: one image on its way to an archive for each node, in which only the layers are that the
 * node lacks. Used within node only.
 *
 * Two sources give it an image. The engine's push (delivery_host.h) asks for blobs by digests that nobody
 * knows before it has made them (the classic store compresses as it pushes). So it is told that everything is
 * there but the configuration, unless no node has a single layer: then what it sends at once is what all
 * of them need. From the manifest, which comes last, follows which layer has which digest; if one
 * turns out to be needed that was not sent, the engine is asked to push once more and told the truth. An
 * export (export.h) gives every blob once, in its own order, whether it is needed or not.
 *
 * A blob whose size is known beforehand goes to the nodes as it comes; others are held, in memory
 * or in a file without a name, since a tar says the size first. Not for several threads at a time, but
 * for delivery_add.
 */
#ifndef NODE_DELIVERY_H
#define NODE_DELIVERY_H

#include "base/spool.h"
#include "node/holdings.h"
#include "node/import.h"
#include "oci/image.h"

struct delivery_plan {
    struct import *import;                  /* started */
    const struct holdings *const *holdings; /* of each of its targets */
    const struct strv *diff_ids;            /* of the image, base first */
    const char *config_digest;
    const char *const *full_names; /* that the archive gives the image; NULL behind the last */
    bool comes_once;               /* each blob, and a layer by its diff id unless it is compressed */
};

struct delivery;

/* delivery_new: the plan and what it names are borrowed. */
struct err *delivery_new(const struct delivery_plan *plan, struct delivery **out) MUST_USE;
void delivery_free(struct delivery *d);
DEFINE_FREEP(delivery)

/* delivery_budget: for the spools that it is given to keep. */
struct spool_budget *delivery_budget(struct delivery *d);

/* delivery_tells: what an engine that pushes is told: whether this blob is there. accept and size as in
 * struct oci_host. */
bool delivery_tells(const struct delivery *d, const char *digest, const char *accept, uint64_t *size);

/* delivery_begin: a blob, whose bytes go to the nodes as they come: by delivery_add, until delivery_end, which
 * is given the digest that it proved to have, or NULL where it was not whole. *streams false: it is not wanted
 * so. Then delivery_keep takes it, whole and proved, unless comes_once. */
struct err *delivery_begin(struct delivery *d, const char *digest, uint64_t size, bool *streams) MUST_USE;
struct err *delivery_add(struct delivery *d, const void *bytes, size_t len) MUST_USE;
void delivery_end(struct delivery *d, const char *digest);
struct err *delivery_keep(struct delivery *d, const char *digest, struct spool *blob_steal) MUST_USE;

/* delivery_begin_unnamed: a blob that all nodes need and whose digest only its end tells, where
 * delivery_takes_unnamed. name: never of other bytes, since containerd 1.x goes on with an import that was cut
 * at the entry of this name. */
bool delivery_takes_unnamed(const struct delivery *d);
struct err *delivery_begin_unnamed(struct delivery *d, const char *name, uint64_t size) MUST_USE;

/* delivery_manifest: of the image, or of another one, which is passed over. */
struct err *delivery_manifest(struct delivery *d, const char *media_type, const char *bytes, size_t len) MUST_USE;

/* delivery_settle: when all has come, or a push has ended: sends what was held and is needed; *again when the
 * engine has to push once more. RW4201_IMAGE_STREAM when what came
 * is not the image; RW4202_IMAGE_MISMATCH when it is another one. */
struct err *delivery_settle(struct delivery *d, bool *again) MUST_USE;

/* delivery_finish: configuration, manifest and the archive's end, to all. */
struct err *delivery_finish(struct delivery *d) MUST_USE;

/* delivery_each_layer: after delivery_finish; base first. */
void delivery_each_layer(const struct delivery *d, void (*take)(void *ctx, const struct node_layer *layer), void *ctx);

#endif
