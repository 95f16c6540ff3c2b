/* build: one image built by the engine's BuildKit from a tar that we write.
 *
 * POST /build?version=2 without a session: every base has to be in the engine before (engine_pull),
 * as registry credentials, secrets and SSH would be asked of a session. Engines up to 29.4 answer
 * nothing until the whole tar is sent.
 */
#ifndef ENGINE_BUILD_H
#define ENGINE_BUILD_H

#include "engine/engine.h"

enum engine_build_event_kind {
    ENGINE_STEP_STARTED,
    ENGINE_STEP_OUTPUT,   /* output, output_len: bytes as the step wrote them, cut anywhere */
    ENGINE_STEP_PROGRESS, /* item, current, total: a download or an export inside the step */
    ENGINE_STEP_CACHED,   /* finished without work */
    ENGINE_STEP_DONE,     /* elapsed_ms */
    ENGINE_STEP_FAILED,   /* error, elapsed_ms */
    ENGINE_STEP_WARNING   /* text of a Dockerfile check, in error */
};

struct engine_build_event { /* borrowed for the duration of the callback */
    enum engine_build_event_kind kind;
    const char *step; /* stable key of the step: its digest */
    const char *name; /* "[builder 3/7] RUN uv sync"; "[internal] …" are BuildKit's own */
    const char *error;
    const char *item;
    int64_t current, total; /* bytes; total 0: not known */
    int64_t elapsed_ms;
    const char *output;
    size_t output_len;
    bool is_stderr;
};

struct engine_build_arg {
    const char *name;
    const char *value;
};

struct engine_build {
    const char *tag;        /* "orders:dev": always with a tag */
    const char *dockerfile; /* path inside the tar; NULL: Dockerfile */
    const char *target;     /* NULL: the last stage */
    const char *platform;   /* NULL: the engine's */
    const struct engine_build_arg *args;
    size_t arg_count;
    bool no_cache;
    bool no_network; /* its RUN steps have none, and begin a quarter of a second sooner */
    /* pull: the tar's bytes, see http_request.pull. What it returns as an error comes back. */
    struct err *(*pull)(void *ctx, void *to, size_t room, size_t *len);
    void *pull_ctx;
    /* on_event: called in the order things happened; may be NULL. */
    void (*on_event)(void *ctx, const struct engine_build_event *event);
    void *event_ctx;
    struct net_wait wait;
    int64_t idle_ms; /* give up when the engine says nothing for so long; 0: a step may be silent */
};

/* engine_build: *out_image_id is "sha256:…" (with the containerd store not the config digest, see
 * node_image_identity). Errors:
 *   RW3201_BUILD_FAILED         a step failed, or the Dockerfile is wrong. cause: the step and what
 *                               BuildKit said; detail: the step's last lines.
 *   RW3202_BASE_PULL_FAILED     a base image, or the frontend of `# syntax=`, could not be had
 *   RW3203_BUILD_NEEDS_SESSION  the Dockerfile needs credentials, secrets or SSH, or the engine
 *                               can't take a tar (containerd store before Docker 28)
 *   RW3204_ENGINE_DISK_FULL
 *   RW3205_ENGINE_LOST_LAYER    the same build again is likely to succeed, or else without the cache
 *   RW3105_ENGINE_TOO_OLD       the engine has no BuildKit
 *   RW3104_ENGINE_GONE          the answer ended without an image and without an error
 * When interrupted the build is cancelled in the engine before this returns. */
struct err *engine_build(struct engine *e, const struct engine_build *build, char **out_image_id) MUST_USE;

#endif
