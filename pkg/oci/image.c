#include "oci/image.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "oci/reference.h"

struct err *oci_chain_ids(const struct strv *diff_ids, struct strv *out)
{
    for (size_t i = 0; i < diff_ids->count; i++) {
        char chain[DIGEST_ROOM];
        if (i == 0) {
            strv_add(out, diff_ids->items[0]);
            continue;
        }
        AUTO_STR pair = xasprintf("%s %s", out->items[i - 1], diff_ids->items[i]);
        TRY(digest_of(pair, strlen(pair), chain));
        strv_add(out, chain);
    }
    return NULL;
}

static struct err *unusable(const char *what, const char *why)
{
    return err_cause(err_new(RW4201_IMAGE_STREAM, "the image that the engine gave cannot be used"), "%s %s", what, why);
}

static struct err *parse(const char *what, const char *bytes, size_t len, json_t **out)
{
    struct err *e = doc_parse_json(bytes, len, what, out);
    return err_because(RW4201_IMAGE_STREAM, e, "the image that the engine gave cannot be used");
}

static struct err *read_descriptor(const json_t *tree, const char *what, struct oci_descriptor *out)
{
    const char *digest = doc_text(tree, "/digest");
    /* Docker 20.10 leaves it out when it is 0 (omitempty). */
    int64_t size = doc_i64(tree, "/size", doc_get(tree, "/size") ? -1 : 0);
    if (!digest || !oci_is_digest(digest) || size < 0 || !doc_text(tree, "/mediaType"))
        return unusable("the manifest's", what);
    out->media_type = xstrdup(doc_text(tree, "/mediaType"));
    memcpy(out->digest, digest, sizeof out->digest);
    out->size = (uint64_t)size;
    return NULL;
}

static struct err *read_layers(const json_t *list, struct oci_manifest *out)
{
    size_t i;
    json_t *item;
    if (!doc_is_array(list) && !doc_is_null(list))
        return unusable("the manifest's", "list of layers is no list");
    out->layers = xcalloc(doc_count(list) + 1, sizeof *out->layers);
    DOC_EACH_ITEM (list, i, item) {
        TRY(read_descriptor(item, "list of layers is broken", &out->layers[i]));
        out->layer_count++;
    }
    return NULL;
}

/* Of Docker and of OCI; what has another type may be either. */
static bool says_index(const char *media_type)
{
    return strstr(media_type, "image.index.") || strstr(media_type, "manifest.list.");
}

static bool says_manifest(const char *media_type)
{
    return strstr(media_type, "image.manifest.") || strstr(media_type, "distribution.manifest.v2");
}

struct err *oci_manifest_parse(const char *media_type, const char *bytes, size_t len, bool *is_index,
                               struct oci_manifest *out)
{
    json_t *parsed = NULL;
    TRY(parse("the manifest", bytes, len, &parsed));
    DOC_AUTO tree = parsed;
    bool has_manifests = doc_get(tree, "/manifests"), has_layers = doc_get(tree, "/layers");
    bool has_config = doc_get(tree, "/config");
    const char *own_type = doc_text(tree, "/mediaType");
    if (doc_i64(tree, "/schemaVersion", 0) != 2 || has_manifests == (has_layers || has_config) ||
        (own_type && *media_type && strcmp(own_type, media_type) != 0) || says_index(media_type) > has_manifests ||
        says_manifest(media_type) + has_manifests > 1)
        return unusable("its manifest", "is neither a manifest nor an index");
    *is_index = has_manifests;
    if (has_manifests)
        return NULL;
    AUTO(oci_manifest)
    m = { .media_type = xstrdup(own_type ? own_type : *media_type ? media_type : OCI_MANIFEST_TYPE) };
    TRY(read_descriptor(doc_get(tree, "/config"), "configuration is not named", &m.config));
    TRY(read_layers(doc_get(tree, "/layers"), &m));
    *out = m;
    m = (struct oci_manifest){ 0 };
    return NULL;
}

void oci_manifest_release(struct oci_manifest *m)
{
    for (size_t i = 0; i < m->layer_count; i++)
        free(m->layers[i].media_type);
    free(m->layers);
    free(m->config.media_type);
    free(m->media_type);
    *m = (struct oci_manifest){ 0 };
}

