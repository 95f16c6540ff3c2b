#include "node/files.h"

#include <stdlib.h>
#include <string.h>

#include "node/archive.h"
#include "node/failure.h"
#include "oci/image.h"
#include "oci/reference.h"

enum {
    HELD_BYTES = 4 * 1024 * 1024,
    FILE_LAYERS_MAX = 4,    /* of one image */
    BASE_BYTES = 64 * 1024, /* of changed files, above which they are not sent again */
    WORTH = 2               /* times as much would have to travel else */
};

void files_release(struct files *f)
{
    compared_release(&f->compared);
    strv_release(&f->diff_ids);
    free(f->config);
    free(f->content_name);
    *f = (struct files){ 0 };
}

/* The base. */

static struct err *all_have(const struct shipment *s, const struct holdings *const *holdings, size_t targets, bool *all)
{
    AUTO(strv) chains = { 0 };
    TRY(oci_chain_ids(&s->diff_ids, &chains));
    *all = chains.count > 0;
    for (size_t i = 0; *all && i < targets; i++)
        *all = holdings_leading(holdings[i], &chains) == chains.count;
    return NULL;
}

/* Under the name that was given to it, so that it is not one which somebody is about to remove. */
static struct err *engine_has(struct engine *e, const struct node_push *push, const struct shipment *s, bool *has)
{
    AUTO_STR name = NULL;
    AUTO(engine_image) image = { 0 };
    TRY(oci_content_name(push->image->ref, s->built, &name));
    TRY(engine_image_inspect(e, name, push->wait, has, &image));
    *has = *has && strcmp(image.id, s->engine_id) == 0;
    return NULL;
}

static struct err *find_base(struct engine *e, const struct node_push *push, const struct holdings *const *holdings,
                             size_t targets, const struct shipment_list *list, const struct shipment **out,
                             const char **why_not)
{
    bool fits = false;
    *why_not = "no image was sent before that it could be compared with";
    for (size_t i = 0; i < list->count; i++) {
        const struct shipment *s = &list->items[i];
        if (!s->is_base)
            continue;
        *why_not = "a node lacks the image that it could be compared with";
        TRY(all_have(s, holdings, targets, &fits));
        if (!fits)
            continue;
        *why_not = "the engine does not have the image any more that the nodes have";
        TRY(engine_has(e, push, s, &fits));
        if (!fits)
            continue;
        *out = s;
        return NULL;
    }
    return NULL;
}

/* The image. */

static struct err *describe(struct engine *e, const struct node_push *push, const struct engine_image *image,
                            struct files *f)
{
    AUTO_STR config = NULL;
    for (size_t i = 0; i < f->base->diff_ids.count; i++)
        strv_add(&f->diff_ids, f->base->diff_ids.items[i]);
    if (spool_size(f->compared.layer) > 0)
        strv_add(&f->diff_ids, f->compared.diff_id);
    TRY(engine_image_config(e, image->id, push->wait, &config));
    TRY(oci_config_text(config, &f->diff_ids, &f->config));
    TRY(digest_of(f->config, strlen(f->config), f->config_digest));
    return oci_content_name(push->image->ref, f->config_digest, &f->content_name);
}

static struct err *compare(struct engine *e, const struct node_push *push, const struct engine_image *image,
                           struct files *f)
{
    const struct compare c = { .old_id = f->base->engine_id,
                               .new_id = image->id,
                               .helper = push->helper->bytes,
                               .helper_len = push->helper->len,
                               .state_dir = push->state_dir,
                               .wait = push->wait };
    const struct node_push_progress progress = { .phase = NODE_PUSH_COMPARING };
    if (push->on_progress)
        push->on_progress(push->ctx, &progress);
    return compare_images(e, &c, &f->budget, &f->compared);
}

static struct err *prepare(struct engine *e, const struct node_push *push, const struct engine_image *image,
                           const struct holdings *const *holdings, size_t targets, const struct shipment_list *list,
                           struct files *f, const char **why_not)
{
    AUTO(engine_info) info = { 0 };
    TRY(find_base(e, push, holdings, targets, list, &f->base, why_not));
    if (!f->base)
        return NULL;
    *why_not = "it has ONBUILD triggers";
    if (image->has_triggers)
        return NULL;
    TRY(engine_info(e, push->wait, &info));
    *why_not = "the engine's machine is of another architecture than rwml's";
    if (strcmp(info.architecture, push->helper->architecture) != 0)
        return NULL;
    *why_not = NULL;
    TRY(compare(e, push, image, f));
    return describe(e, push, image, f);
}

