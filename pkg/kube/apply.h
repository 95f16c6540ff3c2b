/* apply: server-side apply as field manager "rwml".
 *
 * Nothing is forced over another owner unless the client was told to (kube_force_conflicts), with one
 * exception: fields that an earlier `kubectl apply` owns, or that rwml wrote as another manager when it
 * rolled back. Those are moved to rwml (as kubectl's own migration does, with a JSON patch on
 * managedFields that tests the resourceVersion) before the object is applied for real; a dry run forces
 * over them.
 */
#ifndef KUBE_APPLY_H
#define KUBE_APPLY_H

#include "kube/client.h"

#define KUBE_MANAGER "rwml"
#define KUBE_SET_MANAGER "rwml-applyset"      /* of apply sets' parents */
#define KUBE_RESTART_MANAGER "rwml-restart"   /* of the time of a restart, which no manifest has */
#define KUBE_ROLLBACK_MANAGER "rwml-rollback" /* of a template that was put back, until the next apply */

enum kube_apply_mode {
    KUBE_DRY_RUN, /* the server checks and answers as if; nothing changes */
    KUBE_WRITE
};

/* kube_apply: applies one object (apiVersion, kind, metadata.name; metadata.namespace for kinds
 * that have one; no managedFields, no generateName).
 *   live    receives the object as the server holds it (or would hold it), owned; may be NULL
 *   fields  on RW5401 and RW5409 receives the field paths that the server named, in the form of
 *           doc_pointer_of_field; may be NULL
 * An object whose namespace does not exist is dry-run in the namespace kube-public, which every
 * cluster has and nobody deploys into, and answered as if it were in its own. One that kube_namespace_exists has
 * found missing is not tried first: the server waits 50 ms for each such namespace to appear (NamespaceLifecycle).
 * Errors: RW5401_OBJECT_REJECTED (400, 403, 404, 409 of a namespace that ends, 413, 422, a type
 * error, an unknown field), cause: the server's words. RW5409_CONFLICT naming field and owner. The
 * values of a Secret never get into either. */
struct err *kube_apply(struct kube_client *c, const json_t *object, enum kube_apply_mode mode, json_t **live,
                       struct strv *fields) MUST_USE;

/* kube_apply_as: applies an object's fields as another manager, over whoever owns them. */
struct err *kube_apply_as(struct kube_client *c, const char *manager, const json_t *object, json_t **live) MUST_USE;

/* kube_create_as: makes an object that is not there; *created false: one of its name is, and stays as it is.
 * RW5401_OBJECT_REJECTED. */
struct err *kube_create_as(struct kube_client *c, const char *manager, const json_t *object, bool *created) MUST_USE;

/* kube_set_template: puts a pod template into a workload as it is, as KUBE_ROLLBACK_MANAGER, whatever it has
 * now. RW5401_OBJECT_REJECTED. */
struct err *kube_set_template(struct kube_client *c, struct kube_id id, const json_t *template) MUST_USE;

/* kube_unchanged: would applying write nothing? before: the live object (NULL: there is none);
 * dry_run: what kube_apply(KUBE_DRY_RUN) answered. Compared without status, resourceVersion and
 * generation. What rwml does not own yet, or kubectl still owns, counts as a change, so that it is
 * taken over once. Pure. */
bool kube_unchanged(const json_t *before, const json_t *dry_run);

/* kube_is_applied: is the live object, as its managedFields tell, exactly what rwml's last apply of this very object
 * left? Then the server need not be asked: an apply of the same fields with the same values, all of them rwml's
 * already, changes nothing. False where anything differs, or could: a value that the server writes in another
 * way, a list in another order, another apiVersion, fields of kubectl's. Then a dry run tells. Pure. */
bool kube_is_applied(const json_t *live, const json_t *object);

/* kube_without_account: what has to be applied once, before the object itself, so that its pods get rid of a
 * ServiceAccount that the live object's pod template has and the object's no longer; owned. NULL: the object alone will
 * do, or another manager wants the ServiceAccount. pod: the pointer of the template's spec. Pure. */
json_t *kube_without_account(const json_t *live, const json_t *object, const char *pod) MUST_USE;

/* kube_asked_for: a copy without what the server keeps about an object, as opposed to what was asked for: status,
 * managedFields, resourceVersion, generation. Owned; NULL gives NULL. */
json_t *kube_asked_for(const json_t *object) MUST_USE;

/* kube_is_immutable: did the server refuse because a field can't change once the object exists? */
bool kube_is_immutable(const struct err *e);

/* kube_replace_job: deletes the Job in the foreground (with its uid as precondition), waits until
 * it is gone, applies the new one. For Jobs that an apply refuses because a field can't change.
 * An error's state tells how far it came. */
struct err *kube_replace_job(struct kube_client *c, const json_t *object, const char *uid, int64_t deadline_ms,
                             json_t **live) MUST_USE;

#endif
