/* field: field paths as the API server writes them.
 *
 * Two forms exist: `.spec.template.spec.containers[name="web"].env[name="A"].value` (server-side
 * apply; a member of a set is `.metadata.finalizers["x"]`) and `spec.containers[0].env[1].value`
 * (validation). Both are understood, with and without the first dot.
 */
#ifndef KUBE_FIELD_H
#define KUBE_FIELD_H

#include "base/mem.h"

struct json_t;

/* kube_field_find: the node at path, borrowed; when the object lacks its tail, the deepest node
 * that is there and *exact false. Never NULL for an object. Its position (doc) is where the user
 * wrote it. exact may be NULL. */
const struct json_t *kube_field_find(const struct json_t *object, const char *path, bool *exact);

#endif
