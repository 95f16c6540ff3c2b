/* merge: a strategic merge patch, as kyaml/yaml/merge2 does it. For this package alone.
 *
 * Objects are merged key by key, null removes a key. Lists are merged by keys where merge_keys.h has
 * some, with the patch's items first, and replaced otherwise. `$patch: delete` is understood in objects, in
 * items of merged lists, and for such a list as a whole; `$patch: replace` in fields, and for such a list. An
 * object's kind, name and namespace stay what they are. */
#ifndef KUSTOMIZE_MERGE_H
#define KUSTOMIZE_MERGE_H

#include "kustomize/resource.h"

/* merge_patch: patch: the object that a document holds at a pointer. *deleted: the whole object goes.
 * RW5002_KUSTOMIZE_UNSUPPORTED for other directives, for lists that merge_keys_missing names, and for lists whose items
 * can't be told apart by their keys; RW5001_OBJECT_INVALID where patch and object differ in kind (a list for a text).
 */
struct err *merge_patch(struct resource *r, const struct doc *patch, const char *pointer, bool *deleted) MUST_USE;

#endif
