/* literals: the places whose value a variable of the same name replaces. For variables.c alone. */
#ifndef MANIFEST_LITERALS_H
#define MANIFEST_LITERALS_H

#include "manifest/variables.h"

struct literal {
    char *pointer; /* into the object that holds the text */
    char *name;
    enum variable_use_kind kind; /* USE_ENV or USE_CONFIG_MAP */
};

/* Those of one object. */
struct object_literals {
    struct literal *items;
    size_t count;
};

struct literals {
    struct object_literals *of; /* for each object of the set, in its order */
    size_t count;
};

/* literals_find: env values of all containers, and the keys of ConfigMaps in the set that a
 * workload of the set reads. A key is known by the name under which the program sees it, and by
 * its own. */
void literals_find(const struct manifest_set *set, struct literals *out);
void literals_release(struct literals *l);

#endif
