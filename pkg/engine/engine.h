/* engine: the Docker Engine's API over its unix socket.
 *
 * An engine handle belongs to one thread; work side by side takes engine_again. Requests use no
 * version in their path, so that the engine answers in its newest: 29.0 to 29.2 refuse old ones,
 * 20.10 knows no new ones. Each call takes a deadline and a cancel token and, besides the errors
 * it names, may end in
 *   RW3101_ENGINE_UNREACHABLE  the engine was there at engine_open and is not any more
 *   RW3103_ENGINE_REFUSED      it said no; its own words are the cause
 *   RW3104_ENGINE_GONE         the connection ended in the middle of an answer
 *   RW3106_ENGINE_PROTOCOL     an answer that is not what the Engine API says
 *   RW9007_DEADLINE, RW9009_INTERRUPTED
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/net.h"
#include "base/strv.h"

#define ENGINE_DEFAULT_HOST "unix:///var/run/docker.sock"
#define ENGINE_CALL_MS 30000 /* for one short question; a busy engine answers inspect in up to seconds */

struct engine;

/* engine_open: docker_host is DOCKER_HOST's value; NULL or "" means ENGINE_DEFAULT_HOST. Asks
 * /_ping. Errors: RW3102_ENGINE_SCHEME, naming a scheme other than unix://;
 * RW3101_ENGINE_UNREACHABLE, with different causes and remedies for a socket that is not there,
 * that we may not open, and that nobody listens on; RW3106_ENGINE_PROTOCOL when something else
 * answers. */
struct err *engine_open(const char *docker_host, const struct cancel *cancel, struct engine **out) MUST_USE;

/* engine_again: another handle to the same engine, for another thread. Asks nothing. */
struct err *engine_again(const struct engine *e, struct engine **out) MUST_USE;
void engine_free(struct engine *e);
DEFINE_FREEP(engine)

/* engine_call: the wait for one short question: ENGINE_CALL_MS from now. */
struct net_wait engine_call(const struct cancel *cancel);

struct engine_info {
    char *server_version; /* "20.10.24" */
    char *operating_system;
    char *architecture;    /* "x86_64" */
    char *name;            /* the host's */
    bool containerd_store; /* images are kept by containerd: ids are digests of manifests */
};
struct err *engine_info(struct engine *e, struct net_wait wait, struct engine_info *out) MUST_USE;
void engine_info_release(struct engine_info *i);

#endif
