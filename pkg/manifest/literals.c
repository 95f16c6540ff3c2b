#include "manifest/literals.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/pods.h"

static void add(const struct manifest_set *set, struct literals *out, const struct manifest_object *object,
                const char *pointer, const char *name, enum variable_use_kind kind)
{
    struct object_literals *of = &out->of[object - set->objects];
    for (size_t i = 0; i < of->count; i++)
        if (strcmp(of->items[i].pointer, pointer) == 0 && strcmp(of->items[i].name, name) == 0)
            return;
    of->items = xrealloc(of->items, of->count + 1, sizeof *of->items);
    of->items[of->count++] = (struct literal){ .pointer = xstrdup(pointer), .name = xstrdup(name), .kind = kind };
}

static void add_key(const struct manifest_set *set, struct literals *out, const struct manifest_object *map,
                    const char *key, const char *name)
{
    AUTO_STR pointer = doc_pointer_add("/data", key);
    if (!doc_text(map->tree, pointer))
        return;
    add(set, out, map, pointer, name, USE_CONFIG_MAP);
    if (strcmp(name, key) != 0)
        add(set, out, map, pointer, key, USE_CONFIG_MAP);
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
            add(set, out, o, pointer, name, USE_ENV);
        const struct manifest_object *map =
            manifest_find(set, "ConfigMap", o->namespace, doc_text(env, "/valueFrom/configMapKeyRef/name"));
        if (name && key && map)
            add_key(set, out, map, key, name);
    }
}

static void find_env_from(const struct manifest_set *set, const struct manifest_object *o, const char *container,
                          struct literals *out)
{
    AUTO_STR list = xasprintf("%s/envFrom", container);
    size_t i;
    json_t *from, *value;
    DOC_EACH_ITEM (doc_get(o->tree, list), i, from) {
        const struct manifest_object *map =
            manifest_find(set, "ConfigMap", o->namespace, doc_text(from, "/configMapRef/name"));
        const char *prefix = doc_text(from, "/prefix"), *key;
        if (!map)
            continue;
        DOC_EACH_KEY (doc_get(map->tree, "/data"), key, value) {
            AUTO_STR name = xasprintf("%s%s", prefix ? prefix : "", key);
            add_key(set, out, map, key, name);
        }
    }
}

void literals_find(const struct manifest_set *set, struct literals *out)
{
    *out = (struct literals){ xcalloc(set->count + 1, sizeof *out->of), set->count };
    for (size_t i = 0; i < set->count; i++) {
        AUTO(strv) containers = { 0 };
        pod_containers(&set->objects[i], &containers);
        for (size_t c = 0; c < containers.count; c++) {
            find_env(set, &set->objects[i], containers.items[c], out);
            find_env_from(set, &set->objects[i], containers.items[c], out);
        }
    }
}

static void object_literals_release(struct object_literals *of)
{
    for (size_t i = 0; i < of->count; i++) {
        free(of->items[i].pointer);
        free(of->items[i].name);
    }
    free(of->items);
}

void literals_release(struct literals *l)
{
    for (size_t i = 0; i < l->count; i++)
        object_literals_release(&l->of[i]);
    free(l->of);
    *l = (struct literals){ 0 };
}
