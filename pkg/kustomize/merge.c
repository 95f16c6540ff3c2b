#include "kustomize/merge.h"

#include <string.h>

#include "base/strv.h"
#include "kustomize/merge_keys.h"

/* Where a merge is at work: the same place in the object and in the patch. */
struct spot {
    struct resource *resource;
    const struct doc *patch;
    const char *path;            /* keys from the object's root, for merge_keys.h */
    const char *pointer;         /* into the patch */
    const struct doc_origin *of; /* where the object's value there comes from */
};

enum directive { DIRECTIVE_MERGE, DIRECTIVE_DELETE, DIRECTIVE_REPLACE };

static struct err *refuse(const struct spot *s, const char *what)
{
    return doc_err_where(err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "this patch can't be applied: %s", what), s->patch,
                         s->pointer);
}

static struct err *directive_of(const struct spot *s, const json_t *object, enum directive *out)
{
    static const char *const names[] = { "merge", "delete", "replace" };
    const json_t *value = doc_key(object, "$patch");
    *out = DIRECTIVE_MERGE;
    for (size_t i = 0; value && i < COUNT_OF(names); i++)
        if (str_eq(doc_text(value, ""), names[i])) {
            *out = (enum directive)i;
            return NULL;
        }
    return value ? refuse(s, "$patch is delete, replace or merge") : NULL;
}

static void remove_key(json_t *object, const char *key)
{
    AUTO_STR pointer = doc_pointer_add("", key);
    doc_remove(object, pointer);
}

/* ---------------------------------------------------------------- what is new */

static struct err *fresh(const struct spot *s, const json_t *value, json_t **out);

static struct err *fresh_object(const struct spot *s, const json_t *object, json_t **out)
{
    DOC_AUTO made = doc_object();
    const char *key;
    json_t *value;
    DOC_EACH_KEY (object, key, value) {
        AUTO_STR path = xasprintf("%s/%s", s->path, key);
        AUTO_STR pointer = doc_pointer_add(s->pointer, key);
        const struct spot at = { s->resource, s->patch, path, pointer, s->of };
        enum directive directive;
        json_t *child;
        if (strcmp(key, "$patch") == 0 || doc_is_null(value))
            continue;
        if (key[0] == '$')
            return refuse(&at, "only the directive $patch is known");
        TRY(directive_of(&at, doc_is_object(value) ? value : NULL, &directive));
        if (directive == DIRECTIVE_DELETE)
            continue;
        TRY(fresh(&at, value, &child));
        doc_set_key(made, key, child);
    }
    *out = STEAL(&made);
    return NULL;
}

static struct err *fresh_items(const struct spot *s, const json_t *list, json_t **out)
{
    DOC_AUTO made = doc_array();
    for (size_t i = 0; i < doc_count(list); i++) {
        AUTO_STR pointer = xasprintf("%s/%zu", s->pointer, i);
        const struct spot at = { s->resource, s->patch, s->path, pointer, s->of };
        json_t *item;
        if (doc_key(doc_at(list, i), "$patch"))
            return refuse(&at, "there is nothing yet that this directive could mean");
        TRY(fresh(&at, doc_at(list, i), &item));
        doc_append(made, item);
    }
    *out = STEAL(&made);
    return NULL;
}

/* What the patch brings to where nothing is: the same without directives and without nulls, but lists
 * that are replaced as a whole come as they are. */
static struct err *fresh(const struct spot *s, const json_t *value, json_t **out)
{
    if (doc_is_object(value))
        return fresh_object(s, value, out);
    if (doc_is_array(value) && merge_keys_of(s->resource, s->path).first)
        return fresh_items(s, value, out);
    *out = doc_copy(value);
    return NULL;
}

static struct err *put_fresh(const struct spot *s, json_t *holder, const char *key, const json_t *value)
{
    json_t *made;
    TRY(fresh(s, value, &made));
    doc_set_key(holder, key, made);
    doc_origins_member(s->resource->origins, holder, key, doc_origin_of(s->patch, s->pointer));
    return NULL;
}

/* ---------------------------------------------------------------- lists */

static struct err *merge_object(const struct spot *s, json_t *into, const json_t *patch);

/* A key's value as text, as kustomize compares it: 80 and "80" are the same. */
static char *text_of(const json_t *value)
{
    return doc_text(value, "") ? xstrdup(doc_text(value, "")) : doc_dump(value);
}

