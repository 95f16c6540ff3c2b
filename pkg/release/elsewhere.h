/* elsewhere: which other services of the workspace have an object in their manifests. */
#ifndef RELEASE_ELSEWHERE_H
#define RELEASE_ELSEWHERE_H

#include "kube/client.h"
#include "plan/plan.h"

/* The other services' manifests, with their variables set as this run sets them. */
struct elsewhere {
    struct elsewhere_unit *units;
    size_t count;
    bool is_read;
};

/* elsewhere_read: of all services but those of `except`; the first time alone. Reads files, and so is for
 * rare questions. A variable that nobody has set may be anything. */
void elsewhere_read(const struct request *request, const struct plan *plan, const struct strv *except,
                    struct elsewhere *e);
void elsewhere_release(struct elsewhere *e);

/* elsewhere_find: the name of the first service, borrowed from the workspace, that has or may have an object
 * of this kind, namespace and name; NULL: none. One whose manifests can't be read may have everything.
 * elsewhere_has: does this one have it? elsewhere_objects: all of this one's, borrowed; NULL: it was not read.
 * Pure. */
const char *elsewhere_find(const struct elsewhere *e, struct kube_id id);
bool elsewhere_has(const struct elsewhere *e, const char *service, struct kube_id id);
const struct manifest_set *elsewhere_objects(const struct elsewhere *e, const char *service);

/* elsewhere_is: is this object of a manifest the one that the id names? Its name and namespace are patterns, in
 * which "*" stands for what is not known. Pure. */
bool elsewhere_is(const struct manifest_object *o, struct kube_id id);

#endif
