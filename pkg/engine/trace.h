/* trace: BuildKit's progress messages, told as events of steps. Used within engine only.
 *
 * Each line {"id":"moby.buildkit.trace","aux":"<base64>"} holds a StatusResponse of
 * github.com/moby/buildkit api/services/control/control.proto. A step (vertex) is sent again at each
 * change and may start more than once. */
#ifndef ENGINE_TRACE_H
#define ENGINE_TRACE_H

#include "base/buf.h"
#include "engine/build.h"

struct trace;

struct trace *trace_new(void (*on_event)(void *ctx, const struct engine_build_event *event), void *ctx) MUST_USE;
void trace_free(struct trace *t);
DEFINE_FREEP(trace)

/* trace_take: one base64 text. RW3106_ENGINE_PROTOCOL when it is not what it should be. */
struct err *trace_take(struct trace *t, const char *base64) MUST_USE;

/* The step that failed, or NULL. Of several the last that was not only cancelled by the others. */
struct trace_failure {
    const char *step; /* its name */
    const char *error;
    const struct buf *output; /* the end of what it wrote */
};
bool trace_failed(const struct trace *t, struct trace_failure *out);
/* trace_running: the name of a step that had begun and not ended, or NULL. */
const char *trace_running(const struct trace *t);

#endif
