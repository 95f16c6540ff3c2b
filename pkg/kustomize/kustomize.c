#include "kustomize/kustomize.h"

#include <stdlib.h>

#include "kustomize/layer.h"
#include "kustomize/name_hash.h"
#include "kustomize/names.h"

static struct err *add_hashes(struct resource_list *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct resource *r = &all->items[i];
        char hash[NAME_HASH_ROOM];
        if (!r->needs_hash)
            continue;
        TRY(name_hash(r->tree, hash));
        resource_remember(r);
        AUTO_STR name = xasprintf("%s-%s", resource_name(r), hash);
        doc_set_text(r->tree, "/metadata/name", name);
    }
    return NULL;
}

/* Notes for the tools that read the files, not for the cluster. */
static bool is_local(const struct resource *r)
{
    const json_t *note = doc_key(doc_get(r->tree, "/metadata/annotations"), "config.kubernetes.io/local-config");
    return note && !str_eq(doc_text(note, ""), "false");
}

static void drop_local(struct resource_list *all)
{
    for (size_t i = all->count; i > 0; i--)
        if (is_local(&all->items[i - 1]))
            resource_remove(all, i - 1);
}

static struct err *render(struct sources *sources, const char *path, struct resource_list *all)
{
    TRY(layer_render(sources, path, NULL, all));
    TRY(add_hashes(all));
    TRY(names_follow(all));
    drop_local(all);
    return NULL;
}

static void give(struct resource_list *all, struct sources *sources, struct kustomize_result *out)
{
    *out = (struct kustomize_result){ .files = sources->files, .file_count = sources->count };
    out->objects = xcalloc(all->count + 1, sizeof *out->objects);
    for (size_t i = 0; i < all->count; i++) {
        struct resource *r = &all->items[i];
        out->objects[out->count++] = (struct kustomize_object){ r->tree, r->origins };
        r->tree = NULL;
        r->origins = NULL;
    }
}

struct err *kustomize_render(int root_fd, const char *path, struct kustomize_result *out)
{
    struct sources sources = { .root_fd = root_fd };
    struct resource_list all = { 0 };
    struct err *e = render(&sources, path, &all);
    if (!e)
        give(&all, &sources, out);
    resource_list_release(&all);
    for (size_t i = 0; e && i < sources.count; i++)
        doc_list_release(&sources.files[i]);
    if (e)
        free(sources.files);
    return e;
}

void kustomize_result_release(struct kustomize_result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        doc_unref(r->objects[i].tree);
        doc_origins_free(r->objects[i].origins);
    }
    free(r->objects);
    for (size_t i = 0; i < r->file_count; i++)
        doc_list_release(&r->files[i]);
    free(r->files);
    *r = (struct kustomize_result){ 0 };
}

void kustomize_result_free(struct kustomize_result *r)
{
    if (r)
        kustomize_result_release(r);
    free(r);
}
