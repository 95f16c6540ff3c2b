/* brought: which images of a cluster's nodes rwml brought there, and which of them stay. For
 * pkg/flow only; pure.
 *
 * rwml brought what carries a content name (oci_content_name) of a service's reference that has the
 * first digits of that image's own digest in it. Those digits are the proof: whatever is only
 * called alike is never looked at. An image with a further name that is not rwml's stays as it is:
 * to take one name away would free nothing.
 */
#ifndef FLOW_BROUGHT_H
#define FLOW_BROUGHT_H

#include "flow/uses.h"
#include "node/stock.h"

struct brought_image {
    char *reference; /* "web:dev" */
    char *name;      /* "web:dev-0123456789ab" */
    char *full_name;
    char *digest;
    uint64_t size;
    struct strv nodes;   /* that have it under this name */
    int64_t arrived_ms;  /* the latest of them; 0: not known */
    char *other_name;    /* one that rwml did not give it, in some node; NULL: none */
    bool is_current;     /* in some node the reference means this image */
    bool is_pinned;      /* in some node */
    struct strv reasons; /* why it stays; none: it may go */
};

struct brought {
    struct brought_image *items; /* by reference as in the list, the newest first */
    size_t count;
};

/* brought_find: known: every reference of the workspace; references: those that are looked for.
 * Both in familiar form. */
void brought_find(const struct shelves *shelves, const struct strv *known, const struct strv *references,
                  struct brought *out);

/* brought_judge: fills reasons. keep: how many of the newest of each reference stay. */
void brought_judge(struct brought *b, const struct image_uses *uses, size_t keep);
void brought_release(struct brought *b);

#endif
