#include <stdlib.h>
#include <string.h>

#include "engine/call.h"
#include "engine/image.h"
#include "tar/tar.h"

enum { PIECE = 64 * 1024, HEAD = 512 /* of a file, to tell a layer from the rest */ };

/* An export is an archive of files: "<hex>/layer.tar" before Docker 25, "blobs/sha256/<hex>" since, where
 * what is no layer is JSON. */
struct engine_layer {
    struct engine *engine;
    struct http_path path;
    struct http_request request;
    struct http_response answer;
    struct http_body *body;
    struct tar_reader *reader;
    char piece[PIECE];
    size_t held; /* bytes of the piece that were read to look at them */
};

static struct err *pull(void *ctx, const void **bytes, size_t *len)
{
    struct engine_layer *l = ctx;
    return engine_failure(l->engine, &l->answer, http_body_read(l->body, bytes, len));
}

static bool may_be_layer(const struct tar_entry *entry)
{
    return entry->kind == TAR_FILE && (str_ends(entry->name, "/layer.tar") || str_starts(entry->name, "blobs/"));
}

static struct err *find_layer(struct engine_layer *l)
{
    struct tar_entry entry;
    for (bool more = true; more;) {
        TRY(tar_read_next(l->reader, &entry, &more));
        if (!more || !may_be_layer(&entry))
            continue;
        TRY(tar_read_data(l->reader, l->piece, HEAD, &l->held));
        if (l->held > 0 && l->piece[0] != '{')
            return NULL;
    }
    return err_new(RW4201_IMAGE_STREAM, "the image that the engine exports has no layer");
}

static struct err *open_export(struct engine_layer *l, const char *id)
{
    TRY(engine_failure(l->engine, &l->answer, http_body_open(l->engine->http, &l->request, &l->answer, &l->body)));
    if (!l->body)
        return engine_refused(&l->answer, "export image %s", id);
    TRY(tar_reader_new(pull, l, &l->reader));
    return find_layer(l);
}

struct err *engine_image_layer(struct engine *e, const char *id, struct net_wait wait, struct engine_layer **out)
{
    AUTO_PTR(engine_layer) l = xcalloc(1, sizeof *l);
    l->engine = e;
    l->path = HTTP_PATH_INIT;
    http_path_fixed(&l->path, "/images");
    http_path_segment(&l->path, id);
    http_path_fixed(&l->path, "/get");
    l->request = (struct http_request){ .method = "GET", .path = &l->path, .wait = wait };
    TRY(open_export(l, id));
    *out = STEAL(&l);
    return NULL;
}

struct err *engine_layer_read(void *layer, const void **bytes, size_t *len)
{
    struct engine_layer *l = layer;
    *len = l->held;
    l->held = 0;
    if (*len == 0)
        TRY(tar_read_data(l->reader, l->piece, sizeof l->piece, len));
    *bytes = l->piece;
    return NULL;
}

void engine_layer_free(struct engine_layer *l)
{
    if (!l)
        return;
    tar_reader_free(l->reader);
    http_body_close(l->body);
    http_response_release(&l->answer);
    http_path_release(&l->path);
    free(l);
}
