#include "engine/image.h"

#include <stdlib.h>
#include <string.h>

#include "engine/call.h"
#include "engine/lines.h"

static void path_of_image(struct http_path *path, const char *ref, const char *verb)
{
    http_path_fixed(path, "/images");
    http_path_segments(path, ref);
    http_path_fixed(path, verb);
}

static void read_texts(const json_t *array, struct strv *out)
{
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (array, i, item)
        if (doc_text(item, ""))
            strv_add(out, doc_text(item, ""));
}

/* Drivers of moby's daemon/graphdriver of which containerd has no snapshotter of that name. */
static bool is_classic(const char *driver)
{
    return str_eq(driver, "overlay2") || str_eq(driver, "vfs");
}

static struct err *read_image(const json_t *tree, struct engine_image *out)
{
    const char *id = doc_text(tree, "/Id");
    int64_t size = doc_i64(tree, "/Size", 0);
    if (!id)
        return err_new(RW3106_ENGINE_PROTOCOL, "the engine describes an image without an id");
    *out = (struct engine_image){ .id = xstrdup(id),
                                  .size = size > 0 ? (uint64_t)size : 0,
                                  .created = xstrdup(doc_text(tree, "/Created")),
                                  .os = xstrdup(doc_text(tree, "/Os")),
                                  .architecture = xstrdup(doc_text(tree, "/Architecture")),
                                  .classic_store = is_classic(doc_text(tree, "/GraphDriver/Name")),
                                  .has_triggers = doc_count(doc_get(tree, "/Config/OnBuild")) > 0 };
    read_texts(doc_get(tree, "/RepoTags"), &out->tags);
    read_texts(doc_get(tree, "/RootFS/Layers"), &out->diff_ids);
    return NULL;
}

struct err *engine_image_inspect(struct engine *e, const char *ref, struct net_wait wait, bool *found,
                                 struct engine_image *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    path_of_image(&path, ref, "/json");
    TRY(engine_ask(e, "GET", &path, NULL, wait, &answer));
    *found = answer.status != 404;
    if (!*found)
        return NULL;
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "describe image %s", ref);
    DOC_AUTO tree = NULL;
    TRY(engine_tree(&answer, &tree));
    return read_image(tree, out);
}

void engine_image_release(struct engine_image *i)
{
    free(i->id);
    free(i->created);
    free(i->os);
    free(i->architecture);
    strv_release(&i->tags);
    strv_release(&i->diff_ids);
    *i = (struct engine_image){ 0 };
}

static void copy_text(json_t *to, const char *to_pointer, const json_t *from, const char *from_pointer)
{
    const char *text = doc_text(from, from_pointer);
    if (text && *text)
        doc_set_text(to, to_pointer, text);
}

struct err *engine_image_config(struct engine *e, const char *id, struct net_wait wait, char **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    path_of_image(&path, id, "/json");
    TRY(engine_ask(e, "GET", &path, NULL, wait, &answer));
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "describe image %s", id);
    DOC_AUTO tree = NULL;
    DOC_AUTO config = doc_object();
    TRY(engine_tree(&answer, &tree));
    copy_text(config, "/created", tree, "/Created");
    copy_text(config, "/author", tree, "/Author");
    copy_text(config, "/architecture", tree, "/Architecture");
    copy_text(config, "/variant", tree, "/Variant");
    copy_text(config, "/os", tree, "/Os");
    doc_set_key(config, "config", doc_copy(doc_get(tree, "/Config")));
    *out = doc_dump(config);
    return NULL;
}

/* Of a step that made no bytes, whether it made a layer all the same: by its words, as BuildKit and the builder
 * before it write them. */
static bool makes_layer(const char *created_by)
{
    static const char *const words[] = { "RUN ", "COPY ", "ADD ", "WORKDIR " };
    static const char shell[] = "/bin/sh -c ", nop[] = "#(nop) ";
    bool is_shell = str_starts(created_by, shell);
    const char *word = is_shell ? created_by + strlen(shell) : created_by;
    if (is_shell && !str_starts(word, nop))
        return true;
    word += is_shell ? strlen(nop) : 0;
    word += strspn(word, " ");
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_starts(word, words[i]))
            return true;
    return false;
}

