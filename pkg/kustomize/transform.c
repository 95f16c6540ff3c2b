#include <string.h>

#include "kustomize/label_specs.h"
#include "kustomize/layer.h"

/* A value that is put into fields, and where it was written. */
struct setting {
    const struct layer *layer;
    const char *pointer;
    const char *key; /* of a pair; NULL: the field itself is set */
    const json_t *value;
};

static void put(struct resource *r, json_t *holder, const char *key, const struct setting *s)
{
    doc_set_key(holder, key, doc_copy(s->value));
    doc_origins_member(r->origins, holder, key, doc_origin_of(s->layer->doc, s->pointer));
}

static struct err *set_field(void *ctx, struct resource *r, struct field_place at)
{
    put(r, at.holder, at.key, ctx);
    return NULL;
}

/* A pair in a mapping, which is made where there is none. */
static struct err *set_pair(void *ctx, struct resource *r, struct field_place at)
{
    const struct setting *s = ctx;
    if (doc_is_null(doc_key(at.holder, at.key)))
        doc_set_key(at.holder, at.key, doc_object());
    json_t *pairs = doc_key(at.holder, at.key);
    if (!doc_is_object(pairs)) {
        struct err *e =
            err_new(RW5001_OBJECT_INVALID, "%s %s: %s has to be a mapping", resource_kind(r), resource_name(r), at.key);
        return resource_error(e, r, "");
    }
    put(r, pairs, s->key, s);
    return NULL;
}

/* ---------------------------------------------------------------- namespace */

/* Others than "default" are taken for what somebody meant (api/filters/namespace). */
static void set_subjects(struct resource *r, const struct setting *s)
{
    size_t i;
    json_t *subject;
    if (strcmp(resource_kind(r), "RoleBinding") != 0 && strcmp(resource_kind(r), "ClusterRoleBinding") != 0)
        return;
    DOC_EACH_ITEM (doc_get(r->tree, "/subjects"), i, subject)
        if (str_eq(doc_text(subject, "/name"), "default"))
            put(r, subject, "namespace", s);
}

static struct err *set_namespace_of(struct resource *r, struct setting *s)
{
    static const struct field_spec specs[] = {
        { "", "v1", "Namespace", "metadata/name", true },
        { "apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true },
        { "apiextensions.k8s.io", "", "CustomResourceDefinition",
          "spec/conversion/webhook/clientConfig/service/namespace", false },
    };
    resource_remember(r);
    if (!resource_is_cluster_wide(r))
        put(r, doc_get(r->tree, "/metadata"), "namespace", s);
    set_subjects(r, s);
    for (size_t i = 0; i < COUNT_OF(specs); i++)
        TRY(spec_each(&specs[i], r, set_field, s));
    return NULL;
}

static struct err *set_namespace(struct layer *l)
{
    struct setting s = { .layer = l, .pointer = "/namespace", .value = layer_at(l, "/namespace") };
    for (size_t i = 0; layer_text(l, "/namespace") && i < l->resources.count; i++)
        TRY(set_namespace_of(&l->resources.items[i], &s));
    return NULL;
}

/* ---------------------------------------------------------------- names */

static bool keeps_its_name(const struct resource *r)
{
    const char *kind = r->before_count ? r->before[0].kind : resource_kind(r);
    return strcmp(kind, "CustomResourceDefinition") == 0 || strcmp(kind, "Namespace") == 0 ||
           (strcmp(kind, "APIService") == 0 && resource_in_group(r, "apiregistration.k8s.io"));
}

static void rename_all(struct layer *l, const char *prefix, const char *suffix)
{
    for (size_t i = 0; i < l->resources.count; i++) {
        struct resource *r = &l->resources.items[i];
        if (keeps_its_name(r))
            continue;
        resource_remember(r);
        strv_add(prefix ? &r->prefixes : &r->suffixes, prefix ? prefix : suffix);
        AUTO_STR name = xasprintf("%s%s%s", prefix ? prefix : "", resource_name(r), suffix ? suffix : "");
        doc_set_text(r->tree, "/metadata/name", name);
    }
}

static void rename_objects(struct layer *l)
{
    if (layer_text(l, "/namePrefix"))
        rename_all(l, layer_text(l, "/namePrefix"), NULL);
    if (layer_text(l, "/nameSuffix"))
        rename_all(l, NULL, layer_text(l, "/nameSuffix"));
}

/* ---------------------------------------------------------------- labels and annotations */

static struct err *set_by_table(struct layer *l, const struct spec_table *table, struct setting *s)
{
    for (size_t i = 0; i < l->resources.count; i++)
        for (size_t row = 0; row < table->count; row++)
            TRY(spec_each(&table->rows[row], &l->resources.items[i], set_pair, s));
    return NULL;
}

/* pairs: the pointer of a mapping of texts in the kustomization. */
static struct err *set_pairs(struct layer *l, const char *pairs, const struct spec_table *const *tables, size_t count)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (layer_at(l, "%s", pairs), key, value) {
        AUTO_STR pointer = doc_pointer_add(pairs, key);
        struct setting s = { l, pointer, key, value };
        for (size_t i = 0; i < count; i++)
            TRY(set_by_table(l, tables[i], &s));
    }
    return NULL;
}

