/* user_config: the user's own configuration, config.yaml in $XDG_CONFIG_HOME/rwml.
 *
 *   context: staging     # of the kubeconfig; used where neither --context nor --cluster is given
 *
 * Unlike the repository's rwml.yaml it may name a cluster that is no Kind cluster of this engine. */
#ifndef PLAN_USER_CONFIG_H
#define PLAN_USER_CONFIG_H

#include "base/err.h"

struct user_config {
    char *context; /* NULL: not told */
    char *where;   /* file:line:column of it */
};

/* user_config_load: folder: where config.yaml lies; NULL, or no such file: nothing is told. Errors: those of a
 * configuration (RW1001 … RW1004, RW1107), with their place. */
struct err *user_config_load(const char *folder, struct user_config *out) MUST_USE;
void user_config_release(struct user_config *c);

#endif
