#include "manifest/literals.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/pods.h"

static void add(struct literals *out, const struct manifest_object *object, const char *pointer, const char *name,
                enum variable_use_kind kind)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct literal *l = &out->items[i];
        if (l->object == object && strcmp(l->pointer, pointer) == 0 && strcmp(l->name, name) == 0)
            return;
    }
    out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
    out->items[out->count++] =
        (struct literal){ .object = object, .pointer = xstrdup(pointer), .name = xstrdup(name), .kind = kind };
}

static const struct manifest_object *config_map(const struct manifest_set *set, const char *namespace, const char *name)
{
    for (size_t i = 0; name && i < set->count; i++) {
        const struct manifest_object *o = &set->objects[i];
        if (strcmp(o->kind, "ConfigMap") == 0 && strcmp(o->name, name) == 0 && str_eq(o->namespace, namespace))
            return o;
    }
    return NULL;
}

static void add_key(struct literals *out, const struct manifest_object *map, const char *key, const char *name)
{
    AUTO_STR pointer = doc_pointer_add("/data", key);
    if (!doc_text(map->tree, pointer))
        return;
    add(out, map, pointer, name, USE_CONFIG_MAP);
    if (strcmp(name, key) != 0)
        add(out, map, pointer, key, USE_CONFIG_MAP);
}

static void find_env(const struct manifest_set *set, const struct manifest_object *o, const char *container,
                     struct literals *out)
{
    AUTO_STR list = xasprintf("%s/env", container);
    for (size_t i = 0; i < doc_count(doc_get(o->tree, list)); i++) {
        const json_t *env = doc_at(doc_get(o->tree, list), i);
        const char *name = doc_text(env, "/name"), *key = doc_text(env, "/valueFrom/configMapKeyRef/key");
        AUTO_STR pointer = xasprintf("%s/%zu/value", list, i);
        if (name && doc_text(env, "/value"))
            add(out, o, pointer, name, USE_ENV);
        const struct manifest_object *map =
            config_map(set, o->namespace, doc_text(env, "/valueFrom/configMapKeyRef/name"));
        if (name && key && map)
            add_key(out, map, key, name);
    }
}

static void find_env_from(const struct manifest_set *set, const struct manifest_object *o, const char *container,
                          struct literals *out)
{
    AUTO_STR list = xasprintf("%s/envFrom", container);
    size_t i;
    json_t *from, *value;
    DOC_EACH_ITEM (doc_get(o->tree, list), i, from) {
        const struct manifest_object *map = config_map(set, o->namespace, doc_text(from, "/configMapRef/name"));
        const char *prefix = doc_text(from, "/prefix"), *key;
        if (!map)
            continue;
        DOC_EACH_KEY (doc_get(map->tree, "/data"), key, value) {
            AUTO_STR name = xasprintf("%s%s", prefix ? prefix : "", key);
            add_key(out, map, key, name);
        }
    }
}

void literals_find(const struct manifest_set *set, struct literals *out)
{
    for (size_t i = 0; i < set->count; i++) {
        AUTO(strv) containers = { 0 };
        pod_containers(&set->objects[i], &containers);
        for (size_t c = 0; c < containers.count; c++) {
            find_env(set, &set->objects[i], containers.items[c], out);
            find_env_from(set, &set->objects[i], containers.items[c], out);
        }
    }
}

void literals_release(struct literals *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->items[i].pointer);
        free(l->items[i].name);
    }
    free(l->items);
    *l = (struct literals){ 0 };
}
