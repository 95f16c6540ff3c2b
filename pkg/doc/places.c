#include "doc/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
    uint64_t hash;
    uint32_t line;
    uint32_t column;
};

struct doc_places {
    struct place *items;
    size_t count;
    size_t room;
};

/* FNV-1a, 64 bits. */
static const uint64_t FNV_START = 0xCBF29CE484222325u;
static const uint64_t FNV_PRIME = 0x100000001B3u;
static const uint64_t KEY_MARK = 0x9E3779B97F4A7C15u; /* tells a key's place from its value's */

uint64_t places_root(void)
{
    return FNV_START;
}

uint64_t places_below(uint64_t hash, const char *segment)
{
    hash = (hash ^ '/') * FNV_PRIME;
    for (const char *s = segment; *s; s++)
        hash = (hash ^ (unsigned char)*s) * FNV_PRIME;
    return hash;
}

uint64_t places_below_index(uint64_t hash, size_t index)
{
    char segment[24];
    snprintf(segment, sizeof segment, "%zu", index);
    return places_below(hash, segment);
}

struct doc_places *places_new(void)
{
    return xcalloc(1, sizeof(struct doc_places));
}

void places_free(struct doc_places *p)
{
    if (!p)
        return;
    free(p->items);
    free(p);
}

void places_add_value(struct doc_places *p, uint64_t hash, size_t line, size_t column)
{
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 8;
        p->items = xrealloc(p->items, p->room, sizeof *p->items);
    }
    p->items[p->count++] = (struct place){ .hash = hash, .line = (uint32_t)line, .column = (uint32_t)column };
}

void places_add_key(struct doc_places *p, uint64_t hash, size_t line, size_t column)
{
    places_add_value(p, hash ^ KEY_MARK, line, column);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct place *)a)->hash;
    uint64_t y = ((const struct place *)b)->hash;
    return (x > y) - (x < y);
}

void places_close(struct doc_places *p)
{
    if (p->count > 1)
        qsort(p->items, p->count, sizeof *p->items, by_hash);
}

bool places_find_value(const struct doc_places *p, uint64_t hash, size_t *line, size_t *column)
{
    if (!p || p->count == 0)
        return false;
    const struct place wanted = { .hash = hash };
    const struct place *found = bsearch(&wanted, p->items, p->count, sizeof *p->items, by_hash);
    if (!found)
        return false;
    *line = found->line;
    *column = found->column;
    return true;
}

bool places_find_key(const struct doc_places *p, uint64_t hash, size_t *line, size_t *column)
{
    return places_find_value(p, hash ^ KEY_MARK, line, column);
}
