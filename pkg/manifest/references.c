#include "manifest/references.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/pods.h"

static bool is_provided(const struct manifest_set *set, const struct manifest_reference *r)
{
    static const char *const parts[] = { "/data", "/binaryData", "/stringData" };
    const struct manifest_object *o = manifest_find(set, r->secret ? "Secret" : "ConfigMap", r->namespace, r->name);
    for (size_t i = 0; o && r->key && i < COUNT_OF(parts); i++)
        if (doc_key(doc_get(o->tree, parts[i]), r->key))
            return true;
    return o && !r->key;
}

static void reference_release(struct manifest_reference *r)
{
    free(r->namespace);
    free(r->name);
    free(r->key);
    free(r->where);
}

static void add(const struct manifest_set *set, const struct manifest_object *o, bool secret, const char *name,
                const char *key, const char *pointer, struct manifest_references *out)
{
    struct manifest_reference r = {
        .object = o,
        .secret = secret,
        .namespace = xstrdup(o->namespace),
        .name = xstrdup(name),
        .key = xstrdup(key),
        .where = manifest_where(o, pointer),
    };
    if (is_provided(set, &r)) {
        reference_release(&r);
        return;
    }
    out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
    out->items[out->count++] = r;
}

/* One reference: an object with its name, and perhaps key and optional. */
static void add_selector(const struct manifest_set *set, const struct manifest_object *o, bool secret,
                         const char *name_key, const char *pointer, struct manifest_references *out)
{
    const json_t *selector = doc_get(o->tree, pointer);
    const char *name = doc_text(doc_key(selector, name_key), "");
    AUTO_STR at = xasprintf("%s/%s", pointer, name_key);
    if (name && !doc_bool(selector, "/optional", false))
        add(set, o, secret, name, doc_text(selector, "/key"), at, out);
}

/* A volume's source: the object as a whole, or some of its keys. */
static void add_volume(const struct manifest_set *set, const struct manifest_object *o, bool secret,
                       const char *name_key, const char *pointer, struct manifest_references *out)
{
    const json_t *source = doc_get(o->tree, pointer);
    const json_t *items = doc_get(source, "/items");
    const char *name = doc_text(doc_key(source, name_key), "");
    if (!doc_count(items)) {
        add_selector(set, o, secret, name_key, pointer, out);
        return;
    }
    for (size_t i = 0; name && !doc_bool(source, "/optional", false) && i < doc_count(items); i++) {
        AUTO_STR at = xasprintf("%s/items/%zu/key", pointer, i);
        const char *key = doc_text(doc_at(items, i), "/key");
        if (key)
            add(set, o, secret, name, key, at, out);
    }
}

static void find_in_container(const struct manifest_set *set, const struct manifest_object *o, const char *container,
                              struct manifest_references *out)
{
    const json_t *tree = doc_get(o->tree, container);
    for (size_t i = 0; i < doc_count(doc_get(tree, "/env")); i++) {
        AUTO_STR config = xasprintf("%s/env/%zu/valueFrom/configMapKeyRef", container, i);
        AUTO_STR secret = xasprintf("%s/env/%zu/valueFrom/secretKeyRef", container, i);
        add_selector(set, o, false, "name", config, out);
        add_selector(set, o, true, "name", secret, out);
    }
    for (size_t i = 0; i < doc_count(doc_get(tree, "/envFrom")); i++) {
        AUTO_STR config = xasprintf("%s/envFrom/%zu/configMapRef", container, i);
        AUTO_STR secret = xasprintf("%s/envFrom/%zu/secretRef", container, i);
        add_selector(set, o, false, "name", config, out);
        add_selector(set, o, true, "name", secret, out);
    }
}

static void find_in_volumes(const struct manifest_set *set, const struct manifest_object *o, const char *pod,
                            struct manifest_references *out)
{
    AUTO_STR volumes = xasprintf("%s/volumes", pod);
    for (size_t i = 0; i < doc_count(doc_get(o->tree, volumes)); i++) {
        AUTO_STR config = xasprintf("%s/%zu/configMap", volumes, i);
        AUTO_STR secret = xasprintf("%s/%zu/secret", volumes, i);
        AUTO_STR projected = xasprintf("%s/%zu/projected/sources", volumes, i);
        add_volume(set, o, false, "name", config, out);
        add_volume(set, o, true, "secretName", secret, out);
        for (size_t j = 0; j < doc_count(doc_get(o->tree, projected)); j++) {
            AUTO_STR one_config = xasprintf("%s/%zu/configMap", projected, j);
            AUTO_STR one_secret = xasprintf("%s/%zu/secret", projected, j);
            add_volume(set, o, false, "name", one_config, out);
            add_volume(set, o, true, "name", one_secret, out);
        }
    }
}

void manifest_missing_references(const struct manifest_set *set, struct manifest_references *out)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct manifest_object *o = &set->objects[i];
        AUTO(strv) containers = { 0 };
        pod_containers(o, &containers);
        for (size_t c = 0; c < containers.count; c++)
            find_in_container(set, o, containers.items[c], out);
        if (manifest_pod_pointer(o))
            find_in_volumes(set, o, manifest_pod_pointer(o), out);
    }
}

static bool reads_key(const json_t *env, bool secret, const char *name, const char *key)
{
    const char *pointer = secret ? "/valueFrom/secretKeyRef" : "/valueFrom/configMapKeyRef";
    size_t i;
    json_t *variable;
    DOC_EACH_ITEM (env, i, variable) {
        const json_t *selector = doc_get(variable, pointer);
        if (str_eq(doc_text(selector, "/name"), name) && (!key || str_eq(doc_text(selector, "/key"), key)))
            return true;
    }
    return false;
}

static bool reads_whole(const json_t *env_from, bool secret, const char *name)
{
    size_t i;
    json_t *source;
    DOC_EACH_ITEM (env_from, i, source)
        if (str_eq(doc_text(source, secret ? "/secretRef/name" : "/configMapRef/name"), name))
            return true;
    return false;
}

bool manifest_reads_as_environment(const struct manifest_object *o, bool secret, const char *name, const char *key)
{
    AUTO(strv) containers = { 0 };
    pod_containers(o, &containers);
    for (size_t i = 0; i < containers.count; i++) {
        const json_t *container = doc_get(o->tree, containers.items[i]);
        if (reads_whole(doc_get(container, "/envFrom"), secret, name) ||
            reads_key(doc_get(container, "/env"), secret, name, key))
            return true;
    }
    return false;
}

struct err *manifest_reference_error(const struct manifest_reference *r)
{
    const char *kind = r->secret ? "Secret" : "ConfigMap";
    struct err *e;
    if (r->key)
        e = err_new(RW5003_REFERENCE_MISSING, "%s needs key %s of %s %s/%s", r->object->label, r->key, kind,
                    r->namespace, r->name);
    else
        e = err_new(RW5003_REFERENCE_MISSING, "%s needs %s %s/%s", r->object->label, kind, r->namespace, r->name);
    e = err_cause(e, "it is neither in the manifests nor in the cluster: the pods could not start");
    return err_at(e, "%s", r->where);
}

void manifest_references_release(struct manifest_references *r)
{
    for (size_t i = 0; i < r->count; i++)
        reference_release(&r->items[i]);
    free(r->items);
    *r = (struct manifest_references){ 0 };
}
