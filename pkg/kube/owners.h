/* owners: who owns which fields, as metadata.managedFields tells. For pkg/kube only; pure. */
#ifndef KUBE_OWNERS_H
#define KUBE_OWNERS_H

#include "doc/tree.h"

/* kube_is_inherited: the managers whose fields become rwml's: those of `kubectl apply`, client-side and
 * server-side, and of rwml's own rollback. Those of other kubectl commands (edit, scale, create) are
 * people's decisions and are not taken over. */
bool kube_is_inherited(const char *manager, size_t len);

/* kube_has_inherited: has one of them left fields of its own in the object? */
bool kube_has_inherited(const json_t *object);

/* kube_owned_fields: the field set (fieldsV1) that this manager applied; NULL when none. Borrowed. */
const json_t *kube_owned_fields(const json_t *object, const char *manager);

/* kube_applied_entry: the entry of managedFields that tells of it, with its apiVersion. Borrowed. */
const json_t *kube_applied_entry(const json_t *object, const char *manager);

/* kube_is_others: does a manager own the field at this pointer whose fields are not rwml's, and do not become it? Only
 * names of fields in the pointer, no items of lists. */
bool kube_is_others(const json_t *object, const char *pointer);

/* kube_migrated_owners: managedFields as they are when what those own has become
 * `manager`'s, as client-go's csaupgrade does it. Owned. The next apply then removes what is no
 * longer in the manifest, which a forced apply would leave to kubectl for ever. */
json_t *kube_migrated_owners(const json_t *object, const char *manager) MUST_USE;

#endif
