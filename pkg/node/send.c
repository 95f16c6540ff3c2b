#include "node/send.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "node/delivery_host.h"
#include "node/export.h"
#include "node/files.h"
#include "node/harvest.h"
#include "node/identity.h"
#include "oci/reference.h"

enum {
    PUSHES_AT_MOST = 2,
    COMPRESSING_COSTS = 6 /* times as much as to export as many bytes */
};

/* One image on its way. */
struct sending {
    struct engine *engine;
    const struct send *send;
    const struct node_push *push; /* these two are the send's */
    struct import *im;
    struct sent *sent;
    struct engine_image image;
    struct files files;
    bool containerd_store;
    uint64_t missing; /* bytes that some node lacks, at least */
};

static void sending_release(struct sending *s)
{
    engine_image_release(&s->image);
    files_release(&s->files);
}

void sent_release(struct sent *s)
{
    shipment_release(&s->shipment);
    free(s->content_name);
    *s = (struct sent){ 0 };
}

static void tell_way(const struct sending *s, enum node_way way, const char *why)
{
    if (s->push->on_way)
        s->push->on_way(s->push->ctx, way, why);
}

/* What is on its way from here on. */
static void start(struct sending *s, const char *config_digest, const char *content_name, const struct strv *diff_ids)
{
    struct shipment *shipment = &s->sent->shipment;
    *shipment = (struct shipment){ .built = xstrdup(s->push->image->config_digest),
                                   .engine_id = xstrdup(s->image.id),
                                   .sent = xstrdup(config_digest) };
    for (size_t i = 0; i < diff_ids->count; i++)
        strv_add(&shipment->diff_ids, diff_ids->items[i]);
    s->sent->content_name = xstrdup(content_name);
    s->sent->image = (struct node_image){ .ref = s->push->image->ref,
                                          .config_digest = shipment->sent,
                                          .content_name = s->sent->content_name };
    s->im->image = &s->sent->image;
    import_start(s->im);
}

static void start_itself(struct sending *s)
{
    start(s, s->push->image->config_digest, s->push->image->content_name, &s->image.diff_ids);
}

/* Layers. */

static struct err *deliver(struct sending *s, const struct delivery *d)
{
    TRY(import_finish(s->im));
    if (s->push->on_layer)
        delivery_each_layer(d, s->push->on_layer, s->push->ctx);
    return NULL;
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    const struct sending *s = ctx;
    const struct node_push_progress progress = { .phase = NODE_PUSH_GATHERING, .bytes = done, .total = total };
    if (s->push->on_progress)
        s->push->on_progress(s->push->ctx, &progress);
}

static struct err *push_until_complete(struct sending *s, struct delivery *d, const struct oci_host *host, bool *met)
{
    const struct harvest h = { .image_id = s->image.id,
                               .host = host,
                               .state_dir = s->push->state_dir,
                               .wait = s->push->wait,
                               .on_progress = on_progress,
                               .ctx = s };
    bool again = true;
    for (int i = 0; again; i++) {
        if (i == PUSHES_AT_MOST)
            return err_new(RW4201_IMAGE_STREAM, "the engine does not push what it is asked for");
        TRY(harvest(s->engine, &h, met));
        TRY(delivery_settle(d, &again));
    }
    return delivery_finish(d);
}

static struct err *push_layers(struct sending *s, struct delivery_plan *plan, bool *met)
{
    AUTO_PTR(delivery) d = NULL;
    TRY(delivery_new(plan, &d));
    AUTO_PTR(delivery_host) host = delivery_host_new(d, s->push->state_dir);
    TRY(push_until_complete(s, d, delivery_host_of(host), met));
    return deliver(s, d);
}

static struct err *export_layers(struct sending *s, struct delivery_plan *plan, const char *why)
{
    AUTO_PTR(delivery) d = NULL;
    const struct export x = {
        .image_id = s->image.id, .plan = plan, .spool_dir = s->push->state_dir, .wait = s->push->wait
    };
    plan->comes_once = true;
    tell_way(s, NODE_WAY_EXPORT, why);
    TRY(delivery_new(plan, &d));
    TRY(export_deliver(s->engine, &x, d));
    return deliver(s, d);
}

static bool nothing_was_sent(const struct sending *s)
{
    for (size_t i = 0; i < s->im->count; i++)
        if (s->im->targets[i].sent > 0)
            return false;
    return true;
}

