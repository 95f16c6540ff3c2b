#include "doc/anchors.h"

#include <stdlib.h>

struct anchor {
    json_t *value; /* owned reference; NULL while open */
    struct anchor_size size;
};

struct anchors {
    json_t *numbers; /* name → index in items: a file may hold a million of them */
    struct anchor *items;
    size_t count;
    size_t room;
};

struct anchors *anchors_new(void)
{
    struct anchors *a = xcalloc(1, sizeof *a);
    a->numbers = doc_object();
    return a;
}

void anchors_clear(struct anchors *a)
{
    while (a->count > 0)
        doc_unref(a->items[--a->count].value);
    doc_unref(a->numbers);
    a->numbers = doc_object();
}

void anchors_free(struct anchors *a)
{
    if (!a)
        return;
    anchors_clear(a);
    doc_unref(a->numbers);
    free(a->items);
    free(a);
}

size_t anchors_open(struct anchors *a, const char *name)
{
    if (a->count == a->room) {
        a->room = a->room ? a->room * 2 : 16;
        a->items = xrealloc(a->items, a->room, sizeof *a->items);
    }
    a->items[a->count] = (struct anchor){ .value = NULL };
    doc_set_key(a->numbers, name, doc_integer((int64_t)a->count));
    return a->count++;
}

void anchors_close(struct anchors *a, size_t number, json_t *value, struct anchor_size size)
{
    a->items[number] = (struct anchor){ .value = doc_ref(value), .size = size };
}

enum anchor_state anchors_find(const struct anchors *a, const char *name, const json_t **value,
                               struct anchor_size *size)
{
    int64_t number = doc_i64(doc_key(a->numbers, name), "", -1);
    if (number < 0)
        return ANCHOR_UNKNOWN;
    const struct anchor *found = &a->items[number];
    if (!found->value)
        return ANCHOR_OPEN;
    *value = found->value;
    *size = found->size;
    return ANCHOR_KNOWN;
}
