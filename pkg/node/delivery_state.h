/* delivery_state: what a delivery knows, for its two halves: delivery.c, what comes and goes on, and
 * delivery_finish.c, what describes it in the end. */
#ifndef NODE_DELIVERY_STATE_H
#define NODE_DELIVERY_STATE_H

#include "node/archive.h"
#include "node/delivery.h"

/* A blob that came. */
struct piece {
    char digest[DIGEST_ROOM]; /* empty while it streams and nobody knows it */
    uint64_t size;
    struct spool *held; /* NULL: it was sent as it came */
    bool *sent;         /* for each target */
    struct piece *next;
};

struct delivery {
    const struct delivery_plan *plan;
    struct spool_budget budget;
    size_t *leading;       /* for each target: layers from the base on that it has */
    bool nothing_is_there; /* no target has a layer */
    struct archive_writer *archive;
    struct piece *streaming;
    struct piece *pieces;
    struct strv wanted; /* digests that have to come, once that is known */
    struct oci_manifest manifest;
    struct buf manifest_text; /* empty: none came */
};

size_t delivery_targets(const struct delivery *d);

/* delivery_find: the blob that came with this digest; NULL: none did. */
struct piece *delivery_find(const struct delivery *d, const char *digest);

/* RW4202_IMAGE_MISMATCH. RW4201_IMAGE_STREAM: what did not come. */
struct err *delivery_not_the_image(const char *why) MUST_USE;
struct err *delivery_incomplete(const char *what) MUST_USE;

#endif
