#include "kustomize/names.h"

#include <stdlib.h>
#include <string.h>

#include "kustomize/name_specs.h"

/* One field that may hold the name of a kind. */
struct reference {
    struct resource_list *all;
    const struct name_spec *spec;
};

static bool is_of_kind(const struct resource *r, const struct name_spec *spec)
{
    if ((*spec->group && !resource_in_group(r, spec->group)) ||
        (*spec->version && !resource_in_version(r, spec->version)))
        return false;
    for (size_t i = 0; i < r->before_count; i++)
        if (strcmp(r->before[i].kind, spec->kind) == 0)
            return true;
    return false;
}

static bool had_name(const struct resource *r, const char *name)
{
    for (size_t i = 0; i < r->before_count; i++)
        if (strcmp(r->before[i].name, name) == 0)
            return true;
    return false;
}

/* roleRef names kind and group itself. */
static bool fits_role(const struct reference *ref, const struct resource *referrer, const struct resource *r)
{
    const char *group = doc_text(referrer->tree, "/roleRef/apiGroup"),
               *kind = doc_text(referrer->tree, "/roleRef/kind");
    if (strcmp(ref->spec->field.path, "roleRef/name") != 0 || !group || !kind)
        return true;
    const struct name_spec wanted = { .group = group, .version = "", .kind = kind };
    return is_of_kind(r, &wanted);
}

static bool names_account_in(const struct resource *referrer, const char *namespace)
{
    size_t i;
    json_t *subject;
    if (strcmp(resource_kind(referrer), "RoleBinding") != 0)
        return false;
    DOC_EACH_ITEM (doc_get(referrer->tree, "/subjects"), i, subject)
        if (str_eq(doc_text(subject, "/kind"), "ServiceAccount") && str_eq(doc_text(subject, "/namespace"), namespace))
            return true;
    return false;
}

/* What lives in a namespace refers to what lives in the same one, or in none; a RoleBinding also to
 * accounts elsewhere. */
static bool is_in_reach(const struct resource *referrer, const struct resource *r)
{
    if (resource_is_cluster_wide(referrer) || resource_is_cluster_wide(r) ||
        strcmp(resource_effective_namespace(referrer), resource_effective_namespace(r)) == 0)
        return true;
    return strcmp(resource_kind(r), "ServiceAccount") == 0 && names_account_in(referrer, resource_namespace(r));
}

static bool end_alike(const struct strv *a, const struct strv *b)
{
    size_t shorter = a->count < b->count ? a->count : b->count;
    if (!shorter)
        return a->count == b->count;
    for (size_t i = 1; i <= shorter; i++)
        if (strcmp(a->items[a->count - i], b->items[b->count - i]) != 0)
            return false;
    return true;
}

static bool same_ways(const struct resource *a, const struct resource *b, bool or_none)
{
    bool no_prefix = or_none && (!a->prefixes.count || !b->prefixes.count);
    bool no_suffix = or_none && (!a->suffixes.count || !b->suffixes.count);
    return (no_prefix || end_alike(&a->prefixes, &b->prefixes)) && (no_suffix || end_alike(&a->suffixes, &b->suffixes));
}

/* Candidates, narrowed down while several are left. */
struct candidates {
    const struct resource **items;
    size_t count;
};

static void keep_same_ways(struct candidates *c, const struct resource *referrer, bool or_none)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (same_ways(c->items[i], referrer, or_none))
            c->items[kept++] = c->items[i];
    c->count = kept;
}

/* namespace: beside the name in the reference; NULL: there is none. */
static void find_candidates(const struct reference *ref, const struct resource *referrer, const char *name,
                            const char *namespace, struct candidates *out)
{
    for (size_t i = 0; i < ref->all->count; i++) {
        const struct resource *r = &ref->all->items[i];
        const char *first = r->before_count ? r->before[0].namespace : "";
        bool placed = !namespace || strcmp(first, namespace) == 0 || strcmp(resource_namespace(r), namespace) == 0;
        if (placed && had_name(r, name) && is_of_kind(r, ref->spec) && fits_role(ref, referrer, r) &&
            is_in_reach(referrer, r))
            out->items[out->count++] = r;
    }
}

