#include "node/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "node/archive.h"

enum { HELD_BYTES = 4 * 1024 * 1024, CONFIG_BYTES = 4 * 1024 * 1024 };

static const char DOCKER_LAYER_TYPE[] = "application/vnd.docker.image.rootfs.diff.tar";

/* A blob that came. */
struct piece {
    char digest[DIGEST_ROOM]; /* empty while it streams and nobody knows it */
    uint64_t size;
    struct spool *held; /* NULL: it was sent as it came */
    bool *sent;         /* for each target */
    struct piece *next;
};

struct delivery {
    const struct delivery_plan *plan;
    struct spool_budget budget;
    size_t *leading;       /* for each target: layers from the base on that it has */
    bool nothing_is_there; /* no target has a layer */
    struct archive_writer *archive;
    struct piece *streaming;
    struct piece *pieces;
    struct strv wanted; /* digests that have to come, once that is known */
    struct oci_manifest manifest;
    struct buf manifest_text; /* empty: none came */
};

/* Targets. */

static size_t target_count(const struct delivery *d)
{
    return d->plan->import->count;
}

static bool needs(const struct delivery *d, size_t target, size_t layer, const char *digest)
{
    return layer >= d->leading[target] && !holdings_blob(d->plan->holdings[target], digest);
}

static bool is_layer(const struct delivery *d, size_t layer, const char *digest)
{
    const char *its = d->manifest_text.len > 0 ? d->manifest.layers[layer].digest : d->plan->diff_ids->items[layer];
    return strcmp(its, digest) == 0;
}

/* Whom a blob is for: by its place among the layers, or, while that is not known, everybody who
 * has no such blob. */
static bool wants(const struct delivery *d, size_t target, const char *digest)
{
    bool is_known = d->manifest_text.len > 0;
    for (size_t i = 0; i < d->plan->diff_ids->count; i++) {
        if (!is_layer(d, i, digest))
            continue;
        if (needs(d, target, i, digest))
            return true;
        is_known = true;
    }
    return !is_known && !holdings_blob(d->plan->holdings[target], digest);
}

static void send_to_all(struct delivery *d)
{
    for (size_t i = 0; i < target_count(d); i++)
        d->plan->import->targets[i].passes = false;
}

/* Pieces. */

static struct piece *find_piece(const struct delivery *d, const char *digest)
{
    struct piece *p = d->pieces;
    while (p && strcmp(p->digest, digest) != 0)
        p = p->next;
    return p;
}

static void add_piece(struct delivery *d, struct piece *p)
{
    p->next = d->pieces;
    d->pieces = p;
}

static struct piece *piece_new(const struct delivery *d, const char *digest, uint64_t size, struct spool *held_steal)
{
    struct piece *p = xcalloc(1, sizeof *p);
    memcpy(p->digest, digest, strlen(digest) + 1);
    p->size = size;
    p->held = held_steal;
    p->sent = xcalloc(target_count(d) + 1, sizeof *p->sent);
    return p;
}

static void piece_free(struct piece *p)
{
    spool_free(p->held);
    free(p->sent);
    free(p);
}

/* Chooses whom the next entry is for: those who want the piece and have not got it. */
static bool choose_targets(struct delivery *d, struct piece *p)
{
    bool any = false;
    for (size_t i = 0; i < target_count(d); i++) {
        bool sends = !p->sent[i] && (!*p->digest || wants(d, i, p->digest));
        d->plan->import->targets[i].passes = !sends;
        p->sent[i] = p->sent[i] || sends;
        any = any || sends;
    }
    return any;
}

/* A spool's take. */
static struct err *add_data(void *ctx, const void *bytes, size_t len)
{
    return delivery_add(ctx, bytes, len);
}

static struct err *send_held(struct delivery *d, struct piece *p)
{
    if (!p->held || !choose_targets(d, p))
        return NULL;
    TRY(archive_begin_blob(d->archive, p->digest, p->size));
    TRY(spool_each(p->held, add_data, d));
    spool_free(STEAL(&p->held));
    return NULL;
}

/* What comes. */

static struct err *not_the_image(const char *why)
{
    return err_cause(err_new(RW4202_IMAGE_MISMATCH, "the engine gave another image than was asked for"), "%s", why);
}

