#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "doc/pointer.h"
#include "doc/tree.h"

void doc_set_key(json_t *object, const char *key, json_t *value_steal)
{
    if (!json_is_object(object))
        BUG("the key \"%s\" is set in something that is no object", key);
    if (json_object_set_new(object, key, value_steal) != 0)
        BUG("the key \"%s\" cannot be set: it is not UTF-8, or its value is missing", key);
}

void doc_append(json_t *array, json_t *value_steal)
{
    if (json_array_append_new(array, value_steal) != 0)
        BUG("a value cannot be appended: it is missing, or this is no list");
}

/* put: sets what one segment names. */
static void put(json_t *into, const char *segment, json_t *value_steal)
{
    size_t index = json_array_size(into);
    if (json_is_object(into))
        doc_set_key(into, segment, value_steal);
    else if (strcmp(segment, "-") == 0 || (doc_index(segment, &index) && index == json_array_size(into)))
        doc_append(into, value_steal);
    else if (json_array_set_new(into, index, value_steal) != 0)
        BUG("\"%s\" names no place in this list or scalar", segment);
}

void doc_set(json_t *tree, const char *pointer, json_t *value_steal)
{
    char *segment = doc_segment(&pointer);
    if (!segment)
        BUG("the root of a tree cannot be replaced in place");
    for (;;) {
        char *next = doc_segment(&pointer);
        if (!next)
            break;
        AUTO_STR single = doc_pointer_add("", segment);
        json_t *inner = doc_get(tree, single);
        if (!inner) {
            inner = doc_object();
            put(tree, segment, inner);
        }
        tree = inner;
        free(segment);
        segment = next;
    }
    put(tree, segment, value_steal);
    free(segment);
}

void doc_set_text(json_t *tree, const char *pointer, const char *text)
{
    if (text)
        doc_set(tree, pointer, doc_string(text));
}

bool doc_remove(json_t *tree, const char *pointer)
{
    const char *slash = strrchr(pointer, '/');
    if (!slash)
        BUG("the root of a tree cannot be removed from it");
    AUTO_STR parent_pointer = xstrndup(pointer, (size_t)(slash - pointer));
    AUTO_STR segment = doc_segment(&slash);
    json_t *parent = doc_get(tree, parent_pointer);
    size_t index;
    if (json_is_array(parent))
        return doc_index(segment, &index) && json_array_remove(parent, index) == 0;
    return json_object_del(parent, segment) == 0;
}

struct text_walk {
    struct err *(*fn)(void *ctx, const char *pointer, const char *text, char **replacement);
    void *ctx;
};

static struct err *walk(const struct text_walk *w, json_t *tree, const char *pointer);

/* visit: one value below `into`, which segment (unescaped) names. */
static struct err *visit(const struct text_walk *w, json_t *into, const char *pointer, const char *segment,
                         json_t *value)
{
    AUTO_STR below = doc_pointer_add(pointer, segment);
    if (!json_is_string(value))
        return walk(w, value, below);
    AUTO_STR replacement = NULL;
    TRY(w->fn(w->ctx, below, json_string_value(value), &replacement));
    if (replacement)
        put(into, segment, doc_string(replacement));
    return NULL;
}

static struct err *walk(const struct text_walk *w, json_t *tree, const char *pointer)
{
    size_t i;
    const char *key;
    json_t *value;
    DOC_EACH_KEY (tree, key, value)
        TRY(visit(w, tree, pointer, key, value));
    if (!json_is_array(tree))
        return NULL;
    DOC_EACH_ITEM (tree, i, value) {
        AUTO_STR segment = xasprintf("%zu", i);
        TRY(visit(w, tree, pointer, segment, value));
    }
    return NULL;
}

struct err *doc_each_text(json_t *tree,
                          struct err *(*fn)(void *ctx, const char *pointer, const char *text, char **replacement),
                          void *ctx)
{
    const struct text_walk w = { .fn = fn, .ctx = ctx };
    return walk(&w, tree, "");
}
