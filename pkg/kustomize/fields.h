/* fields: what may stand in a kustomization file. For this package alone. */
#ifndef KUSTOMIZE_FIELDS_H
#define KUSTOMIZE_FIELDS_H

#include "doc/doc.h"

/* fields_check: RW5002_KUSTOMIZE_UNSUPPORTED for each field that cannot be rendered, with what can be
 * done instead, and RW1004_CONFIG_TYPE for each value of a wrong type; joined. Afterwards a reader
 * finds every value either absent, null, or of its type. */
struct err *fields_check(const struct doc *d) MUST_USE;

#endif
