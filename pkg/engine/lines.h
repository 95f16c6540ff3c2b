/* lines: an answer of the engine that is one JSON object per line, while it comes. Used within
 * engine only. Both /build and /images/create answer so, with 200 also when they fail later. */
#ifndef ENGINE_LINES_H
#define ENGINE_LINES_H

#include "engine/call.h"

struct engine_lines {
    struct err *(*take)(void *ctx, const json_t *line); /* an error ends the request */
    void *ctx;
};

/* engine_lines_ask: sends request and hands on each line. Blank lines are passed over; half a line
 * at the end is RW3104_ENGINE_GONE. An answer that is not 2xx is left to the caller, in response. */
struct err *engine_lines_ask(struct engine *e, const struct http_request *request, struct http_response *response,
                             struct engine_lines *lines) MUST_USE;

/* engine_line_error: the text of an error line ("errorDetail", or Podman's "error"), or NULL. */
const char *engine_line_error(const json_t *line);

#endif
