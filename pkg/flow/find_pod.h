/* find_pod: the pod of a service that a command is for. For pkg/flow only. */
#ifndef FLOW_FIND_POD_H
#define FLOW_FIND_POD_H

#include "plan/live.h"

/* find_pod: the newest ready pod of the live ones; borrowed from them. RW6401_NO_READY_POD tells why those that are
 * there are not, and what to look at. */
struct err *find_pod(const struct live *l, const char *service, const json_t **out) MUST_USE;

/* find_container: of the pod, by its name or, for NULL, the default one; borrowed. RW1018_NO_CONTAINER. */
struct err *find_container(const json_t *pod, const char *wanted, const char **out) MUST_USE;

#endif
