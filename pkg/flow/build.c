#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"
#include "engine/build.h"
#include "engine/image.h"
#include "flow/verbs.h"
#include "workspace/build_context.h"

static const char STAGE[] = "build";

enum {
    PULL_MS = 30 * 60 * 1000, /* gigabytes over a slow line */
    SHOWN_NAME = 96,          /* bytes of a step's name on one line */
    SHOWN_DIGEST = 12,
    WORTH_TELLING_MS = 100
};

/* What one build's events add up to. */
struct build_view {
    struct job *job;
    struct buf line; /* a line of output that is not whole yet */
    size_t cached, ran;
};

static bool is_internal(const char *name)
{
    return !name || str_starts(name, "[internal]");
}

/* Steps of the Dockerfile are called "[stage 2/7] RUN …"; the rest is what BuildKit does around
 * them. A FROM is none that could be reused or not: its image is in the engine before we begin. */
static bool is_work(const char *name)
{
    return name && name[0] == '[' && !is_internal(name) && !strstr(name, "] FROM ");
}

/* How a context that came as a tar is unpacked: nothing that anybody wrote. */
static bool is_unpacking(const char *name)
{
    return name && str_starts(name, "copy /context");
}

static bool is_export(const char *name)
{
    return name && str_starts(name, "exporting to ");
}

/* A step's name on one line: words by one blank, without the mounts that stand in front of what is
 * run, cut where it gets long. */
static char *short_name(const char *name)
{
    AUTO_STR copy = xstrdup(name);
    AUTO(strv) words = { 0 };
    char *rest = copy, *word;
    while ((word = strsep(&rest, " \t\n")))
        if (*word && !str_starts(word, "--mount="))
            strv_add(&words, word);
    AUTO_STR line = strv_join(&words, " ");
    size_t length = strlen(line);
    if (length <= SHOWN_NAME)
        return STEAL(&line);
    length = SHOWN_NAME - 3;
    while (length && ((unsigned char)line[length] & 0xC0) == 0x80)
        length--;
    return xasprintf("%.*s...", (int)length, line);
}

static void show_output(struct build_view *view, const char *bytes, size_t len)
{
    size_t used = 0, length;
    const char *line;
    if (!buf_append(&view->line, bytes, len))
        buf_truncate(&view->line, 0);
    while (buf_line(&view->line, &used, &line, &length))
        job_tell(view->job, UI_OUTPUT, STAGE, -1, "| %.*s", (int)length, line);
    buf_consume(&view->line, used);
}

static void show_step(struct build_view *view, const struct engine_build_event *event)
{
    AUTO_STR name = short_name(event->name);
    if (event->kind == ENGINE_STEP_STARTED) {
        timings_enter(&view->job->timings, STAGE, is_export(event->name) ? "exporting the image" : "its steps");
        job_tell(view->job, UI_PROGRESS, STAGE, -1, "%s", name);
    } else if (event->kind == ENGINE_STEP_CACHED) {
        view->cached += is_work(event->name);
        job_tell(view->job, UI_DETAIL, STAGE, -1, "%s  reused", name);
    } else if (event->kind == ENGINE_STEP_DONE) {
        view->ran += is_work(event->name);
        enum ui_kind kind = is_work(event->name) || event->elapsed_ms >= WORTH_TELLING_MS ? UI_STEP : UI_DETAIL;
        job_tell(view->job, kind, STAGE, event->elapsed_ms, "%s", name);
    } else if (event->kind == ENGINE_STEP_FAILED) {
        job_tell(view->job, UI_STEP, STAGE, event->elapsed_ms, "%s  failed", name);
    }
}