static struct err *set_labels(struct layer *l)
{
    static const struct spec_table *const tables[] = { &metadata_specs, &template_specs, &selector_specs };
    for (size_t i = 0; i < doc_count(layer_at(l, "/labels")); i++) {
        AUTO_STR pairs = xasprintf("/labels/%zu/pairs", i);
        bool selectors = doc_bool(layer_at(l, "/labels/%zu", i), "/includeSelectors", false);
        bool templates = doc_bool(layer_at(l, "/labels/%zu", i), "/includeTemplates", false);
        TRY(set_pairs(l, pairs, tables, selectors ? COUNT_OF(tables) : templates ? 2 : 1));
    }
    return set_pairs(l, "/commonLabels", tables, COUNT_OF(tables));
}

static struct err *set_annotations(struct layer *l)
{
    static const struct spec_table *const tables[] = { &annotation_specs };
    return set_pairs(l, "/commonAnnotations", tables, COUNT_OF(tables));
}

/* ---------------------------------------------------------------- replicas */

static struct err *set_replicas_of(struct layer *l, size_t entry)
{
    static const struct field_spec specs[] = {
        { "", "", "Deployment", "spec/replicas", true },
        { "", "", "ReplicationController", "spec/replicas", true },
        { "", "", "ReplicaSet", "spec/replicas", true },
        { "", "", "StatefulSet", "spec/replicas", true },
    };
    AUTO_STR pointer = xasprintf("/replicas/%zu/count", entry);
    const char *name = layer_text(l, "/replicas/%zu/name", entry);
    DOC_AUTO count = doc_integer(doc_i64(l->doc->root, pointer, 0));
    struct setting s = { .layer = l, .pointer = pointer, .value = count };
    size_t found = 0;
    for (size_t i = 0; name && i < l->resources.count; i++) {
        struct resource *r = &l->resources.items[i];
        for (size_t row = 0; row < COUNT_OF(specs) && resource_was_named(r, name); row++) {
            found += spec_fits(&specs[row], r);
            TRY(spec_each(&specs[row], r, set_field, &s));
        }
    }
    AUTO_STR at = xasprintf("/replicas/%zu", entry);
    return found ? NULL : layer_refuse(l, at, "nothing with replicas is called %s", name ? name : "\"\"");
}

static struct err *set_replicas(struct layer *l)
{
    for (size_t i = 0; i < doc_count(layer_at(l, "/replicas")); i++)
        TRY(set_replicas_of(l, i));
    return NULL;
}

struct err *layer_transform(struct layer *l)
{
    TRY(set_namespace(l));
    rename_objects(l);
    TRY(set_labels(l));
    TRY(set_annotations(l));
    return set_replicas(l);
}
