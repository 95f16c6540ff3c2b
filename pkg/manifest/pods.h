/* pods: the containers of a workload's pods. For this package alone. */
#ifndef MANIFEST_PODS_H
#define MANIFEST_PODS_H

#include "manifest/set.h"

/* pod_containers: the pointer of each init container and container, in the object's tree; none for
 * an object that makes no pods. */
void pod_containers(const struct manifest_object *o, struct strv *out);

#endif
