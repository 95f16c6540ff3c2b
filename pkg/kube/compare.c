#include "kube/apply.h"
#include "kube/owners.h"

json_t *kube_asked_for(const json_t *object)
{
    static const char *const kept[] = { "/status", "/metadata/managedFields", "/metadata/resourceVersion",
                                        "/metadata/generation" };
    json_t *copy = doc_copy(object);
    for (size_t i = 0; copy && i < COUNT_OF(kept); i++)
        doc_remove(copy, kept[i]);
    return copy;
}

/* A bare ServiceAccount sets no field, so nobody owns any. */
static bool same_fields(const json_t *a, const json_t *b)
{
    return a && b ? doc_equal(a, b) : !a && !b;
}

bool kube_unchanged(const json_t *before, const json_t *dry_run)
{
    if (!before || kube_has_inherited(before))
        return false;
    if (!same_fields(kube_owned_fields(before, KUBE_MANAGER), kube_owned_fields(dry_run, KUBE_MANAGER)))
        return false;
    DOC_AUTO was = kube_asked_for(before);
    DOC_AUTO would_be = kube_asked_for(dry_run);
    return doc_equal(was, would_be);
}
