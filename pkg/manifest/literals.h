/* literals: the places whose value a variable of the same name replaces. For variables.c alone. */
#ifndef MANIFEST_LITERALS_H
#define MANIFEST_LITERALS_H

#include "manifest/variables.h"

struct literal {
    const struct manifest_object *object; /* that holds the text */
    char *pointer;
    char *name;
    enum variable_use_kind kind; /* USE_ENV or USE_CONFIG_MAP */
};

struct literals {
    struct literal *items;
    size_t count;
};

/* literals_find: env values of all containers, and the keys of ConfigMaps in the set that a
 * workload of the set reads. A key is known by the name under which the program sees it, and by
 * its own. */
void literals_find(const struct manifest_set *set, struct literals *out);
void literals_release(struct literals *l);

#endif
