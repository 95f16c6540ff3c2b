/* roots: which pods are a service's. Pure.
 *
 * A pod belongs to a workload of the manifests by its owner references, whatever its labels: itself, or through
 * the ReplicaSet or the Job that a Deployment or a CronJob has made for it, of whatever revision. Owners are known by
 * kind and name, so that pods of a workload that was deleted and made again are its pods, too.
 */
#ifndef PODS_ROOTS_H
#define PODS_ROOTS_H

#include "kube/client.h"

/* A workload of the manifests; borrowed texts. */
struct pod_root {
    struct kube_id id;
    const char *service;
};

/* pod_root_is_one: is it a kind that has pods? */
bool pod_root_is_one(struct kube_id id);

/* pod_root_between: the kind of what stands between such a workload and its pods; NULL: nothing does. */
const char *pod_root_between(const char *kind, const char **api_version);

/* pod_root_of: the workload that the pod belongs to; NULL: none of these. between: the objects of the kinds
 * that pod_root_between tells, arrays, of the pod's namespace and others. */
const struct pod_root *pod_root_of(const struct pod_root *roots, size_t count, const json_t *pod,
                                   const json_t *const *between, size_t between_count);

#endif
