#include "kustomize/spec.h"

#include <string.h>

#include "base/buf.h"

struct walk {
    const struct field_spec *spec;
    struct resource *resource;
    struct err *(*fn)(void *ctx, struct resource *r, struct field_place at);
    void *ctx;
};

bool spec_fits(const struct field_spec *spec, const struct resource *r)
{
    return (!*spec->kind || strcmp(spec->kind, resource_kind(r)) == 0) &&
           (!*spec->group || resource_in_group(r, spec->group)) &&
           (!*spec->version || resource_in_version(r, spec->version));
}

/* The first key of the path, owned; *path moves behind it. */
static char *first_key(const char **path)
{
    AUTO(buf) key = BUF_INIT(4096);
    const char *s = *path;
    for (; *s && *s != '/'; s++) {
        s += s[0] == '\\' && s[1] == '/';
        buf_add(&key, s, 1);
    }
    *path = s + (*s == '/');
    return buf_steal(&key, NULL);
}

static struct err *walk_value(const struct walk *w, json_t *value, const char *path);

static struct err *walk_member(const struct walk *w, json_t *object, const char *path)
{
    AUTO_STR key = first_key(&path);
    json_t *child = doc_key(object, key);
    if (!*path)
        return child || w->spec->create ? w->fn(w->ctx, w->resource, (struct field_place){ object, key }) : NULL;
    if (doc_is_null(child)) {
        if (!w->spec->create)
            return NULL;
        doc_set_key(object, key, doc_object());
        child = doc_key(object, key);
    }
    return walk_value(w, child, path);
}

static struct err *walk_value(const struct walk *w, json_t *value, const char *path)
{
    size_t i;
    json_t *item;
    if (doc_is_object(value))
        return walk_member(w, value, path);
    if (!doc_is_array(value)) {
        struct err *e = err_new(RW5001_OBJECT_INVALID, "%s %s: %s stands where a field of %s is to be set",
                                resource_kind(w->resource), resource_name(w->resource), doc_kind_name(doc_kind(value)),
                                w->spec->path);
        return resource_error(e, w->resource, "");
    }
    DOC_EACH_ITEM (value, i, item)
        if (!doc_is_null(item))
            TRY(walk_value(w, item, path));
    return NULL;
}

struct err *spec_each(const struct field_spec *spec, struct resource *r,
                      struct err *(*fn)(void *ctx, struct resource *r, struct field_place at), void *ctx)
{
    const struct walk w = { spec, r, fn, ctx };
    return spec_fits(spec, r) ? walk_value(&w, r->tree, spec->path) : NULL;
}
