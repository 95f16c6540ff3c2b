/* spec: a path into the objects of a kind, as kustomize's tables of fields have it. For this package
 * alone. */
#ifndef KUSTOMIZE_SPEC_H
#define KUSTOMIZE_SPEC_H

#include "kustomize/resource.h"

/* Empty group, version or kind: any. path: keys between slashes, "\/" for a slash within one; a list
 * on the way means each of its items. create: what is missing or null on the way becomes an object. */
struct field_spec {
    const char *group, *version, *kind;
    const char *path;
    bool create;
};

/* A field that was found: a member of an object. It may be absent where the spec creates. */
struct field_place {
    json_t *holder;
    const char *key;
};

bool spec_fits(const struct field_spec *spec, const struct resource *r);

/* spec_each: calls fn for each field of the resource that the spec means; for none where its kind does not
 * fit. RW5001_OBJECT_INVALID where something else than an object or a list is in the way. */
struct err *spec_each(const struct field_spec *spec, struct resource *r,
                      struct err *(*fn)(void *ctx, struct resource *r, struct field_place at), void *ctx) MUST_USE;

#endif
