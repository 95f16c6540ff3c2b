/* lookup: what the cluster has of ConfigMaps and Secrets, asked for late and once. For pkg/flow only.
 *
 * For commands that only show: a cluster that can't be asked is told as a warning, once, and they go on. */
#ifndef FLOW_LOOKUP_H
#define FLOW_LOOKUP_H

#include "manifest/environment.h"
#include "plan/plan.h"
#include "plan/target.h"

struct lookup {
    const struct request *request;
    const struct plan *plan;
    struct target target;
    struct kube_client *kube; /* NULL: not asked for yet, or out of reach */
    bool tried;
    json_t *found; /* by "Kind namespace/name": the object, or null when it is not there */
};

/* lookup_kube: the cluster's client, NULL when it can't be asked; borrowed. */
struct kube_client *lookup_kube(struct lookup *l);

/* lookup_find: a find of struct environment_cluster; ctx is the struct lookup. */
bool lookup_find(void *ctx, const char *kind, const char *namespace, const char *name, const json_t **out);
void lookup_release(struct lookup *l);

#endif
