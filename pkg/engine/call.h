/* call: what every request to the engine shares. Used within engine only. */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

#include "doc/tree.h"
#include "engine/engine.h"
#include "http/client.h"

struct engine {
    struct http_client *http;
    char *host;   /* as the user wrote it */
    char *socket; /* its path */
    char *api_version;
    bool has_buildkit;
};

/* engine_failure: an error of http (NULL stays NULL) in the words of engine.h. */
struct err *engine_failure(const struct engine *e, const struct http_response *response, struct err *inner) MUST_USE;

/* engine_unreachable: why nobody could be connected to, by errno, with the remedy. */
struct err *engine_unreachable(const struct engine *e, struct err *inner) MUST_USE;

/* engine_says: the message in the body of an answer that is an error; owned, never empty. */
char *engine_says(const struct http_response *response) MUST_USE;

/* engine_refused: RW3103_ENGINE_REFUSED: "the engine refuses to <what>". */
struct err *engine_refused(const struct http_response *response, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* engine_ask: one request with its whole answer, whatever its status. body may be NULL. */
struct err *engine_ask(struct engine *e, const char *method, const struct http_path *path, const json_t *body,
                       struct net_wait wait, struct http_response *response) MUST_USE;

/* engine_tree: the answer's body as a tree; RW3106_ENGINE_PROTOCOL. */
struct err *engine_tree(const struct http_response *response, json_t **out) MUST_USE;

#endif
