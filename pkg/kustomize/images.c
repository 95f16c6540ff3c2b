#include <string.h>

#include "kustomize/layer.h"

/* One entry of `images`. */
struct change {
    const struct layer *layer;
    const char *pointer;
    const char *name, *new_name, *new_tag, *digest; /* NULL: not given */
};

static bool is_tag_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.{}-", c));
}

/* Whether the image is NAME, NAME:TAG, NAME@sha256:DIGEST or both. kustomize takes the name for a
 * regular expression, so a dot in it is any letter; other signs of one are refused beforehand. */
static bool matches(const char *image, const char *name)
{
    for (; *name; name++, image++)
        if (!*image || (*name != '.' && *name != *image))
            return false;
    if (*image == ':')
        for (image++; is_tag_letter(*image);)
            image++;
    if (str_starts(image, "@sha256:"))
        for (image += strlen("@sha256:"); is_tag_letter(*image);)
            image++;
    return *image == '\0';
}

/* The parts of an image: a colon in front of the first slash is a port's. */
struct parts {
    char *name, *tag, *digest;
};

static void split(const char *image, struct parts *out)
{
    const char *slash = strchr(image, '/');
    const char *from = slash ? slash : image, *at = strchr(from, '@');
    const char *end = at ? at : image + strlen(image);
    const char *colon = memchr(from, ':', (size_t)(end - from));
    out->name = xstrndup(image, (size_t)((colon ? colon : end) - image));
    out->tag = colon ? xstrndup(colon + 1, (size_t)(end - colon - 1)) : xstrdup("");
    out->digest = xstrdup(at ? at + 1 : "");
}

static char *changed(const struct change *c, const char *image)
{
    struct parts p = { 0 };
    split(image, &p);
    bool replaced = c->new_tag || c->digest;
    const char *tag = replaced ? c->new_tag : p.tag, *digest = replaced ? c->digest : p.digest;
    tag = tag ? tag : "";
    digest = digest ? digest : "";
    char *result =
        xasprintf("%s%s%s%s%s", c->new_name ? c->new_name : p.name, *tag ? ":" : "", tag, *digest ? "@" : "", digest);
    str_freep(&p.name);
    str_freep(&p.tag);
    str_freep(&p.digest);
    return result;
}

static void change_item(const struct change *c, struct resource *r, json_t *container)
{
    const char *image = doc_is_object(container) ? doc_text(container, "/image") : NULL;
    if (!image || !matches(image, c->name))
        return;
    AUTO_STR text = changed(c, image);
    doc_set_key(container, "image", doc_string(text));
    doc_origins_member(r->origins, container, "image", doc_origin_of(c->layer->doc, c->pointer));
}

/* Containers are known by the name of their list, wherever it stands (api/filters/imagetag/legacy.go). */
static void change_below(const struct change *c, struct resource *r, json_t *value)
{
    size_t i;
    const char *key;
    json_t *child;
    if (doc_is_array(value))
        DOC_EACH_ITEM (value, i, child)
            change_below(c, r, child);
    if (!doc_is_object(value))
        return;
    DOC_EACH_KEY (value, key, child) {
        change_below(c, r, child);
        json_t *container;
        if (strcmp(key, "containers") == 0 || strcmp(key, "initContainers") == 0)
            DOC_EACH_ITEM (child, i, container)
                change_item(c, r, container);
    }
}

static struct err *change_all(struct layer *l, size_t entry)
{
    AUTO_STR pointer = xasprintf("/images/%zu", entry);
    const json_t *row = doc_get(l->doc->root, pointer);
    const struct change c = {
        l,
        pointer,
        doc_text(row, "/name"),
        layer_text(l, "%s/newName", pointer),
        layer_text(l, "%s/newTag", pointer),
        layer_text(l, "%s/digest", pointer),
    };
    if (!c.name)
        return layer_refuse(l, pointer, "an image that is to be changed needs a name");
    if (strpbrk(c.name, "\\+*?()[]{}|^$")) {
        struct err *e = layer_refuse(l, pointer, "the image's name is a pattern");
        return err_cause(e, "write an entry for each image");
    }
    for (size_t i = 0; i < l->resources.count; i++)
        if (strcmp(resource_kind(&l->resources.items[i]), "CustomResourceDefinition") != 0)
            change_below(&c, &l->resources.items[i], l->resources.items[i].tree);
    return NULL;
}

struct err *layer_set_images(struct layer *l)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < doc_count(layer_at(l, "/images")); i++)
        errors = err_join(errors, change_all(l, i));
    return errors;
}