static void on_event(void *ctx, const struct engine_build_event *event)
{
    struct build_view *view = ctx;
    switch (event->kind) {
    case ENGINE_STEP_OUTPUT:
        show_output(view, event->output, event->output_len);
        return;
    case ENGINE_STEP_WARNING:
        job_tell(view->job, UI_WARNING, STAGE, -1, "%s", event->error);
        return;
    case ENGINE_STEP_PROGRESS:
        if (event->item && event->total > 0)
            job_tell(view->job, UI_PROGRESS, STAGE, -1, "%s %d %%", event->item,
                     (int)(event->current * 100 / event->total));
        return;
    case ENGINE_STEP_STARTED:
    case ENGINE_STEP_CACHED:
    case ENGINE_STEP_DONE:
    case ENGINE_STEP_FAILED:
        if (!is_internal(event->name) && !is_unpacking(event->name))
            show_step(view, event);
        return;
    }
}

static void on_pull(void *ctx, const struct engine_pull_progress *progress)
{
    const struct job *job = ctx;
    const char *layer = progress->layer ? progress->layer : "";
    if (progress->total > 0)
        job_tell(job, UI_PROGRESS, STAGE, -1, "%s %s %d %%", layer, progress->status,
                 (int)(progress->current * 100 / progress->total));
    else
        job_tell(job, UI_PROGRESS, STAGE, -1, "%s %s", layer, progress->status);
}

static struct err *pull_base(struct job *job, const char *base)
{
    bool found = false;
    struct engine_image image;
    TRY(engine_image_inspect(job->engine, base, engine_call(job->request->cancel), &found, &image));
    if (found) {
        engine_image_release(&image);
        return NULL;
    }
    int64_t start = clock_ms();
    job_tell(job, UI_STEP, STAGE, -1, "pulling %s, which the engine lacks", base);
    struct net_wait wait = { clock_after(PULL_MS), job->request->cancel };
    TRY(err_state(engine_pull(job->engine, base, NULL, wait, on_pull, job),
                  "no image was made; the engine may go on pulling %s", base));
    job_tell(job, UI_STEP, STAGE, clock_ms() - start, "pulled %s", base);
    return NULL;
}

static struct err *pull_bases(struct job *job, const struct service_image *image)
{
    for (size_t i = 0; i < image->bases.count; i++)
        TRY(pull_base(job, image->bases.items[i]));
    return NULL;
}

/* "NAME=value" texts as the engine's pairs; names are owned by *names. */
static struct engine_build_arg *split_args(const struct strv *args, struct strv *names)
{
    struct engine_build_arg *pairs = xcalloc(args->count, sizeof *pairs);
    for (size_t i = 0; i < args->count; i++) {
        const char *equals = strchr(args->items[i], '=');
        strv_add_take(names,
                      xstrndup(args->items[i], equals ? (size_t)(equals - args->items[i]) : strlen(args->items[i])));
        pairs[i] = (struct engine_build_arg){ names->items[i], equals ? equals + 1 : "" };
    }
    return pairs;
}

static struct err *run_build(struct job *job, const struct service_image *image, struct build_context *context,
                             bool no_cache, struct build_view *view, char **image_id)
{
    AUTO(strv) names = { 0 };
    struct engine_build_arg *args = split_args(&image->build_args, &names);
    struct engine_build build = {
        .tag = image->reference,
        .dockerfile = build_context_get_dockerfile(context),
        .args = args,
        .arg_count = image->build_args.count,
        .no_cache = no_cache,
        .pull = build_context_read,
        .pull_ctx = context,
        .on_event = on_event,
        .event_ctx = view,
        .wait = { CLOCK_NEVER, job->request->cancel },
    };
    struct err *e = engine_build(job->engine, &build, image_id);
    free(args);
    return e;
}

/* "dockerfile parse error on line 2: …", without "on" before BuildKit 0.8; 0: no such words. */
static size_t parse_error_line(const char *words)
{
    static const char head[] = "dockerfile parse error ", on[] = "on ", line[] = "line ";
    const char *at = words ? strstr(words, head) : NULL;
    if (!at)
        return 0;
    at += strlen(head);
    at += str_starts(at, on) ? strlen(on) : 0;
    return str_starts(at, line) ? (size_t)strtoul(at + strlen(line), NULL, 10) : 0;
}

