/* holdings: what a node has of images' layers: as unpacked snapshots and as blobs. Used within node
 * only.
 *
 * A layer is needed in a node only when the snapshot of its chain is missing there: containerd
 * looks for the snapshot before it opens the blob (core/unpack, rootfs.ApplyLayer of 1.6), and blobs
 * may be gone while snapshots stay (Kind sets discard_unpacked_layers).
 */
#ifndef NODE_HOLDINGS_H
#define NODE_HOLDINGS_H

#include <stdint.h>

#include "base/strv.h"

struct holding {
    char *digest;
    uint64_t size; /* bytes */
};

struct holdings {
    struct strv snapshots; /* chain ids, sorted */
    struct holding *blobs; /* sorted by digest */
    size_t blob_count;
};

/* holdings_parse: what `ctr snapshots ls` writes, and lines "size <bytes> <digest>" of blobs, in any order;
 * others are passed over, for what is not known to be there is sent. */
void holdings_parse(const char *text, struct holdings *out);
void holdings_release(struct holdings *h);

bool holdings_has_chain(const struct holdings *h, const char *chain_id); /* unpacked */

/* holdings_leading: how many layers from the base on are there as snapshots. */
size_t holdings_leading(const struct holdings *h, const struct strv *chain_ids);
const struct holding *holdings_blob(const struct holdings *h, const char *digest); /* NULL: not there */

#endif
