/* push: the engine's own way of giving an image away, layer by layer. */
#ifndef ENGINE_PUSH_H
#define ENGINE_PUSH_H

#include "engine/engine.h"

struct engine_registry {
    const char *repository; /* "127.0.0.1:41234/path"; the engine speaks plain HTTP to loopback addresses */
    const char *user;
    const char *password;
};

/* What is asked and told at each line of the engine's progress. */
struct engine_push_watch {
    struct err *(*stop)(void *ctx); /* its error ends the push */
    void (*on_progress)(void *ctx, uint64_t done,
                        uint64_t total); /* uncompressed bytes of what it sends; may be NULL */
    void *ctx;
};

/* engine_image_push: has the engine push the image of this id (engine_image.id) to a registry. It
 * can push names only, so the image gets one for the time of the call; neither that nor the digest
 * reference that the classic store adds (moby distribution/push_v2.go) is left behind, also on
 * error and when interrupted; *name_stays where the engine would not remove it, which is no error.
 *
 * stop is there because the classic store tries a layer that fails five times, for a minute and more.
 * Other errors: RW4203_PUSH_FAILED with the engine's words; RW4101_IMAGE_NOT_BUILT. */
struct err *engine_image_push(struct engine *e, const char *id, const struct engine_registry *to, struct net_wait wait,
                              const struct engine_push_watch *watch, bool *name_stays) MUST_USE;

/* engine_image_publish: has the engine push a name that it has, "localhost:5001/orders:dev", to the registry
 * that the name begins with, without credentials. *pushed: how many layers were not there. RW4203_PUSH_FAILED
 * with the engine's words, or when a layer fails for the second time, after some 5 s. */
struct err *engine_image_publish(struct engine *e, const char *name, struct net_wait wait,
                                 const struct engine_push_watch *watch, size_t *pushed) MUST_USE;

/* engine_image_name: gives the image of this id another name, "orders:dev"; RW4101_IMAGE_NOT_BUILT.
 * engine_image_unname: removes a name, fine when it is not there; an image that has no other goes with its
 * last one. */
struct err *engine_image_name(struct engine *e, const char *id, const char *name, struct net_wait wait) MUST_USE;
struct err *engine_image_unname(struct engine *e, const char *name, struct net_wait wait) MUST_USE;
#define ENGINE_PUSH_TAG "rwml" /* of the repository that engine_image_push pushes to */

#endif
