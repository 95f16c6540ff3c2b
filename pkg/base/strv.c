#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

void strv_add_take(struct strv *v, char *s_steal)
{
    v->items = xrealloc(v->items, v->count + 2, sizeof *v->items);
    v->items[v->count++] = s_steal;
    v->items[v->count] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
    strv_add_take(v, xstrdup(s));
}

void strv_addf(struct strv *v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    strv_add_take(v, xvasprintf(fmt, ap));
    va_end(ap);
}

bool strv_has(const struct strv *v, const char *s)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->items[i], s) == 0)
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return a->count == b->count;
}

void strv_sort(struct strv *v)
{
    if (v->count)
        qsort(v->items, v->count, sizeof *v->items, compare);
}

char *strv_join(const struct strv *v, const char *between)
{
    size_t total = 1;
    for (size_t i = 0; i < v->count; i++)
        total += strlen(v->items[i]) + (i ? strlen(between) : 0);
    char *joined = xcalloc(total, 1), *end = joined;
    for (size_t i = 0; i < v->count; i++) {
        if (i)
            end = stpcpy(end, between);
        end = stpcpy(end, v->items[i]);
    }
    return joined;
}

void strv_release(struct strv *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->items[i]);
    free(v->items);
    *v = (struct strv){ 0 };
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Optimal string alignment: insertions, deletions, changes and swaps of neighbours. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t width = b_len + 1;
    size_t *rows = xcalloc((a_len + 1) * width, sizeof *rows);
    for (size_t i = 0; i <= a_len; i++)
        rows[i * width] = i;
    for (size_t j = 0; j <= b_len; j++)
        rows[j] = j;
    for (size_t i = 1; i <= a_len; i++)
        for (size_t j = 1; j <= b_len; j++) {
            size_t *cell = &rows[i * width + j];
            *cell = smallest(cell[-1] + 1, *(cell - width) + 1, *(cell - width - 1) + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && *(cell - 2 * width - 2) + 1 < *cell)
                *cell = *(cell - 2 * width - 2) + 1;
        }
    size_t result = rows[a_len * width + b_len];
    free(rows);
    return result;
}

const char *str_nearest(const char *word, const char *const *candidates, size_t count)
{
    enum { LONGEST = 256 };
    size_t length = strlen(word), limit = length / 3 ? length / 3 : 1;
    const char *best = NULL;
    size_t best_distance = limit + 1;
    if (length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_length = strlen(candidates[i]);
        if (candidate_length > LONGEST)
            continue;
        size_t d = distance(word, length, candidates[i], candidate_length);
        if (d < best_distance) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}
