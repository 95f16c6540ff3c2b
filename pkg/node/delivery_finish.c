#include <string.h>

#include "node/delivery_state.h"

enum { CONFIG_BYTES = 4 * 1024 * 1024 };

static const char DOCKER_LAYER_TYPE[] = "application/vnd.docker.image.rootfs.diff.tar";

static struct err *check_config(struct delivery *d, const struct buf *text)
{
    AUTO(strv) diff_ids = { 0 };
    TRY(oci_config_diff_ids(buf_text(text), text->len, &diff_ids));
    return strv_equal(&diff_ids, d->plan->diff_ids)
               ? NULL
               : delivery_not_the_image("its configuration names other layers than the engine built");
}

static struct err *add_config(struct delivery *d)
{
    AUTO(buf) text = BUF_INIT(CONFIG_BYTES);
    struct piece *p = delivery_find(d, d->plan->config_digest);
    if (!p || !p->held)
        return delivery_incomplete("its configuration");
    TRY(spool_read(p->held, &text));
    TRY(check_config(d, &text));
    TRY(archive_begin_blob(d->archive, p->digest, p->size));
    return archive_add(d->archive, text.bytes, text.len);
}

/* A size in the manifest may be one that the engine was told by us, who did not know it. */
static uint64_t true_size(const struct delivery *d, const struct oci_descriptor *layer)
{
    const struct piece *p = delivery_find(d, layer->digest);
    if (p)
        return p->size;
    for (size_t i = 0; i < delivery_targets(d); i++) {
        const struct holding *blob = holdings_blob(d->plan->holdings[i], layer->digest);
        if (blob && blob->size > 0)
            return blob->size;
    }
    return layer->size;
}

/* How large a layer is that nobody sent and no node has by the engine's digest is not known; but an
 * image that came by a whole export left its layers uncompressed, under their diff ids. */
static void describe_by_diff_id(const struct delivery *d, size_t layer)
{
    const char *diff_id = d->plan->diff_ids->items[layer];
    struct oci_descriptor *to = &d->manifest.layers[layer];
    uint64_t size = 0;
    for (size_t i = 0; i < delivery_targets(d); i++) {
        const struct holding *blob = holdings_blob(d->plan->holdings[i], diff_id);
        if (!blob || blob->size == 0)
            return;
        size = blob->size;
    }
    str_set(&to->media_type, strstr(to->media_type, "vnd.oci.") ? OCI_LAYER_TYPE : DOCKER_LAYER_TYPE);
    memcpy(to->digest, diff_id, DIGEST_ROOM);
    to->size = size;
}

/* The engine's own text where it is true as it is, so that the manifest keeps its digest. */
static struct err *manifest_for_nodes(struct delivery *d, struct buf *out)
{
    bool is_true = true;
    const struct piece *config = delivery_find(d, d->plan->config_digest);
    for (size_t i = 0; i < d->manifest.layer_count; i++) {
        struct oci_descriptor *layer = &d->manifest.layers[i];
        uint64_t size = true_size(d, layer);
        is_true = is_true && size == layer->size && size > 0;
        layer->size = size;
        if (size == 0)
            describe_by_diff_id(d, i);
    }
    is_true = is_true && d->manifest.config.size == config->size;
    d->manifest.config.size = config->size;
    if (is_true) {
        buf_add(out, d->manifest_text.bytes, d->manifest_text.len);
        return NULL;
    }
    AUTO_STR text = oci_manifest_text(&d->manifest);
    buf_adds(out, text);
    return NULL;
}

static void send_to_all(struct delivery *d)
{
    for (size_t i = 0; i < delivery_targets(d); i++)
        d->plan->import->targets[i].passes = false;
}

struct err *delivery_finish(struct delivery *d)
{
    AUTO(buf) text = BUF_INIT(SIZE_MAX);
    struct oci_descriptor manifest = { .media_type = d->manifest.media_type };
    send_to_all(d);
    TRY(add_config(d));
    TRY(manifest_for_nodes(d, &text));
    TRY(digest_of(text.bytes, text.len, manifest.digest));
    manifest.size = text.len;
    TRY(archive_begin_blob(d->archive, manifest.digest, text.len));
    TRY(archive_add(d->archive, text.bytes, text.len));
    AUTO_STR index = oci_index_text(&manifest, d->plan->full_names);
    TRY(archive_add_text(d->archive, "index.json", index));
    TRY(archive_add_text(d->archive, "oci-layout", OCI_LAYOUT_TEXT));
    return archive_finish(d->archive);
}

void delivery_each_layer(const struct delivery *d, void (*take)(void *ctx, const struct node_layer *layer), void *ctx)
{
    for (size_t i = 0; i < d->manifest.layer_count; i++) {
        const struct oci_descriptor *layer = &d->manifest.layers[i];
        const struct piece *p = delivery_find(d, layer->digest);
        struct node_layer l = { .diff_id = d->plan->diff_ids->items[i],
                                .size = true_size(d, layer),
                                .nodes = delivery_targets(d) };
        for (size_t j = 0; j < delivery_targets(d); j++) {
            bool had = i < d->leading[j];
            l.had += had;
            l.blob += !had && holdings_blob(d->plan->holdings[j], layer->digest);
            l.sent += p && p->sent[j];
        }
        take(ctx, &l);
    }
}
