#include "engine/build.h"

#include <unistd.h>

#include "base/clock.h"
#include "engine/build_error.h"
#include "engine/lines.h"

enum { CANCEL_MS = 3000 };

struct progress {
    const struct engine_build *build;
    struct trace *trace;
    char *image_id;
    char *failed;   /* the engine's error text */
    bool has_trace; /* BuildKit speaks */
};

static void progress_release(struct progress *p)
{
    trace_free(p->trace);
    str_freep(&p->image_id);
    str_freep(&p->failed);
}

/* A struct engine_lines' take. */
static struct err *take_line(void *ctx, const json_t *line)
{
    struct progress *p = ctx;
    const char *failed = engine_line_error(line);
    const char *id = doc_text(line, "/id");
    if (failed && !p->failed)
        p->failed = xstrdup(failed);
    if (str_eq(id, "moby.buildkit.trace") && doc_text(line, "/aux")) {
        p->has_trace = true;
        return trace_take(p->trace, doc_text(line, "/aux"));
    }
    if (str_eq(id, "moby.image.id") && doc_text(line, "/aux/ID"))
        str_set(&p->image_id, doc_text(line, "/aux/ID"));
    return NULL;
}

static void add_arguments(struct http_path *path, const struct engine_build *build)
{
    DOC_AUTO args = doc_object();
    for (size_t i = 0; i < build->arg_count; i++)
        doc_set_key(args, build->args[i].name, doc_string(build->args[i].value));
    AUTO_STR text = doc_dump(args);
    if (build->arg_count > 0)
        http_path_query(path, "buildargs", text);
}

static void make_path(struct http_path *path, const struct engine_build *build, const char *build_id)
{
    http_path_fixed(path, "/build");
    http_path_query(path, "version", "2");
    http_path_query(path, "t", build->tag);
    http_path_query(path, "buildid", build_id);
    if (build->dockerfile)
        http_path_query(path, "dockerfile", build->dockerfile);
    if (build->target)
        http_path_query(path, "target", build->target);
    if (build->platform)
        http_path_query(path, "platform", build->platform);
    if (build->no_cache)
        http_path_query(path, "nocache", "1");
    if (build->no_network)
        http_path_query(path, "networkmode", "none");
    add_arguments(path, build);
}

/* The closed connection alone is noticed by the engine only after it has read the whole body. */
static void cancel_build(struct engine *e, const char *build_id)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    struct net_wait wait = { .deadline_ms = clock_after(CANCEL_MS) };
    http_path_fixed(&path, "/build/cancel");
    http_path_query(&path, "id", build_id);
    err_ignore(engine_ask(e, "POST", &path, NULL, wait, &answer), "the closed connection ends the build as well");
}

static struct err *too_old(const struct engine *e)
{
    struct err *why = err_new(RW3105_ENGINE_TOO_OLD, "the engine at %s cannot build with BuildKit", e->host);
    why =
        err_cause(why, "API %s: rwml needs BuildKit, which Docker has since 18.09 and Podman has not", e->api_version);
    return err_state(why, "nothing was built");
}

/* The connection failed: the engine's own error, if it told one before, says more. */
static struct err *interrupted(const struct progress *p, struct err *e)
{
    if (p->failed && err_get_code(e) == RW3104_ENGINE_GONE) {
        err_ignore(e, "the engine's own words say more");
        return build_error(p->build, p->trace, p->failed);
    }
    const char *running = trace_running(p->trace);
    if (running && err_get_code(e) == RW3104_ENGINE_GONE)
        e = err_because(RW3104_ENGINE_GONE, e, "the engine went away during step %s", running);
    if (p->image_id)
        return err_state(e, "the image was made all the same: %s is %s", p->build->tag, p->image_id);
    return err_state(e, "no image was made; the engine keeps its build cache");
}

static struct err *conclude(struct engine *e, const struct http_response *answer, struct progress *p,
                            char **out_image_id)
{
    if (!http_response_ok(answer)) {
        AUTO_STR says = engine_says(answer);
        if (answer->status == 400)
            return build_error(p->build, p->trace, says);
        return err_state(engine_refused(answer, "build %s", p->build->tag), "nothing was built");
    }
    if (p->failed)
        return build_error(p->build, p->trace, p->failed);
    if (!p->image_id && !p->has_trace && answer->received > 0)
        return too_old(e);
    if (!p->image_id) {
        struct err *gone = err_new(RW3104_ENGINE_GONE, "the engine ended the build without an image");
        return err_state(err_cause(gone, "its answer told neither an image nor an error"), "no image was made");
    }
    *out_image_id = STEAL(&p->image_id);
    return NULL;
}

struct err *engine_build(struct engine *e, const struct engine_build *build, char **out_image_id)
{
    if (!e->has_buildkit)
        return too_old(e);
    AUTO(progress) p = { .build = build, .trace = trace_new(build->on_event, build->event_ctx) };
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    AUTO_STR build_id = xasprintf("rwml-%d-%lld-%s", getpid(), (long long)clock_ms(), build->tag);
    make_path(&path, build, build_id);
    struct http_header type = { "Content-Type", "application/x-tar" };
    struct http_request request = { .method = "POST",
                                    .path = &path,
                                    .headers = &type,
                                    .header_count = 1,
                                    .pull = build->pull,
                                    .pull_ctx = build->pull_ctx,
                                    .wait = build->wait,
                                    .idle_ms = build->idle_ms };
    struct engine_lines lines = { take_line, &p };
    struct err *failed = engine_lines_ask(e, &request, &answer, &lines);
    if (!failed)
        return conclude(e, &answer, &p, out_image_id);
    if (err_get_code(failed) != RW3101_ENGINE_UNREACHABLE && err_get_code(failed) != RW3104_ENGINE_GONE)
        cancel_build(e, build_id);
    return interrupted(&p, failed);
}
