/* placeholder: ${NAME} and ${NAME:-default} in one text. For variables.c alone. */
#ifndef MANIFEST_PLACEHOLDER_H
#define MANIFEST_PLACEHOLDER_H

#include "base/err.h"

struct placeholder {
    char *name;
    char *fallback; /* NULL without one */
};

struct placeholders {
    struct placeholder *items;
    size_t count;
};

/* placeholders_read: those of a text, in order. *why: set when the text is not well formed (false). */
bool placeholders_read(const char *text, struct placeholders *out, const char **why);
void placeholders_release(struct placeholders *p);

/* placeholders_fill: the text with values[i] in place of the i-th of its count placeholders, and "$$" as a dollar;
 * "$$(" is Kubernetes' own and stays. Only for a text that placeholders_read took. */
char *placeholders_fill(const char *text, const char *const *values, size_t count) MUST_USE;

#endif
