#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "kustomize/layer.h"
#include "kustomize/merge.h"
#include "kustomize/select.h"

/* An entry of `patches` or `patchesStrategicMerge`, read. */
struct patch {
    struct layer *layer;
    const char *pointer;       /* of the entry */
    struct doc_list documents; /* borrowed from the sources */
};

static size_t column_of_text(const char *source, size_t line)
{
    for (; line > 0 && *source; line--) {
        source += strcspn(source, "\n");
        source += *source == '\n';
    }
    return strspn(source, " ");
}

/* An inline patch as a text of its own whose lines and columns are those of the kustomization, so that
 * places in it are places there. Only a block that keeps its lines ("|") can be moved so; anything
 * else is told by the place where it begins. */
static char *in_place(const struct layer *l, const char *pointer, const char *text)
{
    AUTO(buf) source = BUF_INIT(LIMIT_MANIFEST);
    AUTO(buf) out = BUF_INIT(SIZE_MAX);
    AUTO_STR path = NULL;
    size_t line, column;
    const char *name = strrchr(l->doc->file, '/');
    doc_where(l->doc, pointer, &line, &column);
    struct err *e = layer_read(l, pointer, name ? name + 1 : l->doc->file, &source, &path);
    size_t indent = e || strstr(text, "---") ? 0 : column_of_text(buf_text(&source), line);
    err_ignore(e, "then the columns are those of the patch itself");
    for (size_t i = 0; i < line; i++)
        buf_adds(&out, "\n");
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        if (len)
            buf_addf(&out, "%*s", (int)indent, "");
        buf_add(&out, at, len + (at[len] == '\n'));
        at += len + (at[len] == '\n');
    }
    return buf_steal(&out, NULL);
}

static struct err *read_inline(struct patch *p, const char *pointer, const char *text)
{
    AUTO_STR placed = in_place(p->layer, pointer, text);
    return sources_parse(p->layer->sources, placed, strlen(placed), p->layer->doc->file, &p->documents);
}

static struct err *read_file(struct patch *p, const char *pointer, const char *name)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO_STR path = NULL;
    TRY(layer_read(p->layer, pointer, name, &text, &path));
    return sources_parse(p->layer->sources, buf_text(&text), text.len, path, &p->documents);
}

static struct err *check_document(const struct doc *d)
{
    const char *kind = doc_text(d->root, "/kind"), *name = doc_text(d->root, "/metadata/name");
    if (doc_is_array(d->root)) {
        struct err *e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s: a JSON 6902 patch can't be applied", d->file);
        return doc_err_where(err_cause(e, "write it as a strategic merge patch: the part of the object that differs"),
                             d, "");
    }
    if (kind && *kind && name && *name)
        return NULL;
    return doc_err_where(err_new(RW5001_OBJECT_INVALID, "%s: a patch needs kind and metadata.name", d->file), d, "");
}

static struct err *apply(struct patch *p, const struct doc *d, size_t index)
{
    bool deleted = false;
    TRY(merge_patch(&p->layer->resources.items[index], d, "", &deleted));
    if (deleted)
        resource_remove(&p->layer->resources, index);
    return NULL;
}

/* The one object that has, or had, the patch's kind and name. */
static struct err *apply_by_name(struct patch *p, const struct doc *d)
{
    const struct resource_list *all = &p->layer->resources;
    const struct resource like = { .tree = d->root };
    size_t found = 0, index = 0;
    for (size_t i = 0; i < all->count; i++)
        if (resource_was(&all->items[i], &like)) {
            index = i;
            found++;
        }
    if (found == 1)
        return apply(p, d, index);
    struct err *e = err_new(RW5001_OBJECT_INVALID, "%s: the patch means %s %s, of which there %s", d->file,
                            resource_kind(&like), resource_name(&like), found ? "are several" : "is none");
    return doc_err_where(err_cause(e, "apiVersion, kind, name and namespace have to be the object's"), d,
                         "/metadata/name");
}

static struct err *apply_to_target(struct patch *p, const char *target)
{
    AUTO_PTR(selector) selector = NULL;
    struct resource_list *all = &p->layer->resources;
    TRY(selector_new(p->layer, target, &selector));
    if (p->documents.count != 1)
        return layer_refuse(p->layer, target, "a patch with a target has to be one document");
    for (size_t i = 0, before; i < all->count; i += all->count == before) {
        before = all->count;
        if (selector_takes(selector, &all->items[i]))
            TRY(apply(p, &p->documents.items[0], i));
    }
    return NULL;
}

static struct err *apply_all(struct patch *p)
{
    AUTO_STR target = xasprintf("%s/target", p->pointer);
    struct err *errors = NULL;
    for (size_t i = 0; i < p->documents.count; i++)
        errors = err_join(errors, check_document(&p->documents.items[i]));
    if (errors)
        return errors;
    if (layer_at(p->layer, "%s", target) && !doc_is_null(layer_at(p->layer, "%s", target)))
        return apply_to_target(p, target);
    for (size_t i = 0; i < p->documents.count; i++)
        TRY(apply_by_name(p, &p->documents.items[i]));
    return NULL;
}

/* The old field holds patches themselves or files of them. */
static struct err *apply_old(struct layer *l, size_t i)
{
    AUTO_STR pointer = xasprintf("/patchesStrategicMerge/%zu", i);
    const char *text = doc_text(l->doc->root, pointer);
    struct patch p = { .layer = l, .pointer = pointer };
    bool is_inline = strchr(text, '\n') || text[0] == '{';
    TRY(is_inline ? read_inline(&p, pointer, text) : read_file(&p, pointer, text));
    return apply_all(&p);
}

static struct err *apply_new(struct layer *l, size_t i)
{
    AUTO_STR pointer = xasprintf("/patches/%zu", i);
    AUTO_STR inner = xasprintf("%s/patch", pointer);
    AUTO_STR file = xasprintf("%s/path", pointer);
    const char *text = layer_text(l, "%s", inner), *name = layer_text(l, "%s", file);
    struct patch p = { .layer = l, .pointer = pointer };
    if (!text == !name)
        return layer_refuse(l, pointer, "a patch has either path or patch");
    TRY(text ? read_inline(&p, inner, text) : read_file(&p, file, name));
    return apply_all(&p);
}

struct err *layer_patch(struct layer *l)
{
    for (size_t i = 0; i < doc_count(layer_at(l, "/patchesStrategicMerge")); i++)
        TRY(apply_old(l, i));
    for (size_t i = 0; i < doc_count(layer_at(l, "/patches")); i++)
        TRY(apply_new(l, i));
    return NULL;
}