static struct err *incomplete(const char *what)
{
    struct err *e = err_new(RW4201_IMAGE_STREAM, "the image that the engine gave is incomplete");
    return err_cause(e, "%s did not come", what);
}

struct spool_budget *delivery_budget(struct delivery *d)
{
    return &d->budget;
}

bool delivery_tells(const struct delivery *d, const char *digest, const char *accept, uint64_t *size)
{
    const struct piece *came = find_piece(d, digest);
    bool is_config = strcmp(digest, d->plan->config_digest) == 0 || oci_names_config(accept);
    bool there = came || (!is_config && !strv_has(&d->wanted, digest));
    *size = came ? came->size : 0;
    bool all_have_blob = true;
    for (size_t i = 0; i < target_count(d); i++) {
        const struct holding *blob = holdings_blob(d->plan->holdings[i], digest);
        all_have_blob = all_have_blob && blob;
        if (blob && *size == 0)
            *size = blob->size;
    }
    return came || !d->nothing_is_there ? there : there && all_have_blob;
}

bool delivery_takes_unnamed(const struct delivery *d)
{
    return d->nothing_is_there;
}

struct err *delivery_begin_unnamed(struct delivery *d, const char *name, uint64_t size)
{
    d->streaming = piece_new(d, "", size, NULL);
    choose_targets(d, d->streaming);
    return archive_begin(d->archive, name, size);
}

struct err *delivery_begin(struct delivery *d, const char *digest, uint64_t size, bool *streams)
{
    bool is_known = d->nothing_is_there || d->plan->comes_once || strv_has(&d->wanted, digest);
    struct piece *p = is_known && !find_piece(d, digest) ? piece_new(d, digest, size, NULL) : NULL;
    *streams = p && choose_targets(d, p);
    if (*streams) {
        d->streaming = p;
        return archive_begin_blob(d->archive, digest, size);
    }
    if (p)
        piece_free(p);
    return NULL;
}

struct err *delivery_add(struct delivery *d, const void *bytes, size_t len)
{
    return archive_add(d->archive, bytes, len);
}

void delivery_end(struct delivery *d, const char *digest)
{
    struct piece *p = STEAL(&d->streaming);
    if (!digest) {
        piece_free(p);
        return;
    }
    memcpy(p->digest, digest, DIGEST_ROOM);
    add_piece(d, p);
}

/* At once where it is known who needs it, so that what nobody needs is not held. */
static struct err *send_or_drop(struct delivery *d, struct piece *p)
{
    TRY(send_held(d, p));
    if (d->plan->comes_once)
        spool_free(STEAL(&p->held));
    return NULL;
}

struct err *delivery_keep(struct delivery *d, const char *digest, struct spool *blob_steal)
{
    struct piece *p = piece_new(d, digest, spool_size(blob_steal), blob_steal);
    bool is_config = strcmp(digest, d->plan->config_digest) == 0;
    bool is_placed = d->plan->comes_once ? strv_has(d->plan->diff_ids, digest) : d->nothing_is_there;
    if (find_piece(d, digest)) {
        piece_free(p);
        return NULL;
    }
    add_piece(d, p);
    return is_placed && !is_config ? send_or_drop(d, p) : NULL;
}

/* An index's other manifests (attestations, other platforms) are passed over. */
struct err *delivery_manifest(struct delivery *d, const char *media_type, const char *bytes, size_t len)
{
    AUTO(oci_manifest) m = { 0 };
    bool is_index = false;
    TRY(oci_manifest_parse(media_type, bytes, len, &is_index, &m));
    if (is_index || strcmp(m.config.digest, d->plan->config_digest) != 0)
        return NULL;
    if (m.layer_count != d->plan->diff_ids->count)
        return not_the_image("it has another number of layers");
    oci_manifest_release(&d->manifest);
    d->manifest = m;
    m = (struct oci_manifest){ 0 };
    buf_truncate(&d->manifest_text, 0);
    buf_add(&d->manifest_text, bytes, len);
    return NULL;
}

/* What came. */

/* The layer has to come, and did not: somebody needs it who has not got it. */
static bool is_wanting(const struct delivery *d, size_t layer)
{
    const char *digest = d->manifest.layers[layer].digest;
    const struct piece *p = find_piece(d, digest);
    for (size_t i = 0; i < target_count(d); i++)
        if (needs(d, i, layer, digest) && !(p && p->sent[i]))
            return true;
    return false;
}

