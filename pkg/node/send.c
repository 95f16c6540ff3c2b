#include "node/send.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "engine/image.h"
#include "node/delivery.h"
#include "node/harvest.h"
#include "oci/reference.h"

enum {
    PUSHES_AT_MOST = 2,
    COMPRESSING_COSTS = 6 /* times as much as to export as many bytes */
};

/* One image on its way. */
struct sending {
    struct engine *engine;
    const struct node_push *push;
    struct import *im;
    const struct holdings *const *holdings;
    struct engine_image image;
    bool containerd_store;
};

static void sending_release(struct sending *s)
{
    engine_image_release(&s->image);
}

static struct err *send_whole(struct sending *s, const char *why)
{
    const struct node_image *image = s->push->image;
    struct http_sink sink = { import_take, s->im };
    struct engine_export whole = { 0 };
    if (s->push->on_whole)
        s->push->on_whole(s->push->ctx, why);
    struct err *e = engine_image_export(s->engine, image->ref, image->config_digest, s->push->wait, sink, &whole);
    free(whole.config_digest);
    return e ? e : import_finish(s->im);
}

/* Layers. */

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    const struct sending *s = ctx;
    const struct node_push_progress progress = { .phase = NODE_PUSH_GATHERING, .bytes = done, .total = total };
    if (s->push->on_progress)
        s->push->on_progress(s->push->ctx, &progress);
}

static struct err *push_until_complete(struct sending *s, struct delivery *d, bool *met)
{
    const struct harvest h = { .image_id = s->image.id,
                               .host = delivery_host(d),
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
    TRY(delivery_finish(d));
    return import_finish(s->im);
}

static bool nothing_was_sent(const struct sending *s)
{
    for (size_t i = 0; i < s->im->count; i++)
        if (s->im->targets[i].sent > 0)
            return false;
    return true;
}

static struct err *send_layers(struct sending *s)
{
    AUTO_STR full_name = NULL;
    AUTO_PTR(delivery) d = NULL;
    TRY(oci_full_name(s->push->image->ref, &full_name));
    const struct delivery_plan plan = { .import = s->im,
                                        .holdings = s->holdings,
                                        .diff_ids = &s->image.diff_ids,
                                        .config_digest = s->push->image->config_digest,
                                        .full_name = full_name,
                                        .spool_dir = s->push->state_dir };
    bool met = true;
    TRY(delivery_new(&plan, &d));
    struct err *e = push_until_complete(s, d, &met);
    if (e && err_get_code(e) == RW4203_PUSH_FAILED && nothing_was_sent(s)) {
        AUTO_STR why = xasprintf("the engine %s: %s", met ? "stopped its push" : "does not reach rwml at 127.0.0.1",
                                 err_get_cause(e));
        err_free(e);
        return send_whole(s, why);
    }
    if (!e && s->push->on_layer)
        delivery_each_layer(d, s->push->on_layer, s->push->ctx);
    return e;
}

/* The way. */

static struct err *least_leading(const struct sending *s, size_t *out)
{
    AUTO(strv) chains = { 0 };
    TRY(oci_chain_ids(&s->image.diff_ids, &chains));
    *out = chains.count;
    for (size_t i = 0; i < s->im->count; i++) {
        size_t leading = holdings_leading(s->holdings[i], &chains);
        *out = leading < *out ? leading : *out;
    }
    return NULL;
}

/* *why NULL: layers. */
static struct err *choose_way(const struct sending *s, char **why)
{
    size_t leading = 0;
    uint64_t missing = 0;
    if (s->containerd_store)
        return NULL;
    TRY(least_leading(s, &leading));
    TRY(engine_image_top_bytes(s->engine, &s->image, s->image.diff_ids.count - leading, s->push->wait, &missing));
    if (missing < s->image.size / COMPRESSING_COSTS)
        return NULL;
    AUTO_STR lacks = num_bytes(missing);
    AUTO_STR size = num_bytes(s->image.size);
    *why = xasprintf("%s of %s are missing, and the engine would have to compress them first", lacks, size);
    return NULL;
}

/* The image by its id, so that what is sent stays the same when the name moves meanwhile. Of the
 * classic store the id is the config digest, of the containerd store it never is. */
static struct err *look(struct sending *s)
{
    const struct node_image *image = s->push->image;
    AUTO(engine_info) info = { 0 };
    bool found = false;
    TRY(engine_image_inspect(s->engine, image->ref, s->push->wait, &found, &s->image));
    if (!found)
        return err_new(RW4101_IMAGE_NOT_BUILT, "the engine has no image %s", image->ref);
    if (strcmp(s->image.id, image->config_digest) == 0)
        return NULL;
    TRY(engine_info(s->engine, s->push->wait, &info));
    s->containerd_store = info.containerd_store;
    if (s->containerd_store)
        return NULL;
    struct err *other = err_new(RW4202_IMAGE_MISMATCH, "%s is another image by now", image->ref);
    return err_cause(other, "expected %s, got %s: was it built again meanwhile?", image->config_digest, s->image.id);
}

struct err *send_image(struct engine *e, const struct node_push *push, struct import *im,
                       const struct holdings *const *holdings)
{
    AUTO(sending) s = { .engine = e, .push = push, .im = im, .holdings = holdings };
    AUTO_STR why = NULL;
    TRY(look(&s));
    TRY(choose_way(&s, &why));
    return why ? send_whole(&s, why) : send_layers(&s);
}
