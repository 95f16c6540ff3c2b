#include "kube/owners.h"

#include <string.h>

#include "kube/apply.h"

bool kube_is_inherited(const char *manager, size_t len)
{
    static const char *const names[] = { "kubectl-client-side-apply", "kubectl", KUBE_ROLLBACK_MANAGER };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (len == strlen(names[i]) && memcmp(manager, names[i], len) == 0)
            return true;
    }
    return false;
}

static bool is_main_entry(const json_t *entry)
{
    const char *subresource = doc_text(entry, "/subresource");
    return !subresource || !*subresource;
}

static bool is_inherited_entry(const json_t *entry)
{
    const char *manager = doc_text(entry, "/manager");
    return manager && is_main_entry(entry) && kube_is_inherited(manager, strlen(manager));
}

static bool is_applied_by(const json_t *entry, const char *manager)
{
    return is_main_entry(entry) && str_eq(doc_text(entry, "/manager"), manager) &&
           str_eq(doc_text(entry, "/operation"), "Apply");
}

bool kube_has_inherited(const json_t *object)
{
    size_t i;
    json_t *entry;
    DOC_EACH_ITEM (doc_get(object, "/metadata/managedFields"), i, entry) {
        if (is_inherited_entry(entry))
            return true;
    }
    return false;
}

const json_t *kube_applied_entry(const json_t *object, const char *manager)
{
    size_t i;
    json_t *entry;
    DOC_EACH_ITEM (doc_get(object, "/metadata/managedFields"), i, entry) {
        if (is_applied_by(entry, manager))
            return entry;
    }
    return NULL;
}

const json_t *kube_owned_fields(const json_t *object, const char *manager)
{
    return doc_key(kube_applied_entry(object, manager), "fieldsV1");
}

/* "/spec/template" is "f:spec", "f:template" in a field set. */
static bool has_field(const json_t *fields, const char *pointer)
{
    while (fields && *pointer) {
        size_t len = strcspn(pointer + 1, "/");
        AUTO_STR member = xasprintf("f:%.*s", (int)len, pointer + 1);
        fields = doc_key(fields, member);
        pointer += 1 + len;
    }
    return fields != NULL;
}

bool kube_is_others(const json_t *object, const char *pointer)
{
    size_t i;
    json_t *entry;
    DOC_EACH_ITEM (doc_get(object, "/metadata/managedFields"), i, entry) {
        bool is_rwmls = is_applied_by(entry, KUBE_MANAGER) || is_inherited_entry(entry);
        if (!is_rwmls && has_field(doc_key(entry, "fieldsV1"), pointer))
            return true;
    }
    return false;
}

/* A field set is a tree of objects whose keys are the fields: their union. Its depth is that of
 * the object, which the parser has bounded. */
static void add_fields(json_t *into, const json_t *from)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (from, key, value) {
        json_t *mine = doc_key(into, key);
        if (mine)
            add_fields(mine, value);
        else
            doc_set_key(into, key, doc_copy(value));
    }
}

json_t *kube_migrated_owners(const json_t *object, const char *manager)
{
    json_t *out = doc_array();
    json_t *ours = NULL;
    size_t i;
    json_t *entry;
    DOC_EACH_ITEM (doc_get(object, "/metadata/managedFields"), i, entry) {
        bool moves = is_inherited_entry(entry);
        if (!moves && !is_applied_by(entry, manager)) {
            doc_append(out, doc_copy(entry));
            continue;
        }
        if (ours) {
            add_fields(doc_key(ours, "fieldsV1"), doc_key(entry, "fieldsV1"));
            continue;
        }
        doc_append(out, doc_copy(entry));
        ours = doc_at(out, doc_count(out) - 1);
        doc_set_text(ours, "/manager", manager);
        doc_set_text(ours, "/operation", "Apply");
    }
    return out;
}
