/* config: rwml.yaml, all keys optional.
 *
 *   cluster: dev                 # a Kind cluster; its context is kind-<cluster>
 *   context: kind-dev            # only if the kubeconfig names it otherwise
 *   env: dev                     # directory below the deployment directory
 *   deployments: deployments     # the deployment directory, if it has another name
 *   vars: {KAFKA_BROKER_ADDRESS: "kafka:9092"}
 *   ignore: [deployments/dev/template]
 *   services:
 *     web:                       # compared by name_equal
 *       dockerfile: docker/web.Dockerfile
 *       context: .
 *       build_args: {SERVICE_NAME: web}
 *       image: web:dev
 *       manifests: deployments/dev/web       # a directory, a file, or a list
 *       namespace: shop
 *       vars: {LOG_LEVEL: debug}
 *     front: {units: [web, web-worker]}      # a name for several
 *
 * The file comes with a cloned repository, so it may only reach what a Kind cluster and the
 * workspace hold: a context must be a Kind one, paths are relative and stay below the root.
 * Errors carry file:line:column and are joined: RW1001 unreadable, RW1107 no YAML, RW1003 unknown
 * key (with a suggestion), RW1004 wrong type, RW1016 path outside. Variables and build arguments are
 * texts: a number has to stand in quotes, since YAML would change how some are written.
 */
#ifndef WORKSPACE_CONFIG_H
#define WORKSPACE_CONFIG_H

#include "base/err.h"
#include "base/strv.h"

#define WORKSPACE_CONFIG_FILE "rwml.yaml"

struct workspace_variable {
    char *name;
    char *value;
    char *where; /* file:line:column */
};

struct workspace_variables {
    struct workspace_variable *items;
    size_t count;
};

/* What the file says of one service; NULL and empty where it says nothing. */
struct service_config {
    char *name;
    char *where; /* file:line:column of the name */
    char *dockerfile;
    char *context;
    char *image;
    char *namespace;
    struct strv build_args; /* "NAME=value" */
    struct strv manifests;
    struct strv units;
    struct workspace_variables vars;
};

struct workspace_config {
    bool present; /* there is such a file */
    char *cluster;
    char *context;
    char *env;
    char *deployments;
    struct strv ignore;
    struct workspace_variables vars;
    struct service_config *services;
    size_t service_count;
};

/* workspace_config_load: reads rwml.yaml below root_fd. No such file: an empty config. */
struct err *workspace_config_load(int root_fd, struct workspace_config *out) MUST_USE;

/* workspace_config_parse: the same from text; name is what errors call the file. */
struct err *workspace_config_parse(const char *text, size_t len, const char *name,
                                   struct workspace_config *out) MUST_USE;

/* service_config_find: what is said of a service, or NULL. */
const struct service_config *service_config_find(const struct workspace_config *c, const char *service);
void workspace_config_release(struct workspace_config *c);

#endif
