#include "kube/apply.h"
#include "kube/owners.h"

/* What the server keeps about an object, as opposed to what was asked for. */
static json_t *asked_for(const json_t *object)
{
    static const char *const kept[] = { "/status", "/metadata/managedFields", "/metadata/resourceVersion",
                                        "/metadata/generation" };
    json_t *copy = doc_copy(object);
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        doc_remove(copy, kept[i]);
    return copy;
}

/* A bare ServiceAccount sets no field, so nobody owns any. */
static bool same_fields(const json_t *a, const json_t *b)
{
    return a && b ? doc_equal(a, b) : !a && !b;
}

bool kube_unchanged(const json_t *before, const json_t *dry_run)
{
    if (!before || kube_has_inherited(before))
        return false;
    if (!same_fields(kube_owned_fields(before, KUBE_MANAGER), kube_owned_fields(dry_run, KUBE_MANAGER)))
        return false;
    DOC_AUTO was = asked_for(before);
    DOC_AUTO would_be = asked_for(dry_run);
    return doc_equal(was, would_be);
}

static char *difference(const json_t *live, const json_t *wanted, const char *path);

static char *object_difference(const json_t *live, const json_t *wanted, const char *path)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (wanted, key, value) {
        AUTO_STR below = xasprintf("%s.%s", path, key);
        char *found = difference(doc_key(live, key), value, below);
        if (found)
            return found;
    }
    return NULL;
}

/* Lists of named things (containers, variables, ports) are told apart by name, as the server does. */
static char *list_difference(const json_t *live, const json_t *wanted, const char *path)
{
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (wanted, i, item) {
        const char *name = doc_text(item, "/name");
        AUTO_STR below = name ? xasprintf("%s[name=\"%s\"]", path, name) : xasprintf("%s[%zu]", path, i);
        char *found = difference(name ? doc_find(live, "/name", name) : doc_at(live, i), item, below);
        if (found)
            return found;
    }
    return NULL;
}

static char *difference(const json_t *live, const json_t *wanted, const char *path)
{
    if (doc_kind(live) != doc_kind(wanted))
        return xstrdup(path);
    if (doc_is_object(wanted))
        return object_difference(live, wanted, path);
    if (doc_is_array(wanted))
        return list_difference(live, wanted, path);
    return doc_equal(live, wanted) ? NULL : xstrdup(path);
}

char *kube_first_difference(const json_t *live, const json_t *object)
{
    return difference(live, object, "");
}