static bool all_alike(const struct candidates *c, bool also_namespace)
{
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(resource_name(c->items[i]), resource_name(c->items[0])) != 0 ||
            (also_namespace && strcmp(resource_namespace(c->items[i]), resource_namespace(c->items[0])) != 0))
            return false;
    return true;
}

static struct err *choose(const struct reference *ref, const struct resource *referrer, const char *name,
                          const char *namespace, bool in_mapping, const struct resource **out)
{
    struct candidates c = { .items = xcalloc(ref->all->count + 1, sizeof *c.items) };
    struct err *e = NULL;
    find_candidates(ref, referrer, name, namespace, &c);
    if (c.count > 1)
        keep_same_ways(&c, referrer, true);
    if (c.count > 1)
        keep_same_ways(&c, referrer, false);
    *out = c.count ? c.items[0] : NULL;
    if (c.count > 1 && !all_alike(&c, in_mapping)) {
        e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s %s refers to %s %s, of which there are several",
                    resource_kind(referrer), resource_name(referrer), ref->spec->kind, name);
        e = resource_error(e, referrer, "");
    }
    free(c.items);
    return e;
}

static struct err *follow_name(const struct reference *ref, struct resource *referrer, json_t *holder, const char *key)
{
    const char *name = doc_text(doc_key(holder, key), "");
    const struct resource *target = NULL;
    if (name)
        TRY(choose(ref, referrer, name, NULL, false, &target));
    if (target && strcmp(resource_name(target), name) != 0)
        doc_set_key(holder, key, doc_string(resource_name(target)));
    return NULL;
}

static struct err *follow_mapping(const struct reference *ref, struct resource *referrer, json_t *mapping)
{
    const char *name = doc_text(mapping, "/name"), *namespace = doc_text(mapping, "/namespace");
    const struct resource *target = NULL;
    if (!name)
        return NULL;
    TRY(choose(ref, referrer, name, namespace, true, &target));
    if (!target)
        return NULL;
    doc_set_text(mapping, "/name", resource_name(target));
    if (*resource_namespace(target))
        doc_set_text(mapping, "/namespace", resource_namespace(target));
    return NULL;
}

static struct err *follow_names(const struct reference *ref, struct resource *referrer, json_t *list)
{
    for (size_t i = 0; i < doc_count(list); i++) {
        json_t *item = doc_at(list, i);
        const char *name = doc_text(item, "");
        const struct resource *target = NULL;
        if (doc_is_object(item))
            TRY(follow_mapping(ref, referrer, item));
        if (name)
            TRY(choose(ref, referrer, name, NULL, false, &target));
        AUTO_STR pointer = xasprintf("/%zu", i);
        if (target)
            doc_set_text(list, pointer, resource_name(target));
    }
    return NULL;
}

/* The field holds a name, a mapping with name and perhaps namespace, or a list of either. */
static struct err *follow_field(void *ctx, struct resource *referrer, struct field_place at)
{
    const struct reference *ref = ctx;
    json_t *value = doc_key(at.holder, at.key);
    if (doc_is_object(value))
        return follow_mapping(ref, referrer, value);
    if (doc_is_array(value))
        return follow_names(ref, referrer, value);
    return follow_name(ref, referrer, at.holder, at.key);
}

struct err *names_follow(struct resource_list *all)
{
    for (size_t row = 0; row < name_spec_count; row++)
        for (size_t i = 0; i < all->count; i++) {
            struct reference ref = { all, &name_specs[row] };
            TRY(spec_each(&ref.spec->field, &all->items[i], follow_field, &ref));
        }
    return NULL;
}