static bool same_item(const json_t *a, const json_t *b, struct merge_keys keys)
{
    const char *const names[] = { keys.first, keys.second };
    for (size_t i = 0; i < COUNT_OF(names) && names[i]; i++) {
        const json_t *x = doc_key(a, names[i]), *y = doc_key(b, names[i]);
        AUTO_STR left = x ? text_of(x) : NULL;
        AUTO_STR right = y ? text_of(y) : NULL;
        if (!str_eq(left, right))
            return false;
    }
    return true;
}

static size_t index_of(const json_t *list, const json_t *item, struct merge_keys keys)
{
    size_t i = 0;
    while (i < doc_count(list) && !same_item(doc_at(list, i), item, keys))
        i++;
    return i;
}

/* kustomize's answers for items that lack a key or share one depend on their order: none is right. */
static struct err *check_items(const struct spot *s, const json_t *list, struct merge_keys keys)
{
    for (size_t i = 0; i < doc_count(list); i++) {
        const json_t *item = doc_at(list, i), *key = doc_key(item, keys.first);
        if (!doc_is_object(item) || doc_is_null(key) || doc_is_object(key) || doc_is_array(key))
            return refuse(s, "the list holds an item without the key by which items are told apart");
        if (index_of(list, item, keys) != i)
            return refuse(s, "the list holds two items of the same key");
    }
    return NULL;
}

static size_t count_with(const json_t *list, const char *key)
{
    size_t count = 0;
    for (size_t i = 0; i < doc_count(list); i++)
        count += !doc_is_null(doc_key(doc_at(list, i), key));
    return count;
}

static struct err *check_lists(const struct spot *s, const json_t *old, const json_t *patch, struct merge_keys keys)
{
    TRY(check_items(s, old, keys));
    TRY(check_items(s, patch, keys));
    size_t having = keys.second ? count_with(old, keys.second) + count_with(patch, keys.second) : 0;
    if (having && having < doc_count(old) + doc_count(patch)) {
        AUTO_STR what = xasprintf("some items have %s, others have not", keys.second);
        return refuse(s, what);
    }
    return NULL;
}

/* Items keep the place where they were written, wherever they move. */
static void note_items(const struct spot *s, const json_t *list)
{
    for (size_t i = 0; i < doc_count(list); i++) {
        AUTO_STR segment = xasprintf("%zu", i);
        struct doc_origin from = doc_origins_below(s->resource->origins, list, segment, s->of);
        doc_origins_item(s->resource->origins, doc_at(list, i), from);
    }
}

static struct err *merge_item(const struct spot *s, json_t *old, const json_t *item, json_t *to)
{
    enum directive directive;
    json_t *made;
    TRY(directive_of(s, item, &directive));
    if (directive == DIRECTIVE_DELETE)
        return NULL;
    if (directive == DIRECTIVE_REPLACE) /* kustomize 5.5 leaves the item as it was */
        return refuse(s, "an item can't be replaced as a whole; give the list $patch: replace, or delete its fields");
    if (old) {
        TRY(merge_object(s, old, item));
        doc_append(to, doc_ref(old));
        return NULL;
    }
    TRY(fresh_object(s, item, &made));
    doc_append(to, made);
    doc_origins_item(s->resource->origins, made, doc_origin_of(s->patch, s->pointer));
    return NULL;
}

static struct err *merge_items(const struct spot *s, json_t *holder, const char *key, const json_t *patch,
                               struct merge_keys keys)
{
    const json_t *old = doc_key(holder, key);
    DOC_AUTO merged = doc_array();
    TRY(check_lists(s, old, patch, keys));
    note_items(s, old);
    for (size_t i = 0; i < doc_count(patch); i++) {
        AUTO_STR pointer = xasprintf("%s/%zu", s->pointer, i);
        size_t found = index_of(old, doc_at(patch, i), keys);
        AUTO_STR segment = xasprintf("%zu", found);
        struct doc_origin of = doc_origins_below(s->resource->origins, old, segment, s->of);
        const struct spot at = { s->resource, s->patch, s->path, pointer, &of };
        struct err *e = merge_item(&at, doc_at(old, found), doc_at(patch, i), merged);
        doc_origin_release(&of);
        TRY(e);
    }
    for (size_t i = 0; i < doc_count(old); i++)
        if (index_of(patch, doc_at(old, i), keys) == doc_count(patch))
            doc_append(merged, doc_ref(doc_at(old, i)));
    doc_set_key(holder, key, STEAL(&merged));
    return NULL;
}