/* What the engine says of a build does not name the file. */
static struct err *at_dockerfile(struct err *e, const char *dockerfile)
{
    if (!e || err_get_code(e) != RW3201_BUILD_FAILED || err_get_where(e))
        return e;
    AUTO_STR words = err_words(e);
    return err_where(e, dockerfile, parse_error_line(words), 0);
}

static void tell_context(const struct job *job, const struct build_context *context)
{
    struct build_context_totals totals = build_context_get_totals(context);
    const struct strv *skipped = build_context_get_skipped(context);
    AUTO_STR size = num_bytes(totals.bytes);
    job_tell(job, UI_DETAIL, STAGE, -1, "context: %llu files, %s", (unsigned long long)totals.files, size);
    for (size_t i = 0; i < skipped->count; i++)
        job_tell(job, UI_WARNING, STAGE, -1, "%s is neither file, directory nor link: left out of the context",
                 skipped->items[i]);
}

static struct err *tell_result(struct job *job, const char *reference, const char *image_id,
                               const struct build_view *view, int64_t start)
{
    bool found = false;
    struct engine_image image;
    TRY(engine_image_inspect(job->engine, reference, engine_call(job->request->cancel), &found, &image));
    if (!found)
        return err_new(RW4101_IMAGE_NOT_BUILT, "the engine built %s and has lost it again", reference);
    AUTO_STR size = num_bytes(image.size);
    strv_add(&job->built, image.id);
    json_t *fields = doc_object();
    doc_set_text(fields, "/image", reference);
    doc_set_text(fields, "/id", image_id);
    doc_set(fields, "/bytes", doc_integer((int64_t)image.size));
    engine_image_release(&image);
    const char *hex = strchr(image_id, ':') ? strchr(image_id, ':') + 1 : image_id;
    job_tell_with(job, UI_RESULT, STAGE, clock_ms() - start, fields, "%s is %.*s, %s, %zu of %zu steps reused",
                  reference, SHOWN_DIGEST, hex, size, view->cached, view->cached + view->ran);
    return NULL;
}

/* One try, with a context of its own, since a context can be read once. */
static struct err *try_build(struct job *job, const struct service_image *image, bool no_cache)
{
    AUTO_PTR(build_context) context = NULL;
    AUTO_STR image_id = NULL;
    int64_t start = clock_ms();
    timings_enter(&job->timings, STAGE, "sending its context");
    TRY(build_context_open(job->plan->workspace->root_fd, image->context, image->dockerfile, &context));
    struct build_view view = { .job = job, .line = BUF_INIT(LIMIT_STEP_OUTPUT) };
    struct err *e = run_build(job, image, context, no_cache, &view, &image_id);
    buf_release(&view.line);
    TRY(at_dockerfile(e, image->dockerfile));
    tell_context(job, context);
    return tell_result(job, image->reference, image_id, &view, start);
}

static struct err *build_image(struct job *job, const struct service_image *image)
{
    timings_enter(&job->timings, STAGE, "images that it builds upon");
    TRY(pull_bases(job, image));
    job_tell(job, UI_DETAIL, STAGE, -1, "%s by %s (rule %s), context %s", image->reference, image->dockerfile,
             image->rule, image->context);
    static const char *const again[] = { "building again", "building again, without the build cache" };
    struct err *e = try_build(job, image, false);
    for (size_t i = 0; e && err_get_code(e) == RW3205_ENGINE_LOST_LAYER && i < COUNT_OF(again); i++) {
        job_tell(job, UI_NOTE, STAGE, -1, "%s; %s", err_get_message(e), again[i]);
        err_ignore(e, "it passes, or what is cached is gone");
        e = try_build(job, image, i > 0);
    }
    return e;
}

struct err *job_build(struct job *job)
{
    const struct service *service = job->item->service;
    struct err *e = NULL;
    for (size_t i = 0; !e && i < service->image_count; i++)
        e = build_image(job, &service->images[i]);
    return err_state_add(e, "nodes and cluster unchanged");
}
