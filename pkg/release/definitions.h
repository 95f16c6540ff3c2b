/* definitions: objects of kinds that the same manifests define. For pkg/release only.
 *
 * The API server can't check an object before it has the CustomResourceDefinition. So where that is new, it is
 * applied first, and what it defines is checked then, before anything else is applied.
 */
#ifndef RELEASE_DEFINITIONS_H
#define RELEASE_DEFINITIONS_H

#include "kube/client.h"
#include "manifest/set.h"

/* definition_find: the set's CustomResourceDefinition of this kind and version, borrowed; NULL: none. Pure. */
const json_t *definition_find(const struct manifest_set *set, const char *api_version, const char *kind);

bool definition_is_namespaced(const json_t *definition);

/* definition_wait: until the server has established the definition and knows the kind. RW9007_DEADLINE; a
 * definition whose names the server does not accept is RW5401_OBJECT_REJECTED. */
struct err *definition_wait(struct kube_client *c, const json_t *definition, const char *api_version, const char *kind,
                            const struct cancel *cancel, int64_t deadline_ms) MUST_USE;

#endif
