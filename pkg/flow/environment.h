/* environment: the environments of the services' containers. For pkg/flow only. */
#ifndef FLOW_ENVIRONMENT_H
#define FLOW_ENVIRONMENT_H

#include "flow/lookup.h"

/* One service's. */
struct service_environment {
    const struct plan_item *item; /* borrowed */
    struct variable_uses uses;    /* with what was found in the cluster */
    struct environments containers;
};

/* environment_each: reads the request's services and has show see each. */
struct err *environment_each(const struct request *request,
                             void (*show)(void *ctx, const struct service_environment *e), void *ctx) MUST_USE;

/* environment_state_word: "known", "masked", "at start", "absent", "not asked". environment_shown: the value where it
 * is known and may be shown, else null. environment_container: "web", "init container migrate"; owned. */
const char *environment_state_word(const struct request *request, const struct environment_value *v);
json_t *environment_shown(const struct request *request, const struct environment_value *v) MUST_USE;
char *environment_container(const struct environment *e) MUST_USE;

/* environment_origin: v->from, and the literal that a $(NAME) was replaced in. Owned. */
char *environment_origin(const struct environment_value *v) MUST_USE;

#endif
