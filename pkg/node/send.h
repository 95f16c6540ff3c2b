/* send: which way an image takes out of the engine and into the imports that were started. Used
 * within node only.
 *
 * By layers: the engine pushes what the nodes lack, see delivery.h. The classic image store keeps
 * layers uncompressed and compresses each, on one core, when it pushes it for the first time (Docker
 * 20.10: 13 to 22 MB/s), while it exports at 100 MB/s: so with that store an image of which more than
 * a sixth is missing travels as a whole.
 *
 * As a whole also where the engine does not share our loopback addresses (Docker Desktop, rootless
 * engines, an engine in another network namespace), and where it gives its push up before anything of
 * it was sent on.
 */
#ifndef NODE_SEND_H
#define NODE_SEND_H

#include "node/holdings.h"
#include "node/import.h"

/* send_image: holdings: of each of the import's targets. Returns when the archive is complete and
 * every node that still takes part has taken all of it. NULL also when single nodes failed: they
 * keep their errors. Errors as node_push_image's "of all". */
struct err *send_image(struct engine *e, const struct node_push *push, struct import *im,
                       const struct holdings *const *holdings) MUST_USE;

#endif
