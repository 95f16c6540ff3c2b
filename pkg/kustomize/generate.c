#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "kustomize/layer.h"
#include "kustomize/pairs.h"

enum behavior { BEHAVIOR_CREATE, BEHAVIOR_MERGE, BEHAVIOR_REPLACE };

/* One entry of a generator's list. */
struct entry {
    struct layer *layer;
    const char *pointer; /* "/configMapGenerator/0" */
    bool secret;
    enum behavior behavior;
};

/* base64 in lines of 70 digits where it is longer than one: the name's suffix depends on that
 * (kyaml/yaml/datamap.go). */
static char *encoded(const struct pair *p)
{
    enum { LINE = 70 };
    AUTO_STR text = base64_encode(p->bytes, p->len);
    size_t len = strlen(text);
    AUTO(buf) lines = BUF_INIT(SIZE_MAX);
    if (len < LINE)
        return STEAL(&text);
    for (size_t i = 0; i < len; i += LINE) {
        buf_add(&lines, text + i, len - i < LINE ? len - i : LINE);
        buf_adds(&lines, "\n");
    }
    return buf_steal(&lines, NULL);
}

static bool is_text(const struct pair *p)
{
    uint32_t code;
    for (size_t i = 0, n; i < p->len; i += n)
        if ((n = utf8_next(p->bytes + i, p->len - i, &code)) == 0)
            return false;
    return true;
}

static json_t *member(json_t *object, const char *key)
{
    if (!doc_key(object, key))
        doc_set_key(object, key, doc_object());
    return doc_key(object, key);
}

static struct err *put_pair(const struct entry *e, struct resource *r, const struct pair *p)
{
    bool plain = !e->secret && is_text(p);
    if (plain && memchr(p->bytes, '\0', p->len))
        return layer_refuse(e->layer, e->pointer, "the value of %s holds a NUL", p->key);
    json_t *holder = member(r->tree, plain || e->secret ? "data" : "binaryData");
    AUTO_STR digits = plain ? NULL : encoded(p);
    doc_set_key(holder, p->key, plain ? doc_string_len(p->bytes, p->len) : doc_string(digits));
    doc_origins_member(r->origins, holder, p->key, doc_origin_copy(&p->from));
    return NULL;
}

/* Pairs of the entry's own options, then those of generatorOptions that it does not have. */
static void put_notes(const struct entry *e, struct resource *r, const char *which)
{
    AUTO_STR own = xasprintf("%s/options/%s", e->pointer, which);
    AUTO_STR general = xasprintf("/generatorOptions/%s", which);
    const char *const sources[] = { own, general };
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        const char *key;
        json_t *value;
        DOC_EACH_KEY (layer_at(e->layer, "%s", sources[i]), key, value) {
            json_t *holder = member(member(r->tree, "metadata"), which);
            if (doc_key(holder, key))
                continue;
            AUTO_STR from = doc_pointer_add(sources[i], key);
            doc_set_key(holder, key, doc_ref(value));
            doc_origins_member(r->origins, holder, key, doc_origin_of(e->layer->doc, from));
        }
    }
}

/* A false of its own does not undo a general true. */
static bool option(const struct entry *e, const char *name)
{
    AUTO_STR own = xasprintf("%s/options/%s", e->pointer, name);
    AUTO_STR general = xasprintf("/generatorOptions/%s", name);
    const json_t *root = e->layer->doc->root;
    return doc_bool(root, own, false) || doc_bool(root, general, false);
}

static struct err *fill(const struct entry *e, struct resource *r)
{
    AUTO(pairs) pairs = { 0 };
    const char *type = layer_text(e->layer, "%s/type", e->pointer);
    json_t *metadata = member(r->tree, "metadata");
    doc_set_text(metadata, "/name", layer_text(e->layer, "%s/name", e->pointer));
    doc_set_text(metadata, "/namespace", layer_text(e->layer, "%s/namespace", e->pointer));
    if (e->secret) {
        doc_set_text(r->tree, "/type", type ? type : "Opaque");
        doc_set_key(r->tree, "data", doc_object());
    }
    TRY(pairs_read(e->layer, e->pointer, &pairs));
    for (size_t i = 0; i < pairs.count; i++)
        TRY(put_pair(e, r, &pairs.items[i]));
    put_notes(e, r, "labels");
    put_notes(e, r, "annotations");
    if (option(e, "immutable"))
        doc_set_key(r->tree, "immutable", doc_boolean(true));
    r->needs_hash = !option(e, "disableNameSuffixHash");
    return NULL;
}

