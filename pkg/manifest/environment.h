/* environment: what the program in a container will find in its environment, and where each value is from.
 *
 * As the kubelet makes it (pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables): envFrom in order, then env
 * in order; of one name the last wins. $(NAME) in an env entry's literal is what was defined above it. A value
 * that comes by envFrom or a reference is taken as it is. Not told: what the image's own ENV says, and the
 * addresses of Services that the kubelet adds (enableServiceLinks).
 */
#ifndef MANIFEST_ENVIRONMENT_H
#define MANIFEST_ENVIRONMENT_H

#include "manifest/variables.h"

enum environment_state {
    ENVIRONMENT_KNOWN,
    ENVIRONMENT_AT_START, /* the kubelet fills it in: a field of the pod, a resource of the container, a $(…) of one */
    ENVIRONMENT_ABSENT,   /* what it is read from is neither in the set nor in the cluster */
    ENVIRONMENT_NOT_ASKED /* it, or a $(NAME) in it, is not in the set, and the cluster could not be asked */
};

/* One definition of a variable. */
struct environment_value {
    char *name;    /* PREFIX* where an envFrom is absent or was not asked for */
    char *value;   /* NULL unless known */
    char *written; /* the literal as the manifest or a variable has it, where a $(NAME) in it is filled; else NULL */
    char *from;    /* "literal", "--set", "ConfigMap shop/web key MODE, by rwml.yaml:4:7", "field metadata.name" */
    char *where;   /* file:line:column of the value, or of the reference where the set does not have the value */
    enum environment_state state;
    bool secret; /* the value is a Secret's, or made of one */
    bool wins;   /* no later definition takes its place */
};

/* One container. */
struct environment {
    const struct manifest_object *object; /* borrowed from the set */
    char *container;
    bool is_init;
    struct environment_value *items; /* in the order in which they are defined */
    size_t count;
};

struct environments {
    struct environment *items;
    size_t count;
};

/* What the cluster has of ConfigMaps and Secrets. find: *out becomes the object, borrowed, or NULL when it is
 * not there; false: the cluster could not be asked. */
struct environment_cluster {
    bool (*find)(void *ctx, const char *kind, const char *namespace, const char *name, const json_t **out);
    void *ctx;
};

/* environments_read: of every container and init container of the set, to which the variables were applied.
 * uses: what manifest_variable_uses told before that. The cluster is asked only for what the set lacks. */
void environments_read(const struct manifest_set *set, const struct variable_uses *uses,
                       const struct environment_cluster *cluster, struct environments *out);
void environments_release(struct environments *e);

#endif