/* An item that is nothing but `$patch: …` means the list. */
static struct err *list_directive(const struct spot *s, const json_t *patch, enum directive *out, json_t **rest)
{
    DOC_AUTO others = doc_array();
    *out = DIRECTIVE_MERGE;
    for (size_t i = 0; i < doc_count(patch); i++) {
        const json_t *item = doc_at(patch, i);
        if (doc_count(item) == 1 && doc_key(item, "$patch"))
            TRY(directive_of(s, item, out));
        else
            doc_append(others, doc_copy(item));
    }
    *rest = STEAL(&others);
    return NULL;
}

static struct err *merge_list(const struct spot *s, json_t *holder, const char *key, const json_t *patch)
{
    struct merge_keys keys = merge_keys_of(s->resource, s->path);
    DOC_AUTO rest = NULL;
    enum directive directive;
    if (merge_keys_missing(s->resource, s->path))
        return refuse(s, "kustomize merges this list in a way that is not known here; give it in the object itself");
    if (!keys.first)
        return put_fresh(s, holder, key, patch);
    TRY(list_directive(s, patch, &directive, &rest));
    if (directive == DIRECTIVE_DELETE) {
        remove_key(holder, key);
        return NULL;
    }
    if (directive == DIRECTIVE_REPLACE)
        return put_fresh(s, holder, key, rest);
    return merge_items(s, holder, key, patch, keys);
}

/* ---------------------------------------------------------------- objects */

static bool is_scalar(const json_t *value)
{
    return !doc_is_object(value) && !doc_is_array(value);
}

static struct err *merge_member(const struct spot *s, json_t *into, const char *key, const json_t *value)
{
    json_t *old = doc_key(into, key);
    enum directive directive = DIRECTIVE_MERGE;
    if (doc_is_object(value))
        TRY(directive_of(s, value, &directive));
    if (doc_is_null(value) || directive == DIRECTIVE_DELETE) {
        remove_key(into, key);
        return NULL;
    }
    if (doc_is_null(old) || directive == DIRECTIVE_REPLACE)
        return put_fresh(s, into, key, value);
    if (doc_is_object(old) != doc_is_object(value) || doc_is_array(old) != doc_is_array(value)) {
        struct err *e = err_new(RW5001_OBJECT_INVALID, "the patch has %s for %s, the object has %s",
                                doc_kind_name(doc_kind(value)), key, doc_kind_name(doc_kind(old)));
        return doc_err_where(e, s->patch, s->pointer);
    }
    if (is_scalar(value))
        return put_fresh(s, into, key, value);
    return doc_is_object(value) ? merge_object(s, old, value) : merge_list(s, into, key, value);
}

/* What kind of object it is and what it is called no patch changes. */
static bool is_fixed(const char *path)
{
    static const char *const fixed[] = { "/apiVersion", "/kind", "/metadata/name", "/metadata/namespace" };
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        if (strcmp(fixed[i], path) == 0)
            return true;
    return false;
}

static struct err *merge_object(const struct spot *s, json_t *into, const json_t *patch)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (patch, key, value) {
        AUTO_STR path = xasprintf("%s/%s", s->path, key);
        AUTO_STR pointer = doc_pointer_add(s->pointer, key);
        if (strcmp(key, "$patch") == 0 || is_fixed(path))
            continue;
        struct doc_origin of = doc_origins_below(s->resource->origins, into, key, s->of);
        const struct spot at = { s->resource, s->patch, path, pointer, &of };
        struct err *e =
            key[0] == '$' ? refuse(&at, "only the directive $patch is known") : merge_member(&at, into, key, value);
        doc_origin_release(&of);
        TRY(e);
    }
    return NULL;
}

struct err *merge_patch(struct resource *r, const struct doc *patch, const char *pointer, bool *deleted)
{
    const json_t *tree = doc_get(patch->root, pointer);
    struct doc_origin of = doc_origins_find(r->origins, r->tree, "");
    const struct spot s = { r, patch, "", pointer, &of };
    enum directive directive;
    struct err *e = directive_of(&s, tree, &directive);
    if (!e && directive == DIRECTIVE_REPLACE)
        e = refuse(&s, "an object can't be replaced as a whole");
    if (!e && directive == DIRECTIVE_MERGE)
        e = merge_object(&s, r->tree, tree);
    doc_origin_release(&of);
    if (!e)
        *deleted = directive == DIRECTIVE_DELETE;
    return e;
}
