/* select: which objects the `target` of a patch means. For this package alone. */
#ifndef KUSTOMIZE_SELECT_H
#define KUSTOMIZE_SELECT_H

#include "kustomize/layer.h"

struct selector;

/* selector_new: target: the pointer of a `target`. group, version, kind, name and namespace are
 * patterns for the whole of what they mean; labelSelector and annotationSelector are lists of NAME,
 * !NAME, NAME=VALUE and NAME!=VALUE. RW5002_KUSTOMIZE_UNSUPPORTED for a pattern or a condition
 * beyond what POSIX and Go's regular expressions have in common. */
struct err *selector_new(const struct layer *l, const char *target, struct selector **out) MUST_USE;
bool selector_takes(const struct selector *s, const struct resource *r);
void selector_free(struct selector *s);
DEFINE_FREEP(selector)

#endif
