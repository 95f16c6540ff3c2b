#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"
#include "kustomize/layer.h"

/* Notes of kustomize and of other tools that work with it; they steer it, or vanish. */
static bool is_note(const char *annotation)
{
    static const char *const starts[] = { "internal.config.kubernetes.io/", "kustomize.config.k8s.io/",
                                          "config.kubernetes.io/", "config.k8s.io/", "alpha.config.kubernetes.io/" };
    if (strcmp(annotation, "config.kubernetes.io/local-config") == 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (str_starts(annotation, starts[i]))
            return true;
    return false;
}

static struct err *refuse_notes(const struct doc *d, const char *pointer)
{
    AUTO_STR annotations = xasprintf("%s/metadata/annotations", pointer);
    const char *key;
    json_t *value;
    DOC_EACH_KEY (doc_get(d->root, annotations), key, value) {
        AUTO_STR at = doc_pointer_add(annotations, key);
        if (is_note(key))
            return doc_err_where_key(err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "the annotation %s can't be rendered", key),
                                     d, at);
    }
    return NULL;
}

static struct err *invalid(const struct doc *d, const char *pointer, const char *what)
{
    return doc_err_where(err_new(RW5001_OBJECT_INVALID, "%s: %s", d->file, what), d, pointer);
}

static struct err *add_object(struct layer *l, const struct doc *d, const char *pointer)
{
    json_t *tree = doc_get(d->root, pointer);
    const char *kind = doc_text(tree, "/kind"), *name = doc_text(tree, "/metadata/name");
    if (!kind || !*kind)
        return invalid(d, pointer, "the object has no kind");
    if (!name || !*name)
        return invalid(d, pointer, "the object has no metadata.name");
    TRY(refuse_notes(d, pointer));
    resource_add(&l->resources, doc_ref(tree), doc_origins_new(doc_origin_of(d, pointer)));
    return NULL;
}

/* Any kind that ends in List and has items is taken apart. */
static struct err *add_document(struct layer *l, const struct doc *d)
{
    struct err *errors = NULL;
    const char *kind = doc_text(d->root, "/kind");
    if (!kind || !str_ends(kind, "List") || !doc_get(d->root, "/items"))
        return add_object(l, d, "");
    for (size_t i = 0; i < doc_count(doc_get(d->root, "/items")); i++) {
        AUTO_STR pointer = xasprintf("/items/%zu", i);
        errors = err_join(errors, add_object(l, d, pointer));
    }
    return errors;
}

static bool is_remote(const char *name)
{
    return strstr(name, "://") || strstr(name, "git@") || strstr(name, "?ref=") || str_starts(name, "github.com/");
}

static struct err *add_file(struct layer *l, const char *pointer, const char *name)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO_STR path = NULL;
    struct doc_list documents;
    struct err *errors = NULL;
    TRY(layer_read(l, pointer, name, &text, &path));
    TRY(sources_parse(l->sources, buf_text(&text), text.len, path, &documents));
    for (size_t i = 0; i < documents.count; i++)
        errors = err_join(errors, add_document(l, &documents.items[i]));
    return errors;
}

static struct err *add_base(struct layer *l, const char *pointer, const char *dir)
{
    AUTO_STR kustomization = NULL;
    if (strcmp(dir, l->dir) == 0)
        return layer_refuse(l, pointer, "%s has itself among its bases", l->doc->file);
    TRY(sources_kustomization(l->sources, dir, &kustomization));
    if (kustomization)
        return layer_render(l->sources, kustomization, l, &l->resources);
    return err_cause(layer_refuse(l, pointer, "%s is no base: it holds no kustomization", dir),
                     "name its files one by one, or write a kustomization.yaml there");
}

static struct err *add_entry(struct layer *l, const char *pointer, const char *name)
{
    AUTO_STR path = path_join(l->dir, name);
    if (is_remote(name)) {
        struct err *e = layer_refuse(l, pointer, "%s is remote: nothing is fetched to render a kustomization", name);
        return err_cause(e, "keep a copy in the workspace, and name that");
    }
    if (!path_is_inside(path))
        return doc_err_where(err_new(RW1016_PATH_OUTSIDE, "%s leads out of the workspace", name), l->doc, pointer);
    return fs_is_dir(l->sources->root_fd, path) ? add_base(l, pointer, path) : add_file(l, pointer, name);
}

struct err *layer_read_resources(struct layer *l)
{
    static const char *const lists[] = { "/resources", "/bases" };
    struct err *errors = NULL;
    for (size_t list = 0; list < COUNT_OF(lists); list++)
        for (size_t i = 0; i < doc_count(layer_at(l, "%s", lists[list])); i++) {
            AUTO_STR pointer = xasprintf("%s/%zu", lists[list], i);
            errors = err_join(errors, add_entry(l, pointer, doc_text(l->doc->root, pointer)));
        }
    return errors;
}
