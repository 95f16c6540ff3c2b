/* pairs: the keys and values of a generator's entry, from env files, literals and files, in that order.
 * For this package alone. */
#ifndef KUSTOMIZE_PAIRS_H
#define KUSTOMIZE_PAIRS_H

#include "kustomize/layer.h"

struct pair {
    char *key;
    char *bytes; /* len of them, any */
    size_t len;
    struct doc_origin from; /* the literal, the line of the env file, or the file */
};

struct pairs {
    struct pair *items;
    size_t count;
};

/* pairs_read: entry: "/configMapGenerator/0". RW5002_KUSTOMIZE_UNSUPPORTED for what kustomize refuses
 * (a literal without "=", a key given twice), and for a line of an env file without "=", whose value
 * kustomize takes from its environment; RW5004_KUSTOMIZE_FILE. */
struct err *pairs_read(const struct layer *l, const char *entry, struct pairs *out) MUST_USE;
void pairs_release(struct pairs *p);

#endif
