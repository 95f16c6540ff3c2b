#include "node/export.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "engine/export.h"

enum {
    PIECE = 64 * 1024,
    SMALL_BYTES = 4 * 1024 * 1024, /* up to it a blob is looked at: it may be a configuration or a manifest */
    MANIFEST_BYTES = 4 * 1024 * 1024
};

/* One export on its way. */
struct reading {
    const struct export *x;
    struct engine_export *from;
    struct delivery *to;
    struct oci_manifest composed; /* of a layout that has no manifest of its own */
    bool has_manifest;
    char piece[PIECE];
};

static void reading_release(struct reading *r)
{
    engine_export_free(r->from);
    oci_manifest_release(&r->composed);
}

static struct err *unusable(const char *why, const char *name)
{
    struct err *e = err_new(RW4201_IMAGE_STREAM, "the image that the engine exports cannot be used");
    return err_cause(e, "%s: %s", why, name);
}

/* The bytes of this entry. */

/* All of them to take; digest (may be NULL) is what they have. */
static struct err *pump(struct reading *r, struct err *(*take)(void *ctx, const void *bytes, size_t len), void *ctx,
                        char digest[DIGEST_ROOM])
{
    AUTO(digest_sha256) sum = { 0 };
    size_t len = 1;
    TRY(digest_sha256_init(&sum));
    while (len > 0) {
        TRY(engine_export_read(r->from, r->piece, sizeof r->piece, &len));
        digest_sha256_update(&sum, r->piece, len);
        if (len > 0)
            TRY(take(ctx, r->piece, len));
    }
    digest_sha256_final(&sum, digest);
    return NULL;
}

static struct err *to_nodes(void *ctx, const void *bytes, size_t len)
{
    return delivery_add(ctx, bytes, len);
}

static struct err *to_spool(void *ctx, const void *bytes, size_t len)
{
    return spool_add(ctx, bytes, len);
}

static struct err *hold(struct reading *r, char digest[DIGEST_ROOM], struct spool **out)
{
    AUTO_PTR(spool) held = spool_new(r->x->spool_dir, delivery_budget(r->to));
    TRY(pump(r, to_spool, held, digest));
    *out = STEAL(&held);
    return NULL;
}

static struct err *check_blob(const char *want, const char *digest)
{
    return strcmp(digest, want) == 0 ? NULL : unusable("it holds a blob that is not what its name says", want);
}

static struct err *check_layer(const struct reading *r, const char *digest)
{
    return strv_has(r->x->plan->diff_ids, digest) ? NULL : unusable("it holds a layer of another image", digest);
}

/* want NULL: one of the layers. */
static struct err *stream(struct reading *r, const char *want, char digest[DIGEST_ROOM])
{
    struct err *e = pump(r, to_nodes, r->to, digest);
    if (!e)
        e = want ? check_blob(want, digest) : check_layer(r, digest);
    delivery_end(r->to, e ? NULL : digest);
    return e;
}

/* Blobs that are called by their digests. */

static struct err *take_manifest(struct reading *r, struct spool *blob)
{
    AUTO(buf) text = BUF_INIT(MANIFEST_BYTES);
    json_t *parsed = NULL;
    TRY(spool_read(blob, &text));
    if (text.len == 0 || text.bytes[0] != '{')
        return NULL;
    err_ignore(doc_parse_json(buf_text(&text), text.len, "a blob", &parsed), "then it is no manifest");
    DOC_AUTO tree = parsed;
    const char *config = doc_text(tree, "/config/digest"), *type = doc_text(tree, "/mediaType");
    if (!config || strcmp(config, r->x->plan->config_digest) != 0)
        return NULL;
    r->has_manifest = true;
    return delivery_manifest(r->to, type ? type : OCI_MANIFEST_TYPE, text.bytes, text.len);
}

static struct err *take_small(struct reading *r, const char *digest)
{
    char found[DIGEST_ROOM];
    AUTO_PTR(spool) held = NULL;
    TRY(hold(r, found, &held));
    TRY(check_blob(digest, found));
    TRY(take_manifest(r, held));
    if (strcmp(digest, r->x->plan->config_digest) == 0)
        r->composed.config.size = spool_size(held);
    return delivery_keep(r->to, digest, STEAL(&held));
}

static struct err *take_blob(struct reading *r, const char *digest, uint64_t size)
{
    char found[DIGEST_ROOM];
    bool streams = false;
    if (size <= SMALL_BYTES)
        return take_small(r, digest);
    struct err *e = delivery_begin(r->to, digest, size, &streams);
    if (e && streams)
        delivery_end(r->to, NULL);
    TRY(e);
    return streams ? stream(r, digest, found) : NULL;
}

/* Layers before Docker 25. */

static void note_size(struct reading *r, const char *diff_id, uint64_t size)
{
    for (size_t i = 0; i < r->composed.layer_count; i++)
        if (strcmp(r->composed.layers[i].digest, diff_id) == 0)
            r->composed.layers[i].size = size;
}

