/* removal: objects that rwml applied and that are to go. For pkg/release only; pure. */
#ifndef RELEASE_REMOVAL_H
#define RELEASE_REMOVAL_H

#include "doc/tree.h"

/* removal_option: the option of `rwml delete` without which an object of this kind stays, since more than
 * the object would be lost with it: "--volumes" of a PersistentVolumeClaim, "--namespaces", "--definitions"
 * of a CustomResourceDefinition. NULL: it may go. Pruning never removes one that has such an option. */
const char *removal_option(const char *kind);

/* removal_order: the objects in the order in which they are to go, the reverse of the one in which they
 * are applied; an owned array of the same objects. */
json_t *removal_order(const json_t *objects) MUST_USE;

#endif
