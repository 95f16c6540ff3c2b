/* differences: field by field, how one object differs from another. Pure. */
#ifndef KUBE_DIFFERENCES_H
#define KUBE_DIFFERENCES_H

#include "doc/tree.h"

struct kube_difference {
    char *field;    /* ".spec.template.spec.containers[name="web"].image", see doc_pointer_of_field */
    json_t *before; /* owned; NULL: it was not there */
    json_t *after;  /* owned; NULL: it is no longer there */
};

struct kube_differences {
    struct kube_difference *items;
    size_t count;
};

enum kube_compared {
    KUBE_COMPARE_ALL,   /* without what the server alone keeps: status, managedFields, resourceVersion, generation */
    KUBE_COMPARE_WANTED /* only what `after` has: what the live object has beyond it are defaults */
};

/* kube_differences: in the order of `after`, then what only `before` has. Where a field is on one side only, it is
 * told whole. Items of lists are told apart by their name, as the server does it, where all have one; else by their
 * index. Two lists of the same named items in another order are one difference: the lists of their names. */
void kube_differences(const json_t *before, const json_t *after, enum kube_compared compared,
                      struct kube_differences *out);
void kube_differences_release(struct kube_differences *d);

/* kube_first_difference: the field path of the first value of `object` that the live object has
 * otherwise or lacks, owned: ".spec.template.spec.containers[name="job"].image"; NULL when there is
 * none. What only the live object has (defaults) does not count. Pure. */
char *kube_first_difference(const json_t *live, const json_t *object) MUST_USE;

/* kube_masked: two copies of an object of kind Secret in which no value can be read, and what differs still
 * does: "***" where both have the same or only one has any, else "*** (before)" and "*** (after)". Objects of other
 * kinds, and NULL, are only copied. Both owned. */
void kube_masked(const json_t *before, const json_t *after, json_t **masked_before, json_t **masked_after);

#endif
