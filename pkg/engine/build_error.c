#include "engine/build_error.h"

#include <string.h>

enum { LAST_LINES = 20 };

/* The last lines of what a step wrote. */
static const char *last_lines(const struct buf *output, size_t *len)
{
    const char *text = buf_text(output);
    size_t from = output->len;
    int newlines = 0;
    while (from > 0 && text[from - 1] == '\n')
        from--;
    *len = from;
    while (from > 0) {
        if (text[from - 1] == '\n' && ++newlines == LAST_LINES)
            break;
        from--;
    }
    *len -= from;
    return text + from;
}

/* BuildKit wraps its reason in the names of the layers that it went through. */
static const char *without_wrapping(const char *says)
{
    static const char *const wrappings[] = { "failed to solve with frontend dockerfile.v0: ",
                                             "failed to solve with frontend gateway.v0: ",
                                             "failed to solve: ",
                                             "rpc error: code = Unknown desc = ",
                                             "failed to build LLB: ",
                                             "failed to compute cache key: ",
                                             "failed to create LLB definition: " };
    for (size_t i = 0; i < COUNT_OF(wrappings); i++) {
        if (!str_starts(says, wrappings[i]))
            continue;
        says += strlen(wrappings[i]);
        i = (size_t)-1; /* they nest in any order */
    }
    return says;
}

/* `"/uv.lock" not found: not found` (20.10), `… checksum of ref x::y: "/uv.lock": not found` (later):
 * the path that a COPY names and the context lacks; owned, or NULL. */
static char *missing_path(const char *says)
{
    if (!strstr(says, "not found") || !(strstr(says, "cache key") || strstr(says, "checksum")))
        return NULL;
    const char *open = strstr(says, "\"/");
    const char *close = open ? strchr(open + 2, '"') : NULL;
    if (!close || (!str_starts(close, "\": not found") && !str_starts(close, "\" not found")))
        return NULL;
    return xstrndup(open + 2, (size_t)(close - open - 2));
}

static const char *hint(const char *says)
{
    if (strstr(says, "exit code: 137"))
        return " (killed: often out of memory)";
    return "";
}

static struct err *needs_session(const char *says, const char *image)
{
    struct err *e = err_new(RW3203_BUILD_NEEDS_SESSION, "this build needs what rwml cannot give it yet");
    if (strstr(says, "failed to read downloaded context"))
        return err_cause(e,
                         "an engine older than Docker 28 with the containerd image store takes no context from "
                         "us: turn that store off (features.containerd-snapshotter) or upgrade (%s)",
                         says);
    if (image)
        return err_next(err_cause(e, "the engine asked for credentials to get %s: %s", image, says), "docker pull %s",
                        image);
    return err_cause(e,
                     "the engine asked for credentials, a secret or SSH (a private base image, RUN "
                     "--mount=type=secret or ssh): %s",
                     says);
}

static struct err *step_failed(const struct engine_build *build, const struct trace_failure *step, const char *says)
{
    struct err *e = err_new(RW3201_BUILD_FAILED, "the build of %s failed", build->tag);
    AUTO_STR missing = missing_path(says);
    const char *reason = without_wrapping(says);
    const char *name = step ? step->step : "";
    const char *between = step ? ": " : "";
    if (missing)
        e = err_cause(e, "%s%s\"%s\" is not in the build context: it does not exist, or .dockerignore leaves it out",
                      name, between, missing);
    else
        e = err_cause(e, "%s%s%s%s", name, between, reason, hint(says));
    if (missing && str_ends(missing, "uv.lock"))
        e = err_next(e, "uv lock");
    if (!step || step->output->len == 0)
        return e;
    size_t len = 0;
    const char *lines = last_lines(step->output, &len);
    return err_detail(e, lines, len);
}

/* The image that BuildKit could not get: a base, or the frontend that `# syntax=` names; NULL when it
 * failed at something else. */
static const char *image_of_step(const char *step)
{
    static const char *const starts[] = { "[internal] load metadata for ", "resolve image config for " };
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (str_starts(step, starts[i]))
            return step + strlen(starts[i]);
    return NULL;
}

static struct err *disk_full(const struct engine_build *build, const char *says)
{
    struct err *e = err_new(RW3204_ENGINE_DISK_FULL, "the engine has no space left to build %s", build->tag);
    return err_next(err_cause(e, "%s", without_wrapping(says)), "docker builder prune");
}

static struct err *lost_layer(const struct engine_build *build, const char *says)
{
    struct err *e = err_new(RW3205_ENGINE_LOST_LAYER, "the engine lost a layer of %s", build->tag);
    return err_next(err_cause(e, "%s", without_wrapping(says)), "docker builder prune");
}

/* What BuildKit counts as cached and the image store has not. containerd store (moby/buildkit#6521): an image is
 * unpacked on a snapshot that, it seems, nothing keeps: an image's removal at that time, as of the name that a
 * push needed, has containerd collect it. Classic store: seen on 20.10, for every build that found it in
 * its cache, after its disk had been full; and for one build after the cache was cleared. */
static bool is_lost_layer(const char *says)
{
    return (strstr(says, "parent snapshot ") && strstr(says, " does not exist: not found")) ||
           strstr(says, "layer does not exist") ||
           (strstr(says, "failed to prepare ") && strstr(says, "/committed: no such file or directory"));
}

struct err *build_error(const struct engine_build *build, const struct trace *trace, const char *says)
{
    struct trace_failure step = { 0 };
    bool has_step = trace_failed(trace, &step);
    const char *image = has_step ? image_of_step(step.step) : NULL;
    struct err *e = NULL;
    if (strstr(says, "no active session") || strstr(says, "failed to read downloaded context")) {
        e = needs_session(says, image);
    } else if (image) {
        e = err_new(RW3202_BASE_PULL_FAILED, "cannot get image %s", image);
        e = err_cause(e, "%s", without_wrapping(says));
    } else if (strstr(says, "no space left on device")) {
        e = disk_full(build, says);
    } else if (is_lost_layer(says)) {
        e = lost_layer(build, says);
    } else {
        e = step_failed(build, has_step ? &step : NULL, says);
    }
    return err_state(e, "no image was made; the engine keeps its build cache");
}