/* What the old object has below the pointer and the new one lacks. Texts only, as kustomize reads it. */
static struct err *keep_pairs(struct resource *r, const struct resource *old, const char *pointer)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (doc_get(old->tree, pointer), key, value) {
        AUTO_STR at = doc_pointer_add(pointer, key);
        if (!doc_text(value, ""))
            return resource_error(err_new(RW5001_OBJECT_INVALID, "%s %s: %s has to be a text", resource_kind(old),
                                          resource_name(old), key),
                                  old, at);
        if (doc_get(r->tree, at))
            continue;
        doc_set(r->tree, at, doc_ref(value));
        doc_origins_member(r->origins, doc_get(r->tree, pointer), key, doc_origins_find(old->origins, old->tree, at));
    }
    return NULL;
}

/* The generated object takes the old one's place, with its names; merged, with its data, too. */
static struct err *take_place(const struct entry *e, struct resource *old, struct resource *r)
{
    TRY(keep_pairs(r, old, "/metadata/labels"));
    TRY(keep_pairs(r, old, "/metadata/annotations"));
    if (e->behavior == BEHAVIOR_MERGE) {
        TRY(keep_pairs(r, old, "/data"));
        TRY(keep_pairs(r, old, "/binaryData"));
    }
    doc_set_text(r->tree, "/metadata/name", resource_name(old));
    doc_remove(r->tree, "/metadata/namespace");
    if (*resource_namespace(old))
        doc_set_text(r->tree, "/metadata/namespace", resource_namespace(old));
    json_t *tree = old->tree;
    struct doc_origins *origins = old->origins;
    old->tree = r->tree;
    old->origins = r->origins;
    old->needs_hash = old->needs_hash && r->needs_hash;
    r->tree = tree;
    r->origins = origins;
    return NULL;
}

static struct err *place(const struct entry *e, struct resource_list *made)
{
    struct resource_list *all = &e->layer->resources;
    struct resource *r = &made->items[0], *old = NULL;
    size_t matches = 0;
    for (size_t i = 0; i < all->count; i++)
        if (resource_was(&all->items[i], r)) {
            old = &all->items[i];
            matches++;
        }
    if (matches > 1)
        return layer_refuse(e->layer, e->pointer, "%zu objects are called %s", matches, resource_name(r));
    if (old && e->behavior == BEHAVIOR_CREATE) {
        AUTO_STR where = resource_where(old, "");
        struct err *twice =
            layer_refuse(e->layer, e->pointer, "there is a %s %s already", resource_kind(r), resource_name(r));
        return err_cause(twice, "it is at %s; behavior: merge or replace changes it", where);
    }
    if (!old && e->behavior != BEHAVIOR_CREATE)
        return layer_refuse(e->layer, e->pointer, "there is no %s %s to merge with or to replace", resource_kind(r),
                            resource_name(r));
    if (old)
        return take_place(e, old, r);
    resource_append_all(all, made);
    return NULL;
}

static struct err *read_behavior(struct entry *e)
{
    const char *behavior = layer_text(e->layer, "%s/behavior", e->pointer);
    static const char *const names[] = { "create", "merge", "replace" };
    for (size_t i = 0; behavior && i < COUNT_OF(names); i++)
        if (strcmp(names[i], behavior) == 0) {
            e->behavior = (enum behavior)i;
            return NULL;
        }
    AUTO_STR at = xasprintf("%s/behavior", e->pointer);
    return behavior ? layer_refuse(e->layer, at, "behavior is create, merge or replace") : NULL;
}

static struct err *generate(struct entry *e)
{
    AUTO(resource_list) made = { 0 };
    if (!layer_text(e->layer, "%s/name", e->pointer))
        return layer_refuse(e->layer, e->pointer, "a generated object needs a name");
    TRY(read_behavior(e));
    struct resource *r = resource_add(&made, doc_object(), doc_origins_new(doc_origin_of(e->layer->doc, e->pointer)));
    doc_set_text(r->tree, "/apiVersion", "v1");
    doc_set_text(r->tree, "/kind", e->secret ? "Secret" : "ConfigMap");
    TRY(fill(e, r));
    return place(e, &made);
}

static struct err *generate_all(struct layer *l, const char *list, bool secret)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < doc_count(layer_at(l, "%s", list)); i++) {
        AUTO_STR pointer = xasprintf("%s/%zu", list, i);
        struct entry e = { .layer = l, .pointer = pointer, .secret = secret };
        errors = err_join(errors, generate(&e));
    }
    return errors;
}

struct err *layer_generate(struct layer *l)
{
    return err_join(generate_all(l, "/configMapGenerator", false), generate_all(l, "/secretGenerator", true));
}
