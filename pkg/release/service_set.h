/* service_set: the apply set of one service of one workspace (kube/applyset.h). For pkg/release only.
 *
 * Its parent is the ConfigMap `rwml-<service>` in the service's namespace: a ConfigMap, since there is
 * nothing secret in it and people may look at it. Besides what every apply set says, it says whose it is:
 *
 *   label       rwml/workspace  16 hex digits of the SHA-256 of the workspace's root, links resolved
 *   annotation  rwml/root       that root, for people
 *   annotation  rwml/service    the service's name as it is; the parent's own name may have to differ
 *   annotation  rwml/members    the digest of the members' names when all was as it should be; not there
 *                               while a deploy is under way, after one that was cut short, and while a
 *                               member that has left the manifests stays for a reason that may pass
 *
 * A workspace is its path: two checkouts of one repository have the same remote and must not prune each
 * other's objects. What another workspace deployed is refused, and --adopt makes it this one's, as after
 * a checkout was moved. Where members is what it is going to be, nothing can have left the manifests, so
 * that nobody has to be asked for a list and the parent is not written either.
 */
#ifndef RELEASE_SERVICE_SET_H
#define RELEASE_SERVICE_SET_H

#include "kube/applyset.h"

#define SERVICE_SET_TOOL "rwml"
/* The way in which rwml keeps its sets: not the program's version, since two of those would write in turns. */
#define SERVICE_SET_TOOLING SERVICE_SET_TOOL "/v1"

struct service_set {
    struct applyset set;
    char *service;
    char *workspace;
    char *root;
    char *members; /* NULL: see above */
};

/* service_set_init: of a service whose home is this namespace; no members yet. RW9005_RESOURCES. */
struct err *service_set_init(struct service_set *s, const char *root, const char *service,
                             const char *namespace) MUST_USE;
void service_set_release(struct service_set *s);

/* service_set_read: false when the object is no parent that rwml made; out is then empty. */
bool service_set_read(const json_t *parent, struct service_set *out);

/* service_set_parent: the parent as it is to be applied; owned. */
json_t *service_set_parent(const struct service_set *s) MUST_USE;

/* service_set_id: the parent's identity, borrowed. */
struct kube_id service_set_id(const struct service_set *s);

/* service_set_workspace: the label's value for a root; owned. RW9005_RESOURCES. */
struct err *service_set_workspace(const char *root, char **out) MUST_USE;

/* service_set_is_ours: is it of this workspace? */
bool service_set_is_ours(const struct service_set *s, const char *workspace);

/* service_set_list: an owned array of all parents that rwml made, of this workspace or (NULL) of all. */
struct err *service_set_list(struct kube_client *c, const char *workspace, json_t **out) MUST_USE;

/* service_set_list_in: those in this namespace alone, of all workspaces. */
struct err *service_set_list_in(struct kube_client *c, const char *namespace, json_t **out) MUST_USE;

/* service_set_refuse: RW5402_OTHER_SET for a parent that is another workspace's, another tool's or no
 * parent at all. command: what the user ran, "deploy". */
struct err *service_set_refuse(const json_t *parent, const char *command, const char *service) MUST_USE;

/* service_set_write: makes the parent what s says, as a manager of its own. service_set_create: the same where
 * there is none yet; *created false: somebody has just made one. */
struct err *service_set_write(struct kube_client *c, const struct service_set *s) MUST_USE;
struct err *service_set_create(struct kube_client *c, const struct service_set *s, bool *created) MUST_USE;

#endif
