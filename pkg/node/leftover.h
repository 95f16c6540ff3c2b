/* leftover: a name that an image has in the engine for as long as one push takes. Used within node
 * only.
 *
 * A push that is killed leaves the name behind. So each is noted beforehand as an empty file of the
 * state directory, locked while its push lives; a later push finds the files that nobody holds, and
 * removes those names, no others.
 */
#ifndef NODE_LEFTOVER_H
#define NODE_LEFTOVER_H

#include "engine/engine.h"

struct leftover {
    char *path;
    int lock; /* -1: none */
};

/* leftover_note: "127.0.0.1:41234/x:rwml" is about to become a name in the engine. RW9001_FILE. */
struct err *leftover_note(const char *state_dir, const char *image_name, struct leftover *out) MUST_USE;

/* leftover_forget: the name is gone again. */
struct err *leftover_forget(struct leftover *l) MUST_USE;
void leftover_release(struct leftover *l);

/* leftover_clear: removes the names of pushes that were killed; what cannot be removed now is left to
 * the next push. RW9001_FILE: the directory cannot be read. RW9009_INTERRUPTED. */
struct err *leftover_clear(struct engine *e, const char *state_dir, struct net_wait wait) MUST_USE;

#endif
