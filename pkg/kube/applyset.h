/* applyset: which objects were applied together, as Kubernetes' own tools write it (KEP-3659;
 * kubectl's applyset.go).
 *
 * A set has a parent object, here a ConfigMap, whose label applyset.kubernetes.io/id is made from its
 * name and namespace, and whose annotations say which tool keeps the set, of which kinds its members
 * are and in which namespaces besides the parent's own. Each member has that id as its label
 * applyset.kubernetes.io/part-of, on its own metadata and never in a pod template, so that becoming a
 * member restarts nothing. What the annotations do not name is never looked at: they are widened
 * before the first object is applied and narrowed after the last one is removed.
 */
#ifndef KUBE_APPLYSET_H
#define KUBE_APPLYSET_H

#include "kube/client.h"

#define APPLYSET_PARENT_KIND "ConfigMap"
#define APPLYSET_ID_LABEL "applyset.kubernetes.io/id"

struct applyset {
    char *namespace; /* of the parent */
    char *name;
    char *id;
    char *tooling;          /* "rwml/v1"; NULL: the parent does not say */
    struct strv kinds;      /* "ConfigMap", "Deployment.apps": sorted, each once */
    struct strv namespaces; /* the members', without the parent's own: sorted, each once */
};

/* applyset_init: an empty set with this parent. RW9005_RESOURCES. */
struct err *applyset_init(struct applyset *s, const char *namespace, const char *name, const char *tooling) MUST_USE;
void applyset_release(struct applyset *s);

/* applyset_read: what a live parent says; out is initialised here. */
void applyset_read(const json_t *parent, struct applyset *out);

/* applyset_parent: the parent as it is to be applied; owned. */
json_t *applyset_parent(const struct applyset *s) MUST_USE;

/* applyset_add: the set is going to have this member, or may have it. applyset_add_all: all that the
 * other set may have; its parent's namespace is one of those. */
void applyset_add(struct applyset *s, struct kube_id member);
void applyset_add_all(struct applyset *s, const struct applyset *other);

/* applyset_equal: the same kinds and namespaces. applyset_covers: all of the other's, at least. */
bool applyset_equal(const struct applyset *a, const struct applyset *b);
bool applyset_covers(const struct applyset *s, const struct applyset *other);

/* applyset_of: the id of the set that an object belongs to, borrowed; NULL: none.
 * applyset_join: makes it a member of that set; id NULL: of none. */
const char *applyset_of(const json_t *object);
void applyset_join(json_t *object, const char *id);

/* applyset_kind: "Deployment.apps" of an apiVersion and a kind; owned. */
char *applyset_kind(const char *api_version, const char *kind) MUST_USE;

/* applyset_find: the parent of the set with this id, a ConfigMap, or a Secret as kubectl makes them; owned, NULL:
 * there is none (any more). It is looked for in this namespace (NULL: in none) and then in all of them; who may not
 * look there gets RW5104_CLUSTER_REFUSED where the first look has not found it. */
struct err *applyset_find(struct kube_client *c, const char *id, const char *namespace, json_t **out) MUST_USE;

/* applyset_has: is an object with the set's label a member? Only where rwml itself applied that label
 * (managedFields), and no controller owns the object: what controllers make inherits labels of what they
 * make it for, as an EndpointSlice and Endpoints do from their Service, and people copy objects. Pure. */
bool applyset_has(const json_t *object);

/* applyset_members: an owned array of all members of the set (applyset_has), of its kinds and in its
 * namespaces. A kind that the server does not know (any more) has none. */
struct err *applyset_members(struct kube_client *c, const struct applyset *s, json_t **out) MUST_USE;

#endif