static struct err *stream_layer(struct reading *r, const char *name, uint64_t size)
{
    char digest[DIGEST_ROOM];
    struct err *e = delivery_begin_unnamed(r->to, name, size);
    if (e)
        delivery_end(r->to, NULL);
    TRY(e);
    TRY(stream(r, NULL, digest));
    note_size(r, digest, size);
    return NULL;
}

static struct err *hold_layer(struct reading *r, uint64_t size)
{
    char digest[DIGEST_ROOM];
    AUTO_PTR(spool) held = NULL;
    TRY(hold(r, digest, &held));
    TRY(check_layer(r, digest));
    note_size(r, digest, size);
    return delivery_keep(r->to, digest, STEAL(&held));
}

static struct err *take_layer(struct reading *r, const char *name, uint64_t size)
{
    return delivery_takes_unnamed(r->to) ? stream_layer(r, name, size) : hold_layer(r, size);
}

/* The export that has no manifest is of layers by their diff ids, which is one as good. */
static void begin_composed(struct reading *r)
{
    const struct strv *diff_ids = r->x->plan->diff_ids;
    struct oci_manifest *m = &r->composed;
    *m = (struct oci_manifest){ .media_type = xstrdup(OCI_MANIFEST_TYPE),
                                .layers = xcalloc(diff_ids->count + 1, sizeof *m->layers),
                                .config = { .media_type = xstrdup(OCI_CONFIG_TYPE) } };
    memcpy(m->config.digest, r->x->plan->config_digest, DIGEST_ROOM);
    for (size_t i = 0; i < diff_ids->count; i++) {
        struct oci_descriptor *layer = &m->layers[m->layer_count++];
        layer->media_type = xstrdup(OCI_LAYER_TYPE);
        memcpy(layer->digest, diff_ids->items[i], DIGEST_ROOM);
    }
}

static struct err *give_composed(struct reading *r)
{
    AUTO_STR text = oci_manifest_text(&r->composed);
    return delivery_manifest(r->to, OCI_MANIFEST_TYPE, text, strlen(text));
}

/* Entries. */

static struct err *read_configs(struct engine_export *from, uint64_t size, struct strv *out)
{
    AUTO(buf) text = BUF_INIT(MANIFEST_BYTES);
    char piece[4096];
    size_t len = 1;
    if (size > MANIFEST_BYTES)
        return unusable("it is too large", "manifest.json");
    while (len > 0) {
        TRY(engine_export_read(from, piece, sizeof piece, &len));
        buf_add(&text, piece, len);
    }
    return oci_saved_configs(buf_text(&text), text.len, out);
}

static struct err *check_configs(struct reading *r, uint64_t size)
{
    AUTO(strv) configs = { 0 };
    const char *want = r->x->plan->config_digest;
    TRY(read_configs(r->from, size, &configs));
    if (strv_has(&configs, want))
        return NULL;
    struct err *other = err_new(RW4202_IMAGE_MISMATCH, "the engine exports another image than was asked for");
    return err_cause(other, "expected %s, got %s: was it built again meanwhile?", want, configs.items[0]);
}

static struct err *take_entry(struct reading *r, const struct tar_entry *entry)
{
    char digest[DIGEST_ROOM];
    if (entry->kind != TAR_FILE)
        return NULL;
    if (strcmp(entry->name, "manifest.json") == 0)
        return check_configs(r, entry->size);
    if (oci_saved_digest(entry->name, digest))
        return take_blob(r, digest, entry->size);
    return str_ends(entry->name, "/layer.tar") ? take_layer(r, entry->name, entry->size) : NULL;
}

static struct err *read_all(struct reading *r)
{
    struct tar_entry entry;
    bool more = true;
    for (;;) {
        TRY(engine_export_next(r->from, &entry, &more));
        if (!more)
            return NULL;
        TRY(take_entry(r, &entry));
    }
}

struct err *export_deliver(struct engine *e, const struct export *x, struct delivery *to)
{
    AUTO(reading) r = { .x = x, .to = to };
    bool again = false;
    begin_composed(&r);
    TRY(engine_export_open(e, x->image_id, x->wait, &r.from));
    TRY(read_all(&r));
    if (!r.has_manifest)
        TRY(give_composed(&r));
    TRY(delivery_settle(to, &again));
    return delivery_finish(to);
}

/* The digest alone. */

static struct err *find_configs(struct engine_export *from, struct strv *out)
{
    struct tar_entry entry;
    bool more = true;
    for (;;) {
        TRY(engine_export_next(from, &entry, &more));
        if (!more)
            return NULL;
        if (entry.kind == TAR_FILE && strcmp(entry.name, "manifest.json") == 0)
            TRY(read_configs(from, entry.size, out));
    }
}

struct err *export_config_digest(struct engine *e, const char *ref, struct net_wait wait, char **out)
{
    AUTO_PTR(engine_export) from = NULL;
    AUTO(strv) configs = { 0 };
    TRY(engine_export_open(e, ref, wait, &from));
    TRY(find_configs(from, &configs));
    if (configs.count != 1)
        return unusable("it does not name one image", "manifest.json");
    *out = xstrdup(configs.items[0]);
    return NULL;
}
