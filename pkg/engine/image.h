/* image: what the engine's image store has, and getting images into and out of it. */
#ifndef ENGINE_IMAGE_H
#define ENGINE_IMAGE_H

#include "engine/engine.h"
#include "http/client.h"

struct engine_image {
    char *id;      /* "sha256:…": the config's digest (classic store) or the manifest's (containerd store) */
    uint64_t size; /* bytes, uncompressed */
    char *created; /* RFC 3339 */
    char *os;
    char *architecture;   /* "amd64" */
    struct strv tags;     /* "orders:dev" */
    struct strv diff_ids; /* "sha256:…" of the uncompressed layers, base first */
    bool classic_store;   /* the engine surely has the classic store: its driver is no snapshotter of containerd */
    bool has_triggers;    /* ONBUILD: a build upon it begins with steps of its own */
};

/* engine_image_inspect: ref is a name or an id. *found false, and out untouched, when the engine
 * has no such image: no error. */
struct err *engine_image_inspect(struct engine *e, const char *ref, struct net_wait wait, bool *found,
                                 struct engine_image *out) MUST_USE;
void engine_image_release(struct engine_image *i);

/* engine_image_top_bytes: how large, in uncompressed bytes, the topmost `layers` layers are, as far as the
 * history tells that: it does not say which steps of size 0 made a layer, so that where their words do
 * not tell either, steps of some size further below are counted. */
struct err *engine_image_top_bytes(struct engine *e, const struct engine_image *image, size_t layers,
                                   struct net_wait wait, uint64_t *out) MUST_USE;

/* engine_image_config: the image's configuration as JSON (image-spec config.md) out of what the engine tells of it:
 * all that decides how a container runs, without the layers and how they were made. Owned. */
struct err *engine_image_config(struct engine *e, const char *id, struct net_wait wait, char **out) MUST_USE;

/* engine_image_layer: the bytes of an image's only layer, in the engine's own compression, out of an
 * export that ends with it. RW4201_IMAGE_STREAM when there is none. */
struct engine_layer;
struct err *engine_image_layer(struct engine *e, const char *id, struct net_wait wait,
                               struct engine_layer **out) MUST_USE;
struct err *engine_layer_read(void *layer, const void **bytes, size_t *len) MUST_USE; /* a pull of pkg/tar */
void engine_layer_free(struct engine_layer *l);
DEFINE_FREEP(engine_layer)

/* engine_pull: gets an image from its registry, without credentials (X-Registry-Auth "{}").
 * RW3202_BASE_PULL_FAILED names the image; the cause is the engine's. */
struct engine_pull_progress { /* borrowed for the duration of the callback */
    const char *layer;        /* "a1b2c3d4e5f6" or NULL */
    const char *status;       /* "Downloading" */
    int64_t current, total;   /* bytes of this layer; total 0: not known */
};
struct err *engine_pull(struct engine *e, const char *ref, const char *platform, struct net_wait wait,
                        void (*on_progress)(void *ctx, const struct engine_pull_progress *progress),
                        void *ctx) MUST_USE;

#endif
