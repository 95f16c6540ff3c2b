/* strv: an owned, ordered list of strings. Zeroed is empty. items[count] is always NULL once
 * something was added, so that items can serve as an argv. */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include "base/mem.h"

struct strv {
    char **items;
    size_t count;
};

void strv_add(struct strv *v, const char *s);
void strv_addf(struct strv *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strv_add_take(struct strv *v, char *s_steal);
bool strv_has(const struct strv *v, const char *s);
bool strv_equal(const struct strv *a, const struct strv *b); /* the same texts in the same order */
void strv_sort(struct strv *v);                              /* bytewise */
char *strv_join(const struct strv *v, const char *between) MUST_USE;
void strv_release(struct strv *v);

/* str_nearest: the candidate that the writer of `word` most likely meant (Damerau-Levenshtein
 * distance at most a third of the word's length, at least 1), or NULL. For "did you mean". */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

#endif
