/* release: one service's objects on their way into the cluster. For pkg/release only.
 *
 * Everything is checked before anything is written: whose the service's apply set is, references to ConfigMaps and
 * Secrets, then every object: what is there exactly as it is to be needs no more than that look; of all others the
 * server tells in a dry run. What that shows to be equal to what is there is not written at all. What has left the
 * manifests is removed when the rollout has succeeded: until then pods of the old version may need it.
 *
 *   release_check.c    what has to be done, without doing it
 *   release_look.c     what the cluster has of each object: many of one kind are asked for in one list
 *   release_apply.c    doing it
 *   release_environment.c   what pods that run on do not see of it
 *   release_set.c      the apply set: whose objects these are, and which have left
 *   release_keeps.c    which of these stay for a rollback
 *   deploy.c           the order of all this
 *   verdict.c          its end: workloads are followed until they are ready or have failed
 *   definitions.c  immutable.c    what a dry run cannot tell, or not well
 *   service_set.c  removal.c      which objects are a service's, and in which order they may go
 *   orphans.c          services that the workspace has no more
 *   applied.c          what was applied, by its set; delete.c  restart.c  rollback.c   its commands
 *   template_images.c  template_needs.c    is what an older template needs still there?
 */
#ifndef RELEASE_RELEASE_H
#define RELEASE_RELEASE_H

#include <pthread.h>

#include "plan/job.h"
#include "release/elsewhere.h"
#include "release/service_set.h"
#include "release/template_needs.h"
#include "rollout/restart.h"

enum release_action { RELEASE_KEEP, RELEASE_CREATE, RELEASE_CHANGE, RELEASE_REPLACE };

/* How far release_apply came with an object. */
enum release_fate { RELEASE_UNTRIED, RELEASE_DONE, RELEASE_FAILED };

struct release_object {
    const struct manifest_object *object; /* borrowed from the job's manifests */
    struct kube_id id;                    /* borrows from it */
    enum release_action action;
    enum release_fate fate;
    char *uid;                /* of the live object; after release_apply of the one that was applied; NULL: none */
    json_t *template_before;  /* of a workload that is to be changed: the live pod template; else NULL; owned */
    json_t *first;            /* what has to be applied before it, see kube_without_account; NULL: nothing; owned */
    const json_t *definition; /* its kind's, in the same manifests, where the server does not know the kind yet */
    bool is_shared;           /* another service has it, too, and it is a member of that one's set */
    struct kube_differences differences; /* of what is changed or replaced; Secrets masked, unless they may be shown */
    struct rollout_restart restart;
};

/* The service's apply set on its way. */
struct release_set {
    struct service_set wanted; /* what it is to be in the end */
    struct service_set found;  /* what it is, where is_there */
    bool is_there;
    bool is_adopted; /* found is another workspace's, which the user wants */
    bool is_open;    /* the parent names all that may come or go */
    bool is_written; /* this run has written the parent */
    bool stays;      /* all is as it has to be: nothing is written, nobody is asked */
    bool may_leave;  /* a member has left the manifests and stays for a reason that may pass: it is looked at again */
};

struct release {
    struct job *job;
    struct kube_client *kube;
    struct release_object *objects; /* in the order of the set */
    size_t count;
    struct strv namespaces;      /* that are there, or among the objects */
    struct strv new_namespaces;  /* to be made first */
    struct strv made_namespaces; /* those of them that release_apply has made */
    struct release_set set;
    pthread_mutex_t joining;     /* PTHREAD_MUTEX_INITIALIZER; over elsewhere while objects are checked */
    struct elsewhere elsewhere;  /* the workspace's other services, once anybody asked for them */
    struct template_needs needs; /* of the revisions that a rollback would return to; once anybody asked */
    bool has_needs;
    json_t *leaving; /* of the set's members those that have left the manifests and are to go; owned */
    size_t removed;  /* so many of them */
};

/* release_check: fills objects and new_namespaces; nothing is written. Errors, joined over the
 * objects: RW5003_REFERENCE_MISSING, RW5401_OBJECT_REJECTED and RW5409_CONFLICT with file:line. A
 * Job that differs in what can't change, or has failed, is to be replaced, which is told. */
struct err *release_check(struct release *r) MUST_USE;

/* release_check_one: the dry run of one object, for those that could not be checked before. */
struct err *release_check_one(struct release *r, struct release_object *o) MUST_USE;

/* release_apply: writes what release_check found to differ. RW5600_APPLY_PARTIAL when some was
 * written before a failure; its state line tells what. *written counts the objects of the manifests. */
struct err *release_apply(struct release *r, size_t *written) MUST_USE;

/* In release_look.c. release_look: has look called once for each object whose kind the server knows, several at a time,
 * each time with a client that it has for itself, and with the live object (borrowed; NULL: there is none). Errors are
 * joined. */
struct err *release_look(struct release *r, struct err *(*look)(struct kube_client *kube, struct release *r,
                                                                struct release_object *o, const json_t *live)) MUST_USE;

/* In release_diff.c. release_compare: fills differences and restart. release_leave_out_images: before a dry run: what
 * is not built keeps the image that runs, so that only the rest is compared. */
void release_compare(struct release_object *o, const json_t *before, const json_t *after, bool show_secrets);
void release_leave_out_images(const struct release *r, const struct manifest_object *o, const json_t *before);

/* release_tell_restarts: a line for each workload whose pods an apply touches, with the field that causes it.
 * release_tell: all that release_apply would do, field by field; true when it would write anything. */
void release_tell_restarts(const struct release *r);
bool release_tell(const struct release *r);

/* In release_environment.c. release_tell_old_environment: after release_apply, however that ended: a warning for each
 * workload that reads as environment what was changed, and whose pods no new template replaces. */
void release_tell_old_environment(const struct release *r);

/* release_action_word: "unchanged", "created", "changed", "replaced". */
const char *release_action_word(enum release_action action);

/* release_set_find: the set's parent, before the first object is checked. RW5402_OTHER_SET when it is
 * another workspace's or tool's.
 * release_set_join: makes an object a member, before its dry run; before: the live one or NULL. An object
 * that another service of the workspace has, too, stays that one's, as does anybody's Namespace or definition.
 * RW5402_OTHER_SET. By any thread, with a client of its own.
 * release_set_settle: after the last object.
 * release_set_writes: after settle: is the parent going to be written?
 * release_set_open: before the first write of an object.
 * release_set_leaving: after settle: fills leaving, in the order of removal; what has left and stays is told.
 * release_set_close: after the rollout: removes what is leaving, narrows the parent. */
struct err *release_set_find(struct release *r) MUST_USE;
struct err *release_set_join(struct kube_client *kube, struct release *r, struct release_object *o,
                             const json_t *before) MUST_USE;
struct err *release_set_settle(struct release *r) MUST_USE;
bool release_set_writes(const struct release *r);
struct err *release_set_open(struct release *r) MUST_USE;
struct err *release_set_leaving(struct release *r) MUST_USE;
struct err *release_set_close(struct release *r) MUST_USE;
void release_set_release(struct release_set *s);

/* release_keeps: does a revision that `rwml rollback` returns to need this object, a ConfigMap or Secret? By name
 * alone, of all workloads of the release. */
struct err *release_keeps(struct release *r, struct kube_id id, bool *out) MUST_USE;

/* release_command: what the user ran, "up" or "deploy". */
const char *release_command(const struct release *r);

void release_release(struct release *r);

#endif