static json_t *descriptor_tree(const struct oci_descriptor *d)
{
    json_t *tree = doc_object();
    doc_set_text(tree, "/mediaType", d->media_type);
    doc_set_text(tree, "/digest", d->digest);
    doc_set(tree, "/size", doc_integer((int64_t)d->size));
    return tree;
}

char *oci_manifest_text(const struct oci_manifest *m)
{
    DOC_AUTO tree = doc_object();
    doc_set(tree, "/schemaVersion", doc_integer(2));
    doc_set_text(tree, "/mediaType", m->media_type);
    doc_set(tree, "/config", descriptor_tree(&m->config));
    doc_set(tree, "/layers", doc_array());
    for (size_t i = 0; i < m->layer_count; i++)
        doc_set(tree, "/layers/-", descriptor_tree(&m->layers[i]));
    return doc_dump(tree);
}

bool oci_names_config(const char *accept)
{
    return accept && (strstr(accept, "container.image.v1+json") || strstr(accept, "image.config.v1+json"));
}

struct err *oci_config_diff_ids(const char *bytes, size_t len, struct strv *out)
{
    json_t *parsed = NULL;
    TRY(parse("the configuration", bytes, len, &parsed));
    DOC_AUTO tree = parsed;
    const json_t *list = doc_get(tree, "/rootfs/diff_ids");
    size_t i;
    json_t *item;
    AUTO(strv) ids = { 0 };
    DOC_EACH_ITEM (list, i, item) {
        const char *id = doc_text(item, "");
        if (!id || !oci_is_digest(id))
            return unusable("its configuration", "names a layer that is no digest");
        strv_add(&ids, id);
    }
    *out = ids;
    ids = (struct strv){ 0 };
    return NULL;
}

struct err *oci_config_text(const char *config, const struct strv *diff_ids, char **out)
{
    json_t *parsed = NULL;
    TRY(parse("the configuration", config, strlen(config), &parsed));
    DOC_AUTO tree = parsed;
    json_t *layers = doc_array();
    for (size_t i = 0; i < diff_ids->count; i++)
        doc_append(layers, doc_string(diff_ids->items[i]));
    doc_set_text(tree, "/rootfs/type", "layers");
    doc_set(tree, "/rootfs/diff_ids", layers);
    *out = doc_dump(tree);
    return NULL;
}

char *oci_index_text(const struct oci_descriptor *manifest, const char *const *full_names)
{
    DOC_AUTO tree = doc_object();
    doc_set(tree, "/schemaVersion", doc_integer(2));
    doc_set(tree, "/manifests", doc_array());
    for (; *full_names; full_names++) {
        json_t *annotations = doc_object();
        doc_set_key(annotations, "io.containerd.image.name", doc_string(*full_names));
        json_t *entry = descriptor_tree(manifest);
        doc_set_key(entry, "annotations", annotations);
        doc_set(tree, "/manifests/-", entry);
    }
    return doc_dump(tree);
}

static bool named_by(const char *name, const char *before, const char *behind, char out[DIGEST_ROOM])
{
    size_t around = strlen(before) + strlen(behind);
    if (strlen(name) < around || !str_starts(name, before) || !str_ends(name, behind))
        return false;
    AUTO_STR digest = xasprintf("sha256:%.*s", (int)(strlen(name) - around), name + strlen(before));
    if (!oci_is_digest(digest))
        return false;
    memcpy(out, digest, DIGEST_ROOM);
    return true;
}

bool oci_saved_digest(const char *entry, char out[DIGEST_ROOM])
{
    return named_by(entry, "blobs/sha256/", "", out) || named_by(entry, "", ".json", out);
}

struct err *oci_saved_configs(const char *bytes, size_t len, struct strv *out)
{
    static const char what[] = "manifest.json";
    size_t i;
    json_t *parsed = NULL, *item;
    TRY(parse(what, bytes, len, &parsed));
    DOC_AUTO tree = parsed;
    if (!doc_is_array(tree) || doc_count(tree) == 0)
        return unusable(what, "names no image");
    DOC_EACH_ITEM (tree, i, item) {
        char digest[DIGEST_ROOM];
        const char *config = doc_text(item, "/Config");
        if (!config || !oci_saved_digest(config, digest))
            return unusable(what, "does not name an image's configuration");
        strv_add(out, digest);
    }
    return NULL;
}
