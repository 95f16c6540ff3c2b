/* anchors: the anchors of one YAML document, and how large what they name is. Used within doc only. */
#ifndef DOC_ANCHORS_H
#define DOC_ANCHORS_H

#include <stdint.h>

#include "doc/tree.h"

#define NO_ANCHOR SIZE_MAX

struct anchors;

struct anchor_size {
    size_t nodes;  /* values and keys */
    size_t weight; /* one for each of them, and the bytes of their texts */
    size_t height; /* levels of lists and mappings; 0 for a scalar */
};

enum anchor_state {
    ANCHOR_UNKNOWN,
    ANCHOR_OPEN, /* what it names is not complete */
    ANCHOR_KNOWN
};

struct anchors *anchors_new(void) MUST_USE;
void anchors_free(struct anchors *a);
void anchors_clear(struct anchors *a);

/* anchors_open: an anchor begins; an earlier one of this name is forgotten. Gives its number. */
size_t anchors_open(struct anchors *a, const char *name);
/* anchors_close: what it names is complete; keeps a reference. */
void anchors_close(struct anchors *a, size_t number, json_t *value, struct anchor_size size);

/* anchors_find: value (borrowed) and size of an anchor that is ANCHOR_KNOWN. */
enum anchor_state anchors_find(const struct anchors *a, const char *name, const json_t **value,
                               struct anchor_size *size);

#endif