/* why_export NULL: by a push, where that is possible. */
static struct err *send_layers(struct sending *s, const char *why_export)
{
    AUTO_STR ref = NULL;
    AUTO_STR content = NULL;
    bool met = true;
    TRY(oci_full_name(s->push->image->ref, &ref));
    TRY(oci_full_name(s->push->image->content_name, &content));
    const char *const full_names[] = { ref, content, NULL };
    struct delivery_plan plan = { .import = s->im,
                                  .holdings = s->send->holdings,
                                  .diff_ids = &s->image.diff_ids,
                                  .config_digest = s->push->image->config_digest,
                                  .full_names = full_names };
    if (why_export)
        return export_layers(s, &plan, why_export);
    struct err *e = push_layers(s, &plan, &met);
    if (!e || err_get_code(e) != RW4203_PUSH_FAILED || !nothing_was_sent(s))
        return e;
    AUTO_STR why =
        xasprintf("the engine %s: %s", met ? "stopped its push" : "does not reach rwml at 127.0.0.1", err_get_cause(e));
    err_free(e);
    return export_layers(s, &plan, why);
}

/* Files. */

static struct err *send_files(struct sending *s)
{
    const struct files *f = &s->files;
    AUTO_STR base = NULL;
    TRY(oci_content_name(s->push->image->ref, f->base->sent, &base));
    tell_way(s, NODE_WAY_FILES, base);
    start(s, f->config_digest, f->content_name, &f->diff_ids);
    s->sent->shipment.bytes = spool_size(f->compared.layer);
    s->sent->shipment.file_layers = f->base->file_layers + (s->sent->shipment.bytes > 0);
    s->sent->shipment.is_base = files_may_be_base(f);
    return files_send(f, s->im, s->send->holdings);
}

/* *prepared false: they cannot, or need not travel so. */
static struct err *prepare_files(struct sending *s, bool *prepared)
{
    AUTO_STR why_not = NULL;
    *prepared = false;
    if (!s->send->may_be_files || s->missing < SEND_FILES_BYTES)
        return NULL;
    TRY(files_prepare(s->engine, s->push, &s->image, s->send->holdings, s->im->count, s->send->before, s->missing,
                      &s->files, &why_not));
    *prepared = !why_not;
    if (why_not)
        tell_way(s, NODE_WAY_NO_FILES, why_not);
    return NULL;
}

/* The way. */

static struct err *least_leading(const struct sending *s, size_t *out)
{
    AUTO(strv) chains = { 0 };
    TRY(oci_chain_ids(&s->image.diff_ids, &chains));
    *out = chains.count;
    for (size_t i = 0; i < s->im->count; i++) {
        size_t leading = holdings_leading(s->send->holdings[i], &chains);
        *out = leading < *out ? leading : *out;
    }
    return NULL;
}

/* Of the containerd store only files need to know it. */
static struct err *measure(struct sending *s)
{
    size_t leading = 0;
    if (s->containerd_store && !s->push->helper)
        return NULL;
    TRY(least_leading(s, &leading));
    return engine_image_top_bytes(s->engine, &s->image, s->image.diff_ids.count - leading, s->push->wait, &s->missing);
}

/* Why an export is faster than a push; owned, NULL: it is not. */
static char *why_export(const struct sending *s)
{
    if (s->containerd_store || s->missing < s->image.size / COMPRESSING_COSTS)
        return NULL;
    AUTO_STR lacks = num_bytes(s->missing);
    AUTO_STR size = num_bytes(s->image.size);
    return xasprintf("%s of %s are missing, and the engine would have to compress them first", lacks, size);
}

/* A later image is compared with this one, unless there is one that does as well: it lacks little. */
static bool becomes_base(const struct sending *s)
{
    bool has_one = false;
    for (size_t i = 0; i < s->send->before->count; i++)
        has_one = has_one || s->send->before->items[i].is_base;
    return s->push->helper && s->image.size >= SEND_FILES_BYTES && (!has_one || s->missing >= SEND_FILES_BYTES);
}

struct err *send_image(struct engine *e, const struct send *send, struct sent *out)
{
    AUTO(sending) s = { .engine = e, .send = send, .push = send->push, .im = send->import, .sent = out };
    bool as_files = false;
    /* By its id from here on, so that what is sent stays the same when the name moves meanwhile. */
    TRY(node_image_look(e, send->push->image, send->push->wait, &s.image, &s.containerd_store));
    TRY(measure(&s));
    TRY(prepare_files(&s, &as_files));
    if (as_files)
        return send_files(&s);
    AUTO_STR export = why_export(&s);
    start_itself(&s);
    out->shipment.is_base = becomes_base(&s);
    return send_layers(&s, export);
}
