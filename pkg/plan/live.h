/* live: what the cluster has of a plan's services at one moment. */
#ifndef PLAN_LIVE_H
#define PLAN_LIVE_H

#include "kube/client.h"
#include "plan/roots.h"

struct live {
    struct roots roots;
    json_t *workloads; /* arrays, owned: one for each root, the manifest's where the cluster has none … */
    json_t *between;   /* … ReplicaSets and Jobs of their namespaces, where such have the pods … */
    json_t *pods;      /* … and all pods of them */
};

struct err *live_read(struct kube_client *c, const struct plan *plan, struct live *out) MUST_USE;
void live_release(struct live *l);

/* live_service_of_pod: the service that it belongs to, or NULL. */
const char *live_service_of_pod(const struct live *l, const json_t *pod);

#endif
