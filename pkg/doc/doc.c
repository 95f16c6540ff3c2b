#include "doc/doc.h"

#include <stdlib.h>

#include "doc/places.h"
#include "doc/pointer.h"

void doc_release(struct doc *d)
{
    doc_unrefp(&d->root);
    str_freep(&d->file);
    places_free(d->places);
    d->places = NULL;
}

void doc_list_release(struct doc_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        doc_release(&list->items[i]);
    free(list->items);
    *list = (struct doc_list){ 0 };
}

/* find: the deepest place on the way of the pointer; the key's own, if asked for, at its end. */
static void find(const struct doc *d, const char *pointer, bool key, size_t *line, size_t *column)
{
    uint64_t hash = places_root();
    *line = 1;
    *column = 1;
    while (places_find_value(d->places, hash, line, column)) {
        AUTO_STR segment = doc_segment(&pointer);
        if (!segment)
            break;
        hash = places_below(hash, segment);
    }
    if (key && *pointer == '\0')
        (void)places_find_key(d->places, hash, line, column);
}

void doc_where(const struct doc *d, const char *pointer, size_t *line, size_t *column)
{
    find(d, pointer, false, line, column);
}

void doc_where_key(const struct doc *d, const char *pointer, size_t *line, size_t *column)
{
    find(d, pointer, true, line, column);
}

struct err *doc_err_where(struct err *e, const struct doc *d, const char *pointer)
{
    size_t line, column;
    find(d, pointer, false, &line, &column);
    return err_where(e, d->file, line, column);
}

struct err *doc_err_where_key(struct err *e, const struct doc *d, const char *pointer)
{
    size_t line, column;
    find(d, pointer, true, &line, &column);
    return err_where(e, d->file, line, column);
}
