#include "engine/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "engine/lines.h"

enum {
    UNNAME_MS = 10000,
    LAYERS = 127 /* of an image, at most (moby layer/layer_store.go, maxLayerDepth is 125) */
};

/* How far one layer is. */
struct layer {
    char *id; /* as the engine shows it, 12 digits */
    uint64_t done;
    uint64_t total;
};

/* One push while it runs. */
struct push {
    const char *what; /* for messages */
    const struct engine_push_watch *watch;
    bool is_impatient;
    size_t pushed; /* layers that were not there */
    struct layer layers[LAYERS];
    size_t count;
};

static void push_release(struct push *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->layers[i].id);
}

static struct err *failed(const struct push *p, const char *says)
{
    return err_cause(err_new(RW4203_PUSH_FAILED, "the engine cannot push %s", p->what), "%s", says);
}

struct err *engine_image_name(struct engine *e, const char *id, const char *name, struct net_wait wait)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    const char *tag = strrchr(name, ':');
    AUTO_STR repository = xstrndup(name, tag ? (size_t)(tag - name) : strlen(name));
    http_path_fixed(&path, "/images");
    http_path_segment(&path, id);
    http_path_fixed(&path, "/tag");
    http_path_query(&path, "repo", repository);
    http_path_query(&path, "tag", tag ? tag + 1 : "latest");
    TRY(engine_ask(e, "POST", &path, NULL, wait, &answer));
    if (answer.status == 404)
        return err_new(RW4101_IMAGE_NOT_BUILT, "the engine has no image %s any more", id);
    return http_response_ok(&answer) ? NULL : engine_refused(&answer, "name image %s", id);
}

/* noprune: what the image was built upon stays. With the last tag of a repository its digest references
 * go, too (moby daemon/images, ImageDelete). */
struct err *engine_image_unname(struct engine *e, const char *name, struct net_wait wait)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    http_path_fixed(&path, "/images");
    http_path_segments(&path, name);
    http_path_query(&path, "noprune", "1");
    TRY(engine_ask(e, "DELETE", &path, NULL, wait, &answer));
    return http_response_ok(&answer) || answer.status == 404 ? NULL : engine_refused(&answer, "remove name %s", name);
}

static struct layer *layer_of(struct push *p, const char *id)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->layers[i].id, id) == 0)
            return &p->layers[i];
    if (p->count == LAYERS)
        return NULL;
    p->layers[p->count].id = xstrdup(id);
    return &p->layers[p->count++];
}

/* "Pushing" lines tell how much of a layer was read; the last of them may tell more than its total. */
static void tell_progress(struct push *p, const json_t *line)
{
    const char *id = doc_text(line, "/id");
    int64_t current = doc_i64(line, "/progressDetail/current", 0), all = doc_i64(line, "/progressDetail/total", 0);
    struct layer *layer = id && current > 0 && all > 0 && p->watch->on_progress ? layer_of(p, id) : NULL;
    uint64_t done = 0, total = 0;
    if (!layer)
        return;
    layer->done = (uint64_t)(current < all ? current : all);
    layer->total = (uint64_t)all;
    for (size_t i = 0; i < p->count; i++) {
        done += p->layers[i].done;
        total += p->layers[i].total;
    }
    p->watch->on_progress(p->watch->ctx, done, total);
}

/* The classic store tries a layer five times, and waits 5, 10, 15 … s in between (moby
 * distribution/xfer/upload.go). Why, it tells in the end only. */
static bool failed_twice(const char *status)
{
    return str_eq(status, "Retrying in 10 seconds");
}

/* A struct engine_lines' take. */
static struct err *take_line(void *ctx, const json_t *line)
{
    struct push *p = ctx;
    const char *status = doc_text(line, "/status");
    TRY(p->watch->stop(p->watch->ctx));
    tell_progress(p, line);
    p->pushed += str_eq(status, "Pushed");
    const char *says = engine_line_error(line);
    if (!says && p->is_impatient && failed_twice(status))
        says = "it has failed to send a layer twice";
    return says ? failed(p, says) : NULL;
}

/* Without any, an empty object: engines before 28 want the header. */
static char *credentials(const char *user, const char *password)
{
    DOC_AUTO tree = doc_object();
    doc_set_text(tree, "/username", user);
    doc_set_text(tree, "/password", password);
    AUTO_STR text = doc_dump(tree);
    return base64url_encode(text, strlen(text));
}

static struct err *push_named(struct engine *e, const char *repository, const char *tag, const char *auth,
                              struct net_wait wait, struct push *p)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    struct http_header header = { "X-Registry-Auth", auth };
    struct engine_lines lines = { take_line, p };
    http_path_fixed(&path, "/images");
    http_path_segments(&path, repository);
    http_path_fixed(&path, "/push");
    http_path_query(&path, "tag", tag);
    struct http_request request = {
        .method = "POST", .path = &path, .headers = &header, .header_count = 1, .wait = wait
    };
    TRY(engine_lines_ask(e, &request, &answer, &lines));
    if (http_response_ok(&answer))
        return p->watch->stop(p->watch->ctx);
    AUTO_STR says = engine_says(&answer);
    return failed(p, says);
}

struct err *engine_image_push(struct engine *e, const char *id, const struct engine_registry *to, struct net_wait wait,
                              const struct engine_push_watch *watch, bool *name_stays)
{
    AUTO(push) p = { .what = "the image to rwml", .watch = watch };
    AUTO_STR auth = credentials(to->user, to->password);
    AUTO_STR name = xasprintf("%s:%s", to->repository, ENGINE_PUSH_TAG);
    TRY(engine_image_name(e, id, name, wait));
    struct err *pushed = push_named(e, to->repository, ENGINE_PUSH_TAG, auth, wait, &p);
    struct net_wait surely = { .deadline_ms = clock_after(UNNAME_MS) }; /* also after an interruption */
    struct err *left = engine_image_unname(e, name, surely);
    *name_stays = left;
    err_ignore(left, "a name too many harms nobody");
    return pushed;
}

struct err *engine_image_publish(struct engine *e, const char *name, struct net_wait wait,
                                 const struct engine_push_watch *watch, size_t *pushed)
{
    AUTO(push) p = { .what = name, .watch = watch, .is_impatient = true };
    AUTO_STR auth = credentials(NULL, NULL);
    const char *tag = strrchr(name, ':');
    AUTO_STR repository = xstrndup(name, (size_t)(tag - name));
    struct err *failure = push_named(e, repository, tag + 1, auth, wait, &p);
    *pushed = p.pushed;
    return failure;
}
