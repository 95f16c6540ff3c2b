/* merge_keys: which lists a strategic merge patch merges item by item, and by what the items are known.
 * For merge.c alone. The built-in kinds of Kubernetes 1.21, as kustomize 5.5 has them. */
#ifndef KUSTOMIZE_MERGE_KEYS_H
#define KUSTOMIZE_MERGE_KEYS_H

#include "kustomize/resource.h"

struct merge_keys {
    const char *first;  /* NULL: the list is replaced as a whole */
    const char *second; /* NULL: none; counts where the items have it */
};

/* merge_keys_of: path: the keys from the object's root, "/spec/template/spec/containers". */
struct merge_keys merge_keys_of(const struct resource *r, const char *path);

/* merge_keys_missing: kustomize merges this list, too, but by what merge_keys_of does not say: lists of plain
 * values, and what dev environments do not patch. */
bool merge_keys_missing(const struct resource *r, const char *path);

#endif
