/* registry: the registry that the cluster names. For pkg/flow only.
 *
 * A cluster with a local registry says so in the ConfigMap local-registry-hosting of the namespace kube-public
 * (KEP-1755, github.com/kubernetes/enhancements; kind's documented script makes it). An image whose own reference
 * begins with that very host goes there, and the nodes pull it. Every other image travels straight into the
 * nodes, and the ConfigMap is read only when some image names a registry at all.
 *
 * hostFromContainerRuntime, by which some clusters' nodes know their registry, is not looked at: nodes pull by
 * the name that the manifests have. What goes wrong with a registry is a warning: the image gets to the nodes.
 */
#ifndef FLOW_REGISTRY_H
#define FLOW_REGISTRY_H

#include "plan/job.h"

/* registry_parse: the host that the ConfigMap names. RW1004_CONFIG_TYPE and doc's for what is malformed. */
struct err *registry_parse(const json_t *config_map, char **host) MUST_USE;

/* registry_find: fills target->registry. kube may be NULL: then the cluster is proved and asked here, if it has to
 * be asked. RW9009_INTERRUPTED only. */
struct err *registry_find(const struct request *request, const struct plan *plan, struct kube_client *kube,
                          struct target *target) MUST_USE;

/* How a registry comes into one image's way. */
enum registry_way {
    REGISTRY_NONE,   /* straight into the nodes */
    REGISTRY_HAD_IT, /* nothing was written; the nodes can pull it, as with the next */
    REGISTRY_GOT_IT,
    REGISTRY_FAILED /* it should have got it; the user was told */
};

/* registry_push: brings an image to the target's registry, where it belongs there. RW9009_INTERRUPTED only. */
struct err *registry_push(struct job *job, const struct node_image *image, enum registry_way *out) MUST_USE;

#endif
