#include "manifest/images.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/pods.h"
#include "oci/reference.h"

static const struct image_name *find_name(const struct image_name *names, char *const *full_names, size_t count,
                                          const char *full)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(full_names[i], full) == 0)
            return &names[i];
    return NULL;
}

static void record(struct image_changes *out, const struct manifest_object *o, const json_t *container, const char *to,
                   bool policy_set)
{
    out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
    out->items[out->count++] = (struct image_change){
        .object = o,
        .container = xstrdup(doc_text(container, "/name") ? doc_text(container, "/name") : ""),
        .from = xstrdup(doc_text(container, "/image")),
        .to = xstrdup(to),
        .policy_set = policy_set,
    };
}

static struct err *name_container(const struct manifest_object *o, const char *pointer, const struct image_name *names,
                                  char *const *full_names, size_t count, struct image_changes *out)
{
    json_t *container = doc_get(o->tree, pointer);
    const char *image = doc_text(container, "/image");
    AUTO_STR full = NULL;
    if (!image)
        return NULL;
    struct err *e = oci_full_name(image, &full);
    if (e) {
        AUTO_STR at = xasprintf("%s/image", pointer);
        return manifest_err_where(e, o, at);
    }
    const struct image_name *name = find_name(names, full_names, count, full);
    if (!name)
        return NULL;
    bool always = str_eq(doc_text(container, "/imagePullPolicy"), "Always");
    record(out, o, container, name->content_name, always);
    doc_set_text(container, "/image", name->content_name);
    if (always)
        doc_set_text(container, "/imagePullPolicy", "IfNotPresent");
    return NULL;
}

static struct err *name_all(struct manifest_set *set, const struct image_name *names, char *const *full_names,
                            size_t count, struct image_changes *out)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < set->count; i++) {
        AUTO(strv) containers = { 0 };
        pod_containers(&set->objects[i], &containers);
        for (size_t c = 0; c < containers.count; c++) {
            struct err *e = name_container(&set->objects[i], containers.items[c], names, full_names, count, out);
            errors = err_join(errors, e);
        }
    }
    return errors;
}

struct err *manifest_set_images(struct manifest_set *set, const struct image_name *names, size_t count,
                                struct image_changes *out)
{
    AUTO(strv) full_names = { 0 };
    struct image_changes changes = { 0 };
    for (size_t i = 0; i < count; i++) {
        char *full = NULL;
        TRY(oci_full_name(names[i].reference, &full));
        strv_add_take(&full_names, full);
    }
    struct err *e = name_all(set, names, full_names.items, count, &changes);
    if (e) {
        image_changes_release(&changes);
        return e;
    }
    *out = changes;
    return NULL;
}

void image_changes_release(struct image_changes *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].container);
        free(c->items[i].from);
        free(c->items[i].to);
    }
    free(c->items);
    *c = (struct image_changes){ 0 };
}
