/* compare: the layer that makes the files of one image of the engine into those of another. Used within
 * node only.
 *
 * The engine does it, in a build of one step in which both images are mounted and cmd/rwml-delta runs
 * without a network; it answers with an image that holds nothing but the layer as a file. Neither the
 * image nor any name of it stays in the engine; of the build stays what the engine keeps in its cache,
 * and clears by its own rules.
 */
#ifndef NODE_COMPARE_H
#define NODE_COMPARE_H

#include "base/spool.h"
#include "digest/digest.h"
#include "engine/engine.h"

struct compare {
    const char *old_id; /* engine_image.id */
    const char *new_id;
    const void *helper; /* the program cmd/rwml-delta, built for the engine's machine */
    size_t helper_len;
    const char *state_dir;
    struct net_wait wait;
};

struct compared {
    struct spool *layer; /* owned; empty: no file differs */
    char diff_id[DIGEST_ROOM];
};
void compared_release(struct compared *c);

/* compare_images: budget is borrowed for as long as out->layer lives. Whatever prevents it is an error, of
 * the engine mostly, and leaves nothing behind. */
struct err *compare_images(struct engine *e, const struct compare *c, struct spool_budget *budget,
                           struct compared *out) MUST_USE;

#endif
