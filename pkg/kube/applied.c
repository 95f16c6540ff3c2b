#include <string.h>

#include "kube/apply.h"
#include "doc/doc.h"
#include "kube/owners.h"

/* A member of a field set, by what its name begins with (structured-merge-diff, fieldpath/serialize-pe.go). */
static const char FIELD[] = "f:";
static const char BY_KEYS[] = "k:";
static const char BY_VALUE[] = "v:";
static const char ITSELF[] = ".";

/* What is set up side by side: a field set, the object's value there, and the live object's. */
struct place {
    const json_t *fields;
    const json_t *wanted;
    const json_t *live;
};

static bool same(struct place at);

/* The one item of a list whose keys have these values, and where it is. An item may lack a key that has a
 * default. NULL: none, or more than one. */
static const json_t *item_of(const json_t *list, const json_t *keys, size_t *index)
{
    const json_t *found = NULL;
    size_t i, count = 0;
    json_t *item;
    DOC_EACH_ITEM (list, i, item) {
        const char *key;
        json_t *value;
        bool fits = doc_is_object(item);
        DOC_EACH_KEY (keys, key, value) {
            const json_t *has = doc_key(item, key);
            fits = fits && (!has || doc_equal(has, value));
        }
        if (!fits)
            continue;
        count++;
        found = item;
        *index = i;
    }
    return count == 1 ? found : NULL;
}

/* The server keeps the order of an apply's lists, so another order is a change. */
static bool same_item(struct place at, const char *member, const json_t *fields)
{
    DOC_AUTO keys = NULL;
    size_t wanted_index = 0, live_index = 0;
    struct err *e = doc_parse_json(member + strlen(BY_KEYS), strlen(member + strlen(BY_KEYS)), member, &keys);
    if (e) {
        err_ignore(e, "what can't be read is asked of the server");
        return false;
    }
    const json_t *wanted = item_of(at.wanted, keys, &wanted_index);
    const json_t *live = item_of(at.live, keys, &live_index);
    return wanted && live && wanted_index == live_index && same((struct place){ fields, wanted, live });
}

/* What the server fills in where a reference that it replaces as a whole does not have it (core/v1, defaults.go). */
static const struct {
    const char *member, *key, *value;
} FILLED_IN[] = {
    { "f:fieldRef", "apiVersion", "v1" },
    { "f:resourceFieldRef", "divisor", "0" },
};

static bool same_reference(struct place at, const char *key, const char *value)
{
    if (!doc_is_object(at.wanted) || doc_key(at.wanted, key))
        return false;
    DOC_AUTO filled = doc_copy(at.wanted);
    doc_set_key(filled, key, doc_string(value));
    return doc_equal(filled, at.live);
}

/* A field without members is owned as a whole: a scalar, or what the server replaces as one. */
static bool same_whole(struct place at, const char *member)
{
    if (doc_equal(at.wanted, at.live))
        return true;
    for (size_t i = 0; i < COUNT_OF(FILLED_IN); i++)
        if (strcmp(member, FILLED_IN[i].member) == 0)
            return same_reference(at, FILLED_IN[i].key, FILLED_IN[i].value);
    return false;
}

static bool same_member(struct place at, const char *member, const json_t *fields)
{
    if (str_starts(member, FIELD)) {
        const char *key = member + strlen(FIELD);
        const json_t *wanted = doc_is_object(at.wanted) ? doc_key(at.wanted, key) : NULL;
        const json_t *live = doc_is_object(at.live) ? doc_key(at.live, key) : NULL;
        const struct place below = { fields, wanted, live };
        return wanted && live && (doc_count(fields) == 0 ? same_whole(below, member) : same(below));
    }
    bool both_lists = doc_is_array(at.wanted) && doc_is_array(at.live);
    return both_lists && str_starts(member, BY_KEYS) && same_item(at, member, fields);
}

/* Sets of scalars are small: equal as a whole or not. */
static bool is_set(const json_t *fields)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (fields, key, value)
        if (str_starts(key, BY_VALUE))
            return true;
    return false;
}

static bool same(struct place at)
{
    const char *member;
    json_t *fields;
    size_t count = 0;
    if (doc_count(at.fields) == 0)
        return doc_equal(at.wanted, at.live);
    if (is_set(at.fields))
        return doc_count(at.fields) == doc_count(at.wanted) && doc_equal(at.wanted, at.live);
    DOC_EACH_KEY (at.fields, member, fields) {
        if (strcmp(member, ITSELF) == 0)
            continue;
        if (!same_member(at, member, fields))
            return false;
        count++;
    }
    bool all_live = !doc_is_array(at.live) || doc_count(at.live) == count;
    return doc_count(at.wanted) == count && all_live;
}

/* Without what makes up the object's address, which no field set has. */
static json_t *fields_wanted(const json_t *object)
{
    static const char *const address[] = { "/apiVersion", "/kind", "/metadata/name", "/metadata/namespace" };
    json_t *copy = doc_copy(object);
    for (size_t i = 0; i < COUNT_OF(address); i++)
        doc_remove(copy, address[i]);
    if (doc_is_null(doc_get(copy, "/metadata/creationTimestamp")))
        doc_remove(copy, "/metadata/creationTimestamp");
    if (doc_count(doc_key(copy, "metadata")) == 0)
        doc_remove(copy, "/metadata");
    return copy;
}

/* Of a bare ServiceAccount nothing is owned, so that nobody is told to have applied it. */
bool kube_is_applied(const json_t *live, const json_t *object)
{
    const json_t *entry = kube_applied_entry(live, KUBE_MANAGER);
    const json_t *fields = doc_key(entry, "fieldsV1");
    DOC_AUTO wanted = fields_wanted(object);
    if (!live || kube_has_inherited(live))
        return false;
    if (doc_count(fields) == 0)
        return doc_count(wanted) == 0;
    return str_eq(doc_text(entry, "/apiVersion"), doc_text(object, "/apiVersion")) &&
           same((struct place){ fields, wanted, live });
}
