/* send: which way an image takes out of the engine and into the imports that were started. Used
 * within node only.
 *
 * By layers: what the nodes lack, see delivery.h. The engine pushes them, or exports the image. The classic
 * image store keeps layers uncompressed and compresses each, on one core, when it pushes it for the first time
 * (Docker 20.10: 13 to 22 MB/s), while it exports at 100 MB/s: so with that store an image of which more than
 * a sixth is missing is exported. So is one of an engine that does not share our loopback addresses (Docker
 * Desktop, rootless engines, an engine in another network namespace), or gives its push up before anything of it was
 * sent on.
 *
 * As changed files: where SEND_FILES_BYTES or more would travel and an image to compare with is in engine and
 * nodes, see files.h.
 */
#ifndef NODE_SEND_H
#define NODE_SEND_H

#include "node/holdings.h"
#include "node/import.h"
#include "node/shipment.h"

#define SEND_FILES_BYTES (8ull * 1000 * 1000)

struct send {
    const struct node_push *push;
    struct import *import;                  /* not started yet */
    const struct holdings *const *holdings; /* of each of its targets */
    const struct shipment_list *before;     /* what was sent before */
    bool may_be_files;
};

/* What was sent. */
struct sent {
    struct shipment shipment;
    char *content_name;
    struct node_image image; /* the import's; its texts lie in the two above */
};
void sent_release(struct sent *s);

/* send_image: starts the import. Returns when the archive is complete and every node that still takes
 * part has taken all of it. NULL also when single nodes failed: they keep their errors. out outlives the
 * import and is filled also after an error, where it came to that. Errors as node_push_image's "of all". */
struct err *send_image(struct engine *e, const struct send *send, struct sent *out) MUST_USE;

#endif
