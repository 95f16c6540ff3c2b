/* shipment: what was sent to a cluster's nodes for an image of the engine. Used within node only.
 *
 * Where an image travels as the files that changed (files.h), the nodes get one of another digest than
 * the engine's, with the same files in it. Which, is noted here; whether a node still has it, the node is
 * asked. A lost note costs one push: the same files give the same digest again.
 */
#ifndef NODE_SHIPMENT_H
#define NODE_SHIPMENT_H

#include <stdint.h>

#include "base/strv.h"

struct shipment {
    char *built;          /* config digest of the engine's image */
    char *engine_id;      /* its engine_image.id */
    char *sent;           /* config digest of what the nodes got; the same when it was the image itself */
    struct strv diff_ids; /* of that; base first */
    uint64_t bytes;       /* of the topmost layer, when that holds the files that changed; else 0 */
    size_t file_layers;   /* how many such layers there are */
    bool is_base;         /* the engine keeps it under its content name, to compare later images with */
};
void shipment_release(struct shipment *s);

struct shipment_list {
    char *path;
    struct shipment *items; /* newest first */
    size_t count;
};

/* shipment_list_read: of the image called ref in this cluster. A file that is not there or cannot be used
 * gives an empty list. */
void shipment_list_read(const char *state_dir, const char *cluster, const char *ref, struct shipment_list *out);
void shipment_list_release(struct shipment_list *l);

/* shipment_other: what the nodes got for that image when it was another one; NULL: it was itself, or is not
 * noted. */
const struct shipment *shipment_other(const struct shipment_list *l, const char *built);

/* shipment_list_add: a copy at the front; one of the same image goes, and the oldest above SHIPMENTS_KEPT. */
void shipment_list_add(struct shipment_list *l, const struct shipment *s);
#define SHIPMENTS_KEPT 16

/* shipment_list_drop_bases: none is a base any more; their names in the engine are the caller's to remove.
 * shipment_list_write: RW9001_FILE. */
void shipment_list_drop_bases(struct shipment_list *l);
struct err *shipment_list_write(const struct shipment_list *l) MUST_USE;

#endif