static struct err *layer_missing(const char *digest)
{
    AUTO_STR what = xasprintf("layer %s", digest);
    return incomplete(what);
}

struct err *delivery_settle(struct delivery *d, bool *again)
{
    if (d->manifest_text.len == 0)
        return not_the_image("none of its manifests has the configuration that was built");
    for (struct piece *p = d->pieces; p; p = p->next)
        TRY(send_held(d, p));
    *again = false;
    for (size_t i = 0; i < d->manifest.layer_count; i++) {
        const char *digest = d->manifest.layers[i].digest;
        if (!is_wanting(d, i))
            continue;
        if (d->plan->comes_once || strv_has(&d->wanted, digest) || find_piece(d, digest))
            return layer_missing(digest);
        strv_add(&d->wanted, digest);
        *again = true;
    }
    return NULL;
}

static struct err *check_config(struct delivery *d, const struct buf *text)
{
    AUTO(strv) diff_ids = { 0 };
    TRY(oci_config_diff_ids(buf_text(text), text->len, &diff_ids));
    return strv_equal(&diff_ids, d->plan->diff_ids)
               ? NULL
               : not_the_image("its configuration names other layers than the engine built");
}

static struct err *add_config(struct delivery *d)
{
    AUTO(buf) text = BUF_INIT(CONFIG_BYTES);
    struct piece *p = find_piece(d, d->plan->config_digest);
    if (!p || !p->held)
        return incomplete("its configuration");
    TRY(spool_read(p->held, &text));
    TRY(check_config(d, &text));
    TRY(archive_begin_blob(d->archive, p->digest, p->size));
    return archive_add(d->archive, text.bytes, text.len);
}

/* A size in the manifest may be one that the engine was told by us, who did not know it. */
static uint64_t true_size(const struct delivery *d, const struct oci_descriptor *layer)
{
    const struct piece *p = find_piece(d, layer->digest);
    if (p)
        return p->size;
    for (size_t i = 0; i < target_count(d); i++) {
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
    for (size_t i = 0; i < target_count(d); i++) {
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
    const struct piece *config = find_piece(d, d->plan->config_digest);
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
        const struct piece *p = find_piece(d, layer->digest);
        struct node_layer l = { .diff_id = d->plan->diff_ids->items[i],
                                .size = true_size(d, layer),
                                .nodes = target_count(d) };
        for (size_t j = 0; j < target_count(d); j++) {
            bool had = i < d->leading[j];
            l.had += had;
            l.blob += !had && holdings_blob(d->plan->holdings[j], layer->digest);
            l.sent += p && p->sent[j];
        }
        take(ctx, &l);
    }
}

static struct err *find_leading(struct delivery *d)
{
    AUTO(strv) chains = { 0 };
    TRY(oci_chain_ids(d->plan->diff_ids, &chains));
    d->leading = xcalloc(target_count(d) + 1, sizeof *d->leading);
    d->nothing_is_there = true;
    for (size_t i = 0; i < target_count(d); i++) {
        d->leading[i] = holdings_leading(d->plan->holdings[i], &chains);
        d->nothing_is_there = d->nothing_is_there && d->leading[i] == 0;
    }
    return NULL;
}

struct err *delivery_new(const struct delivery_plan *plan, struct delivery **out)
{
    AUTO_PTR(delivery) d = xcalloc(1, sizeof *d);
    d->plan = plan;
    d->manifest_text = BUF_INIT(SIZE_MAX);
    atomic_init(&d->budget.left, HELD_BYTES);
    TRY(find_leading(d));
    TRY(archive_writer_new(plan->import, &d->archive));
    *out = STEAL(&d);
    return NULL;
}

void delivery_free(struct delivery *d)
{
    if (!d)
        return;
    while (d->pieces) {
        struct piece *next = d->pieces->next;
        piece_free(d->pieces);
        d->pieces = next;
    }
    if (d->streaming)
        piece_free(d->streaming);
    archive_writer_free(d->archive);
    buf_release(&d->manifest_text);
    oci_manifest_release(&d->manifest);
    strv_release(&d->wanted);
    free(d->leading);
    free(d);
}
