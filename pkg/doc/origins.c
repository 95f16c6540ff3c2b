#include "doc/origins.h"

#include <stdlib.h>

#include "doc/pointer.h"

struct entry {
    json_t *owner; /* the object, or the item itself; owned, so that its address is nobody else's */
    char *key;     /* NULL: an item */
    struct doc_origin from;
};

struct doc_origins {
    struct doc_origin root;
    struct entry *items;
    size_t count;
};

struct doc_origin doc_origin_of(const struct doc *d, const char *pointer)
{
    return (struct doc_origin){ .doc = d, .pointer = xstrdup(pointer) };
}

struct doc_origin doc_origin_line(const char *file, size_t line)
{
    return (struct doc_origin){ .pointer = xstrdup(""), .file = xstrdup(file), .line = line };
}

struct doc_origin doc_origin_copy(const struct doc_origin *o)
{
    return (struct doc_origin){ o->doc, xstrdup(o->pointer), xstrdup(o->file), o->line };
}

void doc_origin_release(struct doc_origin *o)
{
    free(o->pointer);
    free(o->file);
    *o = (struct doc_origin){ 0 };
}

char *doc_origin_where(const struct doc_origin *o)
{
    size_t line = o->line, column = 1;
    if (o->doc)
        doc_where(o->doc, o->pointer, &line, &column);
    return xasprintf("%s:%zu:%zu", o->doc ? o->doc->file : o->file, line, column);
}

struct doc_origins *doc_origins_new(struct doc_origin root_steal)
{
    struct doc_origins *o = xcalloc(1, sizeof *o);
    o->root = root_steal;
    return o;
}

void doc_origins_free(struct doc_origins *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->count; i++) {
        doc_unref(o->items[i].owner);
        free(o->items[i].key);
        doc_origin_release(&o->items[i].from);
    }
    free(o->items);
    doc_origin_release(&o->root);
    free(o);
}

static struct entry *find(const struct doc_origins *o, const json_t *owner, const char *key)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->items[i].owner == owner && str_eq(o->items[i].key, key))
            return &o->items[i];
    return NULL;
}

static void note(struct doc_origins *o, json_t *owner, const char *key, struct doc_origin from_steal)
{
    struct entry *known = find(o, owner, key);
    if (known) {
        doc_origin_release(&known->from);
        known->from = from_steal;
        return;
    }
    o->items = xrealloc(o->items, o->count + 1, sizeof *o->items);
    o->items[o->count++] = (struct entry){ doc_ref(owner), xstrdup(key), from_steal };
}

void doc_origins_member(struct doc_origins *o, json_t *object, const char *key, struct doc_origin from_steal)
{
    note(o, object, key, from_steal);
}

void doc_origins_item(struct doc_origins *o, json_t *item, struct doc_origin from_steal)
{
    if (doc_is_object(item) || doc_is_array(item))
        note(o, item, NULL, from_steal);
    else
        doc_origin_release(&from_steal);
}

static const struct entry *entry_of(const struct doc_origins *o, const json_t *parent, const char *segment)
{
    size_t index;
    if (doc_is_object(parent))
        return find(o, parent, segment);
    return doc_is_array(parent) && doc_index(segment, &index) ? find(o, doc_at(parent, index), NULL) : NULL;
}

struct doc_origin doc_origins_below(const struct doc_origins *o, const json_t *parent, const char *segment,
                                    const struct doc_origin *of)
{
    const struct entry *e = entry_of(o, parent, segment);
    if (e)
        return doc_origin_copy(&e->from);
    struct doc_origin below = doc_origin_copy(of);
    free(below.pointer);
    below.pointer = doc_pointer_add(of->pointer, segment);
    return below;
}

static const json_t *child_of(const json_t *parent, const char *segment)
{
    size_t index;
    if (doc_is_object(parent))
        return doc_key(parent, segment);
    return doc_is_array(parent) && doc_index(segment, &index) ? doc_at(parent, index) : NULL;
}

struct doc_origin doc_origins_find(const struct doc_origins *o, const json_t *tree, const char *pointer)
{
    struct doc_origin at = doc_origin_copy(&o->root);
    for (;;) {
        AUTO_STR segment = doc_segment(&pointer);
        if (!segment)
            return at;
        struct doc_origin below = doc_origins_below(o, tree, segment, &at);
        doc_origin_release(&at);
        at = below;
        tree = child_of(tree, segment);
    }
}
