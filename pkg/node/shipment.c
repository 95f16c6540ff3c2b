#include "node/shipment.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "digest/digest.h"
#include "doc/doc.h"
#include "oci/reference.h"

enum { FILE_BYTES = 1024 * 1024, NAME_DIGITS = 16, FILE_MODE = 0600 };

void shipment_release(struct shipment *s)
{
    free(s->built);
    free(s->engine_id);
    free(s->sent);
    strv_release(&s->diff_ids);
    *s = (struct shipment){ 0 };
}

void shipment_list_release(struct shipment_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        shipment_release(&l->items[i]);
    free(l->items);
    free(l->path);
    *l = (struct shipment_list){ 0 };
}

static bool read_shipment(const json_t *tree, struct shipment *out)
{
    const char *built = doc_text(tree, "/built"), *sent = doc_text(tree, "/sent");
    const char *engine_id = doc_text(tree, "/engine");
    size_t i;
    json_t *item;
    if (!built || !sent || !engine_id || !oci_is_digest(built) || !oci_is_digest(sent))
        return false;
    *out = (struct shipment){ .built = xstrdup(built),
                              .engine_id = xstrdup(engine_id),
                              .sent = xstrdup(sent),
                              .bytes = (uint64_t)doc_i64(tree, "/bytes", 0),
                              .file_layers = (size_t)doc_i64(tree, "/file_layers", 0),
                              .is_base = doc_bool(tree, "/base", false) };
    DOC_EACH_ITEM (doc_get(tree, "/diff_ids"), i, item)
        if (doc_text(item, ""))
            strv_add(&out->diff_ids, doc_text(item, ""));
    return true;
}

static void read_items(const char *text, size_t len, struct shipment_list *out)
{
    json_t *parsed = NULL;
    size_t i;
    json_t *item;
    err_ignore(doc_parse_json(text, len, "shipments", &parsed), "what cannot be used counts as not noted");
    DOC_AUTO tree = parsed;
    out->items = xcalloc(doc_count(tree) + 1, sizeof *out->items);
    DOC_EACH_ITEM (tree, i, item)
        out->count += read_shipment(item, &out->items[out->count]);
}

static struct err *path_of(const char *state_dir, const char *cluster, const char *ref, char **out)
{
    char digest[DIGEST_ROOM];
    AUTO_STR key = xasprintf("%s %s", cluster, ref);
    TRY(digest_of(key, strlen(key), digest));
    AUTO_STR name = xasprintf("shipped-%.*s.json", NAME_DIGITS, digest + strlen("sha256:"));
    *out = fs_join(state_dir, name);
    return NULL;
}

static struct err *read_file(const char *state_dir, const char *cluster, const char *ref, struct shipment_list *out)
{
    AUTO(buf) text = { 0 };
    TRY(path_of(state_dir, cluster, ref, &out->path));
    TRY(fs_read(AT_FDCWD, out->path, FILE_BYTES, &text));
    read_items(buf_text(&text), text.len, out);
    return NULL;
}

void shipment_list_read(const char *state_dir, const char *cluster, const char *ref, struct shipment_list *out)
{
    *out = (struct shipment_list){ 0 };
    err_ignore(read_file(state_dir, cluster, ref, out), "nothing was noted yet, or it costs one push");
}

const struct shipment *shipment_other(const struct shipment_list *l, const char *built)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].built, built) == 0)
            return strcmp(l->items[i].sent, built) == 0 ? NULL : &l->items[i];
    return NULL;
}

void shipment_list_drop_bases(struct shipment_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        l->items[i].is_base = false;
}

static struct shipment copy_of(const struct shipment *s)
{
    struct shipment copy = *s;
    copy.built = xstrdup(s->built);
    copy.engine_id = xstrdup(s->engine_id);
    copy.sent = xstrdup(s->sent);
    copy.diff_ids = (struct strv){ 0 };
    for (size_t i = 0; i < s->diff_ids.count; i++)
        strv_add(&copy.diff_ids, s->diff_ids.items[i]);
    return copy;
}

void shipment_list_add(struct shipment_list *l, const struct shipment *s)
{
    struct shipment *items = xcalloc(l->count + 1, sizeof *items);
    size_t count = 1;
    items[0] = copy_of(s);
    for (size_t i = 0; i < l->count; i++)
        if (count < SHIPMENTS_KEPT && strcmp(l->items[i].built, items[0].built) != 0)
            items[count++] = l->items[i];
        else
            shipment_release(&l->items[i]);
    free(l->items);
    l->items = items;
    l->count = count;
}

static json_t *tree_of(const struct shipment *s)
{
    json_t *tree = doc_object();
    json_t *diff_ids = doc_array();
    doc_set_text(tree, "/built", s->built);
    doc_set_text(tree, "/engine", s->engine_id);
    doc_set_text(tree, "/sent", s->sent);
    doc_set(tree, "/bytes", doc_integer((int64_t)s->bytes));
    doc_set(tree, "/file_layers", doc_integer((int64_t)s->file_layers));
    doc_set(tree, "/base", doc_boolean(s->is_base));
    for (size_t i = 0; i < s->diff_ids.count; i++)
        doc_append(diff_ids, doc_string(s->diff_ids.items[i]));
    doc_set(tree, "/diff_ids", diff_ids);
    return tree;
}

struct err *shipment_list_write(const struct shipment_list *l)
{
    DOC_AUTO tree = doc_array();
    for (size_t i = 0; i < l->count; i++)
        doc_append(tree, tree_of(&l->items[i]));
    AUTO_STR text = doc_dump(tree);
    return fs_replace(AT_FDCWD, l->path, text, strlen(text), FILE_MODE);
}