struct err *files_prepare(struct engine *e, const struct node_push *push, const struct engine_image *image,
                          const struct holdings *const *holdings, size_t targets, const struct shipment_list *list,
                          uint64_t missing, struct files *out, char **why_not)
{
    const char *why = NULL;
    atomic_init(&out->budget.left, HELD_BYTES);
    struct err *failed = prepare(e, push, image, holdings, targets, list, out, &why);
    if (failed && node_is_given_up(failed))
        return failed;
    if (failed)
        *why_not = err_words(failed);
    else if (why)
        *why_not = xstrdup(why);
    else if (spool_size(out->compared.layer) > missing / WORTH)
        *why_not = xstrdup("the files that differ are most of it");
    err_ignore(failed, "there is another way");
    if (*why_not)
        files_release(out);
    return NULL;
}

/* The archive. */

static struct oci_descriptor layer_of(const char *diff_id, uint64_t size)
{
    struct oci_descriptor d = { .media_type = xstrdup(OCI_LAYER_TYPE), .size = size };
    memcpy(d.digest, diff_id, DIGEST_ROOM);
    return d;
}

/* How large the base's layers are nobody needs to know, since nobody opens them; but runtimes sum it up
 * to tell an image's size. */
static uint64_t known_size(const struct import *im, const struct holdings *const *holdings, const char *diff_id)
{
    for (size_t i = 0; i < im->count; i++) {
        const struct holding *blob = holdings_blob(holdings[i], diff_id);
        if (blob && blob->size > 0)
            return blob->size;
    }
    return 0;
}

static char *manifest_text(const struct files *f, const struct import *im, const struct holdings *const *holdings)
{
    AUTO(oci_manifest)
    m = { .media_type = xstrdup(OCI_MANIFEST_TYPE),
          .layers = xcalloc(f->diff_ids.count + 1, sizeof *m.layers),
          .config = { .media_type = xstrdup(OCI_CONFIG_TYPE), .size = strlen(f->config) } };
    memcpy(m.config.digest, f->config_digest, DIGEST_ROOM);
    for (size_t i = 0; i < f->diff_ids.count; i++) {
        bool is_new = i == f->base->diff_ids.count;
        uint64_t size = is_new ? spool_size(f->compared.layer) : known_size(im, holdings, f->diff_ids.items[i]);
        m.layers[m.layer_count++] = layer_of(f->diff_ids.items[i], size);
    }
    return oci_manifest_text(&m);
}

static struct err *add_text_blob(struct archive_writer *a, const char *digest, const char *text)
{
    TRY(archive_begin_blob(a, digest, strlen(text)));
    return archive_add(a, text, strlen(text));
}

/* A spool's take. */
static struct err *add_piece(void *ctx, const void *bytes, size_t len)
{
    return archive_add(ctx, bytes, len);
}

static struct err *add_layer(const struct files *f, struct archive_writer *a)
{
    if (spool_size(f->compared.layer) == 0)
        return NULL;
    TRY(archive_begin_blob(a, f->compared.diff_id, spool_size(f->compared.layer)));
    return spool_each(f->compared.layer, add_piece, a);
}

struct err *files_send(const struct files *f, struct import *im, const struct holdings *const *holdings)
{
    AUTO_PTR(archive_writer) a = NULL;
    AUTO_STR ref = NULL;
    AUTO_STR content = NULL;
    AUTO_STR text = manifest_text(f, im, holdings);
    struct oci_descriptor manifest = { .media_type = OCI_MANIFEST_TYPE, .size = strlen(text) };
    TRY(oci_full_name(im->push->image->ref, &ref));
    TRY(oci_full_name(f->content_name, &content));
    const char *const full_names[] = { ref, content, NULL };
    TRY(digest_of(text, strlen(text), manifest.digest));
    AUTO_STR index = oci_index_text(&manifest, full_names);
    TRY(archive_writer_new(im, &a));
    TRY(add_layer(f, a));
    TRY(add_text_blob(a, f->config_digest, f->config));
    TRY(add_text_blob(a, manifest.digest, text));
    TRY(archive_add_text(a, "index.json", index));
    TRY(archive_add_text(a, "oci-layout", OCI_LAYOUT_TEXT));
    TRY(archive_finish(a));
    return import_finish(im);
}

bool files_may_be_base(const struct files *f)
{
    return spool_size(f->compared.layer) > BASE_BYTES && f->base->file_layers + 1 < FILE_LAYERS_MAX;
}
