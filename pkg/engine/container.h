/* container: which containers there are and how they are. */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include "engine/engine.h"

struct engine_container {
    char *id;
    char *name;         /* without the leading slash */
    char *state;        /* "running", "exited", "paused", "created", "restarting", "dead" */
    struct strv labels; /* "key=value" */
};

struct engine_container_list {
    struct engine_container *items; /* sorted by name */
    size_t count;
};

/* engine_container_list: running or not, with that label ("key" or "key=value"). */
struct err *engine_container_list(struct engine *e, const char *label, struct net_wait wait,
                                  struct engine_container_list *out) MUST_USE;
void engine_container_list_release(struct engine_container_list *l);
const char *engine_container_label(const struct engine_container *c, const char *key); /* NULL: not set */

/* engine_container_state: the engine's word for how it is, owned; NULL: there is no such container. */
struct err *engine_container_state(struct engine *e, const char *container, struct net_wait wait,
                                   char **state) MUST_USE;

/* engine_container_port: where a port of the container ("6443/tcp") is published on the engine's
 * host. *host is owned, NULL when there is no such container (any more); *port 0 when it is not published.
 * The address 0.0.0.0 comes as 127.0.0.1, :: as localhost: what they mean to somebody on that host. */
struct err *engine_container_port(struct engine *e, const char *container, const char *container_port,
                                  struct net_wait wait, char **host, int *port) MUST_USE;

#endif