static bool counts(const json_t *step, bool by_words)
{
    const char *created_by = doc_text(step, "/CreatedBy");
    return doc_i64(step, "/Size", 0) > 0 || (by_words && created_by && makes_layer(created_by));
}

/* Newest first, as the engine tells them. Words that do not add up to the layers that there are count for
 * nothing. */
static uint64_t sum_of_top(const json_t *history, size_t all_layers, size_t layers)
{
    size_t i, made = 0, taken = 0;
    json_t *step;
    uint64_t sum = 0;
    DOC_EACH_ITEM (history, i, step)
        made += counts(step, true);
    bool by_words = made == all_layers;
    DOC_EACH_ITEM (history, i, step) {
        if (!counts(step, by_words) || taken == layers)
            continue;
        sum += (uint64_t)doc_i64(step, "/Size", 0);
        taken++;
    }
    return sum;
}

struct err *engine_image_top_bytes(struct engine *e, const struct engine_image *image, size_t layers,
                                   struct net_wait wait, uint64_t *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    path_of_image(&path, image->id, "/history");
    TRY(engine_ask(e, "GET", &path, NULL, wait, &answer));
    if (!http_response_ok(&answer))
        return engine_refused(&answer, "tell how image %s was made", image->id);
    DOC_AUTO tree = NULL;
    TRY(engine_tree(&answer, &tree));
    *out = sum_of_top(tree, image->diff_ids.count, layers);
    return NULL;
}

struct pull {
    void (*on_progress)(void *ctx, const struct engine_pull_progress *progress);
    void *ctx;
    const char *ref;
};

static struct err *pull_failed(const char *ref, const char *says)
{
    struct err *e = err_new(RW3202_BASE_PULL_FAILED, "cannot pull image %s", ref);
    return err_state(err_cause(e, "%s", says), "nothing was built");
}

/* A struct engine_lines' take. */
static struct err *take_pull_line(void *ctx, const json_t *line)
{
    const struct pull *p = ctx;
    const char *failed = engine_line_error(line);
    if (failed)
        return pull_failed(p->ref, failed);
    struct engine_pull_progress progress = { .layer = doc_text(line, "/id"),
                                             .status = doc_text(line, "/status"),
                                             .current = doc_i64(line, "/progressDetail/current", 0),
                                             .total = doc_i64(line, "/progressDetail/total", 0) };
    if (progress.status && p->on_progress)
        p->on_progress(p->ctx, &progress);
    return NULL;
}

/* "python:3.12" must go as two parameters, or every tag of python is pulled. */
static void add_reference(struct http_path *path, const char *ref)
{
    const char *slash = strrchr(ref, '/');
    const char *last = slash ? slash + 1 : ref;
    const char *at = strchr(last, '@');
    const char *colon = strchr(last, ':');
    const char *end = colon && (!at || colon < at) ? colon : at;
    const char *version = at ? at : colon; /* of name:tag@digest the digest decides */
    AUTO_STR name = end ? xstrndup(ref, (size_t)(end - ref)) : xstrdup(ref);
    http_path_query(path, "fromImage", name);
    http_path_query(path, "tag", version ? version + 1 : "latest");
}

struct err *engine_pull(struct engine *e, const char *ref, const char *platform, struct net_wait wait,
                        void (*on_progress)(void *ctx, const struct engine_pull_progress *progress), void *ctx)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(http_response) answer = { 0 };
    struct http_header anonymous = { "X-Registry-Auth", "e30=" }; /* base64 of {}: 20.10 wants the header */
    struct pull pull = { on_progress, ctx, ref };
    struct engine_lines lines = { take_pull_line, &pull };
    http_path_fixed(&path, "/images/create");
    add_reference(&path, ref);
    if (platform)
        http_path_query(&path, "platform", platform);
    struct http_request request = {
        .method = "POST", .path = &path, .headers = &anonymous, .header_count = 1, .wait = wait
    };
    TRY(engine_lines_ask(e, &request, &answer, &lines));
    if (http_response_ok(&answer))
        return NULL;
    AUTO_STR says = engine_says(&answer);
    return pull_failed(ref, says);
}
