/* applied: the commands that work on what was applied, not on manifests.
 *
 * What a service has in the cluster is told by its apply set (service_set.h), so that they also work on a
 * service whose manifests have changed since, or have gone. Sets are looked for in all namespaces; a user who may not
 * do that finds those in the context's namespace and in those that the workspace's manifests name.
 */
#ifndef RELEASE_APPLIED_H
#define RELEASE_APPLIED_H

#include "plan/plan.h"
#include "plan/target.h"
#include "release/elsewhere.h"
#include "release/service_set.h"

struct applied {
    const struct request *request;
    struct plan plan; /* the workspace alone */
    struct target target;
    struct kube_client *kube;
    struct service_set *sets; /* of the services that were asked for, in that order */
    size_t count;
    struct elsewhere elsewhere; /* the services that are deployed, too, and not asked for; once anybody asked */
    struct strv others_idle;    /* all services but those */
    struct strv seen;           /* the namespaces in which sets were looked for; none: in all */
    bool overlooks;             /* not in all of those that the manifests name */
};

/* applied_open: the workspace, its lock, the cluster, and the sets of the services that the request names; no
 * names: those that workspace_select means, so that one that has left the workspace has to be named. A service without
 * a set is in *without. RW5402_OTHER_SET for one that another workspace applied, unless the request adopts it. *lock is
 * to be closed by the caller; a dry run takes none. */
struct err *applied_open(const struct request *request, struct applied *out, struct strv *without, int *lock) MUST_USE;
void applied_release(struct applied *a);

/* applied_nothing: RW5404_NOTHING_APPLIED for the services without a set. */
struct err *applied_nothing(const struct applied *a, const struct strv *without) MUST_USE;

/* applied_workloads: of a set's members an owned array of the Deployments, StatefulSets and DaemonSets.
 * RW5404_NOTHING_APPLIED when there is none. */
struct err *applied_workloads(const struct applied *a, const struct service_set *set, json_t **out) MUST_USE;

/* applied_elsewhere: reads elsewhere, the first time. */
void applied_elsewhere(struct applied *a);

/* applied_run: removes, restarts or rolls back what was applied of the services that the request names.
 * RW5402_OTHER_SET, RW5403_NEEDS_YES, RW5404_NOTHING_APPLIED, RW5405_NO_REVISION, and a rollout's errors. */
struct err *applied_run(const struct request *request) MUST_USE;

/* One command each, for one set. A dry run says what it would do. */
struct err *applied_delete(struct applied *a, const struct service_set *set) MUST_USE;
struct err *applied_restart(struct applied *a, const struct service_set *set) MUST_USE;
struct err *applied_rollback(struct applied *a, const struct service_set *set) MUST_USE;

#endif
