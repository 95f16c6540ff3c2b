/* immutable: fields that can't be changed once an object exists. For pkg/release only. */
#ifndef RELEASE_IMMUTABLE_H
#define RELEASE_IMMUTABLE_H

#include "kube/client.h"

/* immutable_field: the field that the server means when it refuses `wanted` over `live` with words about the
 * whole spec ("updates to statefulset spec for fields other than …"): the first difference outside of what may
 * be changed; owned, in the form of doc_pointer_of_field; NULL: none, or a kind of which the server names the
 * field itself. Pure. */
char *immutable_field(const json_t *live, const json_t *wanted) MUST_USE;

/* immutable_advise: a refusal for such a field with the way out; what has data in it is never replaced for
 * the user. command: what to run again then, "rwml deploy web". */
struct err *immutable_advise(struct err *e, struct kube_id id, const char *command) MUST_USE;

/* immutable_advise_strategy: the same where what stands in the way of a Deployment's `type: Recreate` is the default
 * for another type, which the live object has and no apply takes out; any other refusal is given back as it was. */
struct err *immutable_advise_strategy(struct err *e, const json_t *live, const json_t *wanted,
                                      const char *command) MUST_USE;

#endif
