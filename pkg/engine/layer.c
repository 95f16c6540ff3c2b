#include <stdlib.h>
#include <string.h>

#include "engine/export.h"
#include "engine/image.h"

enum { PIECE = 64 * 1024, HEAD = 512 /* of a file, to tell a layer from the rest, which is JSON */ };

struct engine_layer {
    struct engine_export *export;
    char piece[PIECE];
    size_t held; /* bytes of the piece that were read to look at them */
};

static bool may_be_layer(const struct tar_entry *entry)
{
    return entry->kind == TAR_FILE && (str_ends(entry->name, "/layer.tar") || str_starts(entry->name, "blobs/"));
}

static struct err *find_layer(struct engine_layer *l)
{
    struct tar_entry entry;
    for (bool more = true; more;) {
        TRY(engine_export_next(l->export, &entry, &more));
        if (!more || !may_be_layer(&entry))
            continue;
        TRY(engine_export_read(l->export, l->piece, HEAD, &l->held));
        if (l->held > 0 && l->piece[0] != '{')
            return NULL;
    }
    return err_new(RW4201_IMAGE_STREAM, "the image that the engine exports has no layer");
}

struct err *engine_image_layer(struct engine *e, const char *id, struct net_wait wait, struct engine_layer **out)
{
    AUTO_PTR(engine_layer) l = xcalloc(1, sizeof *l);
    TRY(engine_export_open(e, id, wait, &l->export));
    TRY(find_layer(l));
    *out = STEAL(&l);
    return NULL;
}

struct err *engine_layer_read(void *layer, const void **bytes, size_t *len)
{
    struct engine_layer *l = layer;
    *len = l->held;
    l->held = 0;
    if (*len == 0)
        TRY(engine_export_read(l->export, l->piece, sizeof l->piece, len));
    *bytes = l->piece;
    return NULL;
}

void engine_layer_free(struct engine_layer *l)
{
    if (!l)
        return;
    engine_export_free(l->export);
    free(l);
}
