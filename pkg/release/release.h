/* release: one service's objects on their way into the cluster. For pkg/release only.
 *
 * Everything is checked before anything is written: references to ConfigMaps and Secrets, then a
 * server dry run of every object. What the dry run shows to be equal to what is there is not
 * written at all.
 */
#ifndef RELEASE_RELEASE_H
#define RELEASE_RELEASE_H

#include "plan/job.h"

enum release_action { RELEASE_KEEP, RELEASE_CREATE, RELEASE_CHANGE, RELEASE_REPLACE };

struct release_object {
    const struct manifest_object *object; /* borrowed from the job's manifests */
    struct kube_id id;                    /* borrows from it */
    enum release_action action;
    char *uid; /* of the live object that is to be replaced; else NULL */
};

struct release {
    struct job *job;
    struct kube_client *kube;
    struct release_object *objects; /* in the order of the set */
    size_t count;
    struct strv new_namespaces;  /* to be made first */
    struct strv made_namespaces; /* those of them that release_apply has made */
};

/* release_check: fills objects and new_namespaces; nothing is written. Errors, joined over the
 * objects: RW5003_REFERENCE_MISSING, RW5401_OBJECT_REJECTED and RW5409_CONFLICT with file:line. A
 * Job that differs in what can't change, or has failed, is to be replaced, which is told. */
struct err *release_check(struct release *r) MUST_USE;

/* release_apply: writes what release_check found to differ. RW5600_APPLY_PARTIAL when some was
 * written before a failure; its state line tells what. *written counts the objects. */
struct err *release_apply(struct release *r, size_t *written) MUST_USE;

void release_release(struct release *r);

#endif
