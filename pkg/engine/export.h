/* export: an image out of the engine as an archive (docker save), entry by entry.
 *
 * There are two layouts (moby image/tarexport/save.go, containerd core/images/archive/exporter.go).
 * Before Docker 25: "<id>/layer.tar" for each layer, uncompressed, "<hex of the config digest>.json" and
 * manifest.json. Since then, and of the containerd store: "blobs/sha256/<hex>" for everything, beside
 * manifest.json; there the layers of the classic store are uncompressed, so that their digests are their
 * diff ids. Entries come sorted by name. The classic store writes a temporary copy of its own first:
 * seconds of silence.
 */
#ifndef ENGINE_EXPORT_H
#define ENGINE_EXPORT_H

#include "engine/engine.h"
#include "tar/tar.h"

struct engine_export;

/* engine_export_open: ref is a name or an id. RW4101_IMAGE_NOT_BUILT: no such image. */
struct err *engine_export_open(struct engine *e, const char *ref, struct net_wait wait,
                               struct engine_export **out) MUST_USE;
void engine_export_free(struct engine_export *x);
DEFINE_FREEP(engine_export)

/* engine_export_next, engine_export_read: as tar_read_next and tar_read_data. *more is false only when the
 * archive and the engine's answer are whole. RW4201_IMAGE_STREAM: it is cut, broken, or has the engine's
 * error inside. */
struct err *engine_export_next(struct engine_export *x, struct tar_entry *entry, bool *more) MUST_USE;
struct err *engine_export_read(struct engine_export *x, void *to, size_t room, size_t *len) MUST_USE;

#endif
