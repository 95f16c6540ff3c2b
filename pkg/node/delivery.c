#include "node/delivery_state.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_BYTES = 4 * 1024 * 1024 };

/* Targets. */

size_t delivery_targets(const struct delivery *d)
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

/* Pieces. */

struct piece *delivery_find(const struct delivery *d, const char *digest)
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
    p->sent = xcalloc(delivery_targets(d) + 1, sizeof *p->sent);
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
    for (size_t i = 0; i < delivery_targets(d); i++) {
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

struct err *delivery_not_the_image(const char *why)
{
    return err_cause(err_new(RW4202_IMAGE_MISMATCH, "the engine gave another image than was asked for"), "%s", why);
}

struct err *delivery_incomplete(const char *what)
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
    const struct piece *came = delivery_find(d, digest);
    bool is_config = strcmp(digest, d->plan->config_digest) == 0 || oci_names_config(accept);
    bool there = came || (!is_config && !strv_has(&d->wanted, digest));
    *size = came ? came->size : 0;
    bool all_have_blob = true;
    for (size_t i = 0; i < delivery_targets(d); i++) {
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
    struct piece *p = is_known && !delivery_find(d, digest) ? piece_new(d, digest, size, NULL) : NULL;
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
    if (delivery_find(d, digest)) {
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
        return delivery_not_the_image("it has another number of layers");
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
    const struct piece *p = delivery_find(d, digest);
    for (size_t i = 0; i < delivery_targets(d); i++)
        if (needs(d, i, layer, digest) && !(p && p->sent[i]))
            return true;
    return false;
}

static struct err *layer_missing(const char *digest)
{
    AUTO_STR what = xasprintf("layer %s", digest);
    return delivery_incomplete(what);
}

struct err *delivery_settle(struct delivery *d, bool *again)
{
    if (d->manifest_text.len == 0)
        return delivery_not_the_image("none of its manifests has the configuration that was built");
    for (struct piece *p = d->pieces; p; p = p->next)
        TRY(send_held(d, p));
    *again = false;
    for (size_t i = 0; i < d->manifest.layer_count; i++) {
        const char *digest = d->manifest.layers[i].digest;
        if (!is_wanting(d, i))
            continue;
        if (d->plan->comes_once || strv_has(&d->wanted, digest) || delivery_find(d, digest))
            return layer_missing(digest);
        strv_add(&d->wanted, digest);
        *again = true;
    }
    return NULL;
}

static struct err *find_leading(struct delivery *d)
{
    AUTO(strv) chains = { 0 };
    TRY(oci_chain_ids(d->plan->diff_ids, &chains));
    d->leading = xcalloc(delivery_targets(d) + 1, sizeof *d->leading);
    d->nothing_is_there = true;
    for (size_t i = 0; i < delivery_targets(d); i++) {
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
