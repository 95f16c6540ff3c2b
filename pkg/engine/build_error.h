/* build_error: what a failed build is told as. Used within engine only. */
#ifndef ENGINE_BUILD_ERROR_H
#define ENGINE_BUILD_ERROR_H

#include "engine/build.h"
#include "engine/trace.h"

/* build_error: says is the engine's own text; the trace tells the step. See engine_build. */
struct err *build_error(const struct engine_build *build, const struct trace *trace, const char *says) MUST_USE;

#endif
