/* set: the Kubernetes objects of one service, read from its manifest files.
 *
 * A kustomization is rendered, and only it (M1). Else all objects of the files in sorted order; `kind: List` is
 * expanded; documents that are no objects (helm values, kind configurations, only comments) are passed over
 * (M2). The objects are then put in the order in which they have to be applied (M3): Namespace,
 * CustomResourceDefinition, ServiceAccount, Secret, ConfigMap, RBAC, PersistentVolumeClaim, Service, workloads, the
 * rest. Each object stays a parsed tree with positions; text is never templated.
 */
#ifndef MANIFEST_SET_H
#define MANIFEST_SET_H

#include "base/strv.h"
#include "doc/doc.h"
#include "doc/origins.h"
#include "kustomize/kustomize.h"

struct manifest_object {
    json_t *tree;                /* owned; change it in place */
    struct doc_origins *origins; /* owned: which file, and where, each part of tree was written */
    char *file;                  /* the object's own, relative to the root */
    const char *api_version;     /* these three: borrowed from tree */
    const char *kind;
    const char *name;
    char *namespace; /* metadata.namespace, else the default; NULL for kinds known to have none */
    char *default_namespace;
    char *label; /* "Deployment/web", for messages */
};

struct manifest_set {
    struct manifest_object *objects;
    size_t count;
    struct doc_list *files; /* one of each file that was read; their documents do not move */
    size_t file_count;
};

/* manifest_load: files are relative to root_fd. kustomization: the unit's kustomization file, which
 * stands instead of files (the errors of kustomize_render), or NULL. default_namespace: of objects
 * that name none (N3). Errors, joined, with file:line:column: RW1107 … RW1109 for broken YAML,
 * RW5001_OBJECT_INVALID for an object without metadata.name, for one that has a name but lacks kind
 * or apiVersion, and for two objects of one name. RW1015_NO_MANIFESTS when the files hold no object at all. */
struct err *manifest_load(int root_fd, const struct strv *files, const char *kustomization,
                          const char *default_namespace, struct manifest_set *out) MUST_USE;

/* manifest_load_rendered: the same of a kustomization that was rendered before: its trees and files are taken out
 * of `rendered`, which has nothing afterwards. */
struct err *manifest_load_rendered(struct kustomize_result *rendered, const char *kustomization,
                                   const char *default_namespace, struct manifest_set *out) MUST_USE;
void manifest_set_release(struct manifest_set *s);

/* manifest_object_refresh: reads kind, name, namespace and label anew after the tree was changed. */
void manifest_object_refresh(struct manifest_object *o);

/* manifest_find: the object of this kind (of Kubernetes itself) and name; NULL when the set has none. Borrowed. */
const struct manifest_object *manifest_find(const struct manifest_set *s, const char *kind, const char *namespace,
                                            const char *name);

/* manifest_pod_pointer: where a workload (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job,
 * CronJob, Pod) has the spec of its pods: "/spec/template/spec"; NULL for other kinds. */
const char *manifest_pod_pointer(const struct manifest_object *o);

/* manifest_rank: the place of a kind in the order of the set, from 0; removal goes the other way. */
size_t manifest_rank(const char *kind);

/* manifest_where: "file:line:column" of what the pointer, relative to the object's tree, named
 * when it was read or rendered. manifest_err_where puts that into an error. */
char *manifest_where(const struct manifest_object *o, const char *pointer) MUST_USE;
struct err *manifest_err_where(struct err *e, const struct manifest_object *o, const char *pointer) MUST_USE;

#endif
