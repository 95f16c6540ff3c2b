#include "kube/differences.h"

#include <stdlib.h>

#include "kube/apply.h"

struct comparison {
    enum kube_compared compared;
    struct kube_differences *out;
};

static void compare(struct comparison *c, const json_t *before, const json_t *after, const char *path);

static void add(struct comparison *c, const json_t *before, const json_t *after, const char *path)
{
    struct kube_differences *d = c->out;
    d->items = xrealloc(d->items, d->count + 1, sizeof *d->items);
    d->items[d->count++] = (struct kube_difference){ xstrdup(path), doc_copy(before), doc_copy(after) };
}

static void compare_objects(struct comparison *c, const json_t *before, const json_t *after, const char *path)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (after, key, value) {
        AUTO_STR below = xasprintf("%s.%s", path, key);
        compare(c, doc_key(before, key), value, below);
    }
    if (c->compared == KUBE_COMPARE_WANTED)
        return;
    DOC_EACH_KEY (before, key, value) {
        AUTO_STR below = xasprintf("%s.%s", path, key);
        if (!doc_key(after, key))
            add(c, value, NULL, below);
    }
}

/* Every item has a name of its own. */
static bool all_named(const json_t *list)
{
    size_t i;
    const json_t *item;
    DOC_EACH_ITEM (list, i, item) {
        const char *name = doc_text(item, "/name");
        if (!name || doc_find(list, "/name", name) != item)
            return false;
    }
    return true;
}

static json_t *names_of(const json_t *list)
{
    json_t *names = doc_array();
    size_t i;
    const json_t *item;
    DOC_EACH_ITEM (list, i, item)
        doc_append(names, doc_string(doc_text(item, "/name")));
    return names;
}

static void compare_named(struct comparison *c, const json_t *before, const json_t *after, const char *path)
{
    size_t i, known = c->out->count;
    const json_t *item;
    DOC_EACH_ITEM (after, i, item) {
        AUTO_STR below = xasprintf("%s[name=\"%s\"]", path, doc_text(item, "/name"));
        compare(c, doc_find(before, "/name", doc_text(item, "/name")), item, below);
    }
    if (c->compared == KUBE_COMPARE_WANTED)
        return;
    DOC_EACH_ITEM (before, i, item) {
        AUTO_STR below = xasprintf("%s[name=\"%s\"]", path, doc_text(item, "/name"));
        if (!doc_find(after, "/name", doc_text(item, "/name")))
            add(c, item, NULL, below);
    }
    if (c->out->count > known)
        return;
    DOC_AUTO was = names_of(before);
    DOC_AUTO is = names_of(after);
    if (!doc_equal(was, is))
        add(c, was, is, path);
}

static void compare_by_index(struct comparison *c, const json_t *before, const json_t *after, const char *path)
{
    size_t more = c->compared == KUBE_COMPARE_ALL ? doc_count(before) : 0;
    for (size_t i = 0; i < doc_count(after) || i < more; i++) {
        AUTO_STR below = xasprintf("%s[%zu]", path, i);
        compare(c, doc_at(before, i), doc_at(after, i), below);
    }
}

static void compare(struct comparison *c, const json_t *before, const json_t *after, const char *path)
{
    if (doc_kind(before) != doc_kind(after))
        add(c, before, after, path);
    else if (doc_is_object(after))
        compare_objects(c, before, after, path);
    else if (doc_is_array(after) && all_named(before) && all_named(after))
        compare_named(c, before, after, path);
    else if (doc_is_array(after))
        compare_by_index(c, before, after, path);
    else if (!doc_equal(before, after))
        add(c, before, after, path);
}

void kube_differences(const json_t *before, const json_t *after, enum kube_compared compared,
                      struct kube_differences *out)
{
    struct comparison c = { compared, out };
    DOC_AUTO was = kube_asked_for(before);
    DOC_AUTO is = kube_asked_for(after);
    compare(&c, was, is, "");
}

void kube_differences_release(struct kube_differences *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->items[i].field);
        doc_unref(d->items[i].before);
        doc_unref(d->items[i].after);
    }
    free(d->items);
    *d = (struct kube_differences){ 0 };
}

char *kube_first_difference(const json_t *live, const json_t *object)
{
    AUTO(kube_differences) all = { 0 };
    kube_differences(live, object, KUBE_COMPARE_WANTED, &all);
    return all.count ? STEAL(&all.items[0].field) : NULL;
}

/* ---------------------------------------------------------------- Secrets */

static void mask_values(json_t *object, const json_t *other, const char *different)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (object, key, value) {
        const json_t *there = doc_key(other, key);
        bool differs = there && !doc_equal(there, value);
        doc_set_key(object, key, doc_string(differs ? different : "***"));
    }
}

/* kubectl's note of what it applied holds the values, too. */
static void mask(json_t *object, const json_t *other, const char *different)
{
    static const char *const parts[] = { "/data", "/stringData" };
    static const char applied[] = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        mask_values(doc_get(object, parts[i]), doc_get(other, parts[i]), different);
    if (doc_get(object, applied))
        doc_set_text(object, applied, doc_equal(doc_get(object, applied), doc_get(other, applied)) ? "***" : different);
}

void kube_masked(const json_t *before, const json_t *after, json_t **masked_before, json_t **masked_after)
{
    *masked_before = doc_copy(before);
    *masked_after = doc_copy(after);
    if (!str_eq(doc_text(before ? before : after, "/kind"), "Secret"))
        return;
    mask(*masked_before, after, "*** (before)");
    mask(*masked_after, before, "*** (after)");
}
