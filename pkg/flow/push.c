#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "flow/registry.h"
#include "flow/verbs.h"
#include "plan/turn.h"

static const char STAGE[] = "push";

enum { PUSH_MS = 30 * 60 * 1000 }; /* gigabytes into a slow disk; a node that stalls is given up before, node/image.h */

static void time_phase(struct job *job, enum node_push_phase phase)
{
    static const char *const names[] = {
        [NODE_PUSH_ASKED] = "asking the nodes",
        [NODE_PUSH_COMPARING] = "comparing files in the engine",
        [NODE_PUSH_GATHERING] = "the engine's preparing of layers",
        [NODE_PUSH_PULLING] = "the nodes' pulling",
        [NODE_PUSH_SENDING] = "sending",
        [NODE_PUSH_VERIFYING] = "unpacking and verifying in the nodes",
    };
    if (phase < COUNT_OF(names))
        timings_enter(&job->timings, STAGE, names[phase]);
}

static void on_progress(void *ctx, const struct node_push_progress *progress)
{
    struct job *job = ctx;
    const char *node = progress->node ? progress->node->name : "every node";
    time_phase(job, progress->phase);
    AUTO_STR sent = num_bytes(progress->bytes);
    AUTO_STR total = num_bytes(progress->total);
    if (progress->phase == NODE_PUSH_COMPARING)
        job_tell(job, UI_PROGRESS, STAGE, -1, "comparing its files with those that the nodes have");
    else if (progress->phase == NODE_PUSH_GATHERING)
        job_tell(job, UI_PROGRESS, STAGE, -1, "the engine prepares layers that it never gave away: %s of %s", sent,
                 total);
    else if (progress->phase == NODE_PUSH_PULLING)
        job_tell(job, UI_PROGRESS, STAGE, -1, "the nodes pull it from %s", job->target->registry);
    else if (progress->phase == NODE_PUSH_SENDING)
        job_tell(job, UI_PROGRESS, STAGE, -1, "%s: %s", node, sent);
    else if (progress->phase == NODE_PUSH_VERIFYING)
        job_tell(job, UI_PROGRESS, STAGE, -1, "%s: unpacking it, asking its runtime", node);
}

static json_t *fields_of_node(const struct node_push_result *result)
{
    static const char *const outcomes[] = { [NODE_HAD_IT] = "had", [NODE_GOT_IT] = "got", [NODE_LACKS_IT] = "lacks" };
    json_t *fields = doc_object();
    doc_set_text(fields, "/node", result->node->name);
    doc_set_text(fields, "/outcome", outcomes[result->outcome]);
    doc_set(fields, "/bytes", doc_integer((int64_t)result->bytes_sent));
    return fields;
}

static void tell_node(const struct job *job, const struct node_push_result *result)
{
    AUTO_STR sent = num_bytes(result->bytes_sent);
    json_t *fields = fields_of_node(result);
    switch (result->outcome) {
    case NODE_HAD_IT:
        job_tell_with(job, UI_DETAIL, STAGE, -1, fields, "%s: has it already", result->node->name);
        return;
    case NODE_GOT_IT:
        job_tell_with(job, UI_STEP, STAGE, result->elapsed_ms, fields, "%s: %s", result->node->name,
                      result->pulled ? "pulled it" : sent);
        return;
    case NODE_LACKS_IT:
        job_tell_with(job, UI_STEP, STAGE, -1, fields, "%s: does not have it", result->node->name);
        return;
    }
}

static const char *fate(const struct node_layer *layer)
{
    if (layer->sent == layer->nodes)
        return "sent";
    if (layer->had == layer->nodes)
        return "reused: unpacked there";
    if (layer->had + layer->blob == layer->nodes)
        return "reused";
    return NULL;
}

static json_t *fields_of_layer(const struct node_layer *layer)
{
    json_t *fields = doc_object();
    doc_set_text(fields, "/layer", layer->diff_id);
    doc_set(fields, "/bytes", layer->size > 0 ? doc_integer((int64_t)layer->size) : doc_null());
    doc_set(fields, "/nodes", doc_integer((int64_t)layer->nodes));
    doc_set(fields, "/sent", doc_integer((int64_t)layer->sent));
    doc_set(fields, "/unpacked", doc_integer((int64_t)layer->had));
    return fields;
}

static void on_layer(void *ctx, const struct node_layer *layer)
{
    enum { SHOWN = 19 }; /* "sha256:" and 12 digits, as the engine shows them */
    const struct job *job = ctx;
    AUTO_STR size = layer->size > 0 ? num_bytes(layer->size) : xstrdup("size not asked");
    const char *same = fate(layer);
    json_t *fields = fields_of_layer(layer);
    if (same)
        job_tell_with(job, UI_DETAIL, STAGE, -1, fields, "layer %.*s: %s, %s", SHOWN, layer->diff_id, size, same);
    else
        job_tell_with(job, UI_DETAIL, STAGE, -1, fields, "layer %.*s: %s, sent to %zu of %zu nodes; the others have it",
                      SHOWN, layer->diff_id, size, layer->sent, layer->nodes);
}

static void on_way(void *ctx, enum node_way way, const char *why)
{
    static const char *const names[] = {
        [NODE_WAY_EXPORT] = "export", [NODE_WAY_FILES] = "files", [NODE_WAY_NO_FILES] = "layers"
    };
    json_t *fields = doc_object();
    doc_set_text(fields, "/way", names[way]);
    switch (way) {
    case NODE_WAY_EXPORT:
        job_tell_with(ctx, UI_DETAIL, STAGE, -1, fields, "the engine exports the image: %s", why);
        return;
    case NODE_WAY_FILES:
        job_tell_with(ctx, UI_DETAIL, STAGE, -1, fields, "only changed files travel, as a layer on top of %s", why);
        return;
    case NODE_WAY_NO_FILES:
        job_tell_with(ctx, UI_DETAIL, STAGE, -1, fields, "not only changed files travel: %s", why);
        return;
    }
}

static void on_no_pull(void *ctx, const struct node *node, const char *why)
{
    const struct job *job = ctx;
    job_tell(job, UI_WARNING, STAGE, -1, "%s cannot pull from %s, so it is sent: %s", node->name, job->target->registry,
             why);
}

struct turn_wait {
    struct job *job;
    bool waited;
};

static void on_turn_wait(void *ctx, int64_t holder_pid)
{
    struct turn_wait *w = ctx;
    (void)holder_pid;
    w->waited = true;
    job_tell(w->job, UI_NOTE, STAGE, -1, "waiting for another push to this cluster");
}

/* A struct node_push's take_turn. */
static struct err *take_turn(void *ctx, int *lock, bool *waited)
{
    struct job *job = ctx;
    struct turn_wait w = { job, false };
    timings_enter(&job->timings, STAGE, "waiting for other pushes");
    TRY(turn_take_nodes(job->request, job->target->cluster, clock_after(PUSH_MS), on_turn_wait, &w, lock));
    *waited = w.waited;
    return NULL;
}

static size_t count_unwritten(const struct node_push_results *results)
{
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        count += results->items[i].outcome == NODE_HAD_IT;
    return count;
}

/* What the nodes have is what the manifests are to name. */
static void adopt(struct job_image *image, struct node_push_results *results)
{
    str_set(&image->config_digest, results->config_digest);
    str_set(&image->content_name, results->content_name);
}

/* ", in registry localhost:5001"; owned. */
static char *registry_words(const struct job *job, enum registry_way way)
{
    switch (way) {
    case REGISTRY_NONE:
        break;
    case REGISTRY_HAD_IT:
    case REGISTRY_GOT_IT:
        return xasprintf(" and in registry %s", job->target->registry);
    case REGISTRY_FAILED:
        return xasprintf(", not in registry %s", job->target->registry);
    }
    return xstrdup("");
}

/* An image that came as changed files has another digest than the engine's, which both are told. */
static void tell_result(const struct job *job, const struct job_image *image, const char *built, int64_t elapsed_ms,
                        size_t nodes, bool unwritten, enum registry_way way)
{
    enum { SHOWN = 12, PREFIX = 7 /* "sha256:" */ };
    AUTO_STR same = strcmp(built, image->config_digest) == 0
                        ? xstrdup("")
                        : xasprintf(", which is %.*s sent as changed files", SHOWN, built + PREFIX);
    AUTO_STR registry = registry_words(job, way);
    json_t *fields = doc_object();
    doc_set_text(fields, "/image", image->content_name);
    doc_set_text(fields, "/digest", image->config_digest);
    doc_set_text(fields, "/built", built);
    doc_set(fields, "/nodes", doc_integer((int64_t)nodes));
    if (way == REGISTRY_HAD_IT || way == REGISTRY_GOT_IT)
        doc_set_text(fields, "/registry", job->target->registry);
    job_tell_with(job, UI_RESULT, STAGE, elapsed_ms, fields, "%s is on %zu of %zu nodes%s%s%s", image->content_name,
                  nodes, nodes, registry, same, unwritten ? ", nothing to send" : "");
}

static struct err *push_image(struct job *job, struct job_image *image)
{
    struct node_image which = { image->reference, image->config_digest, image->content_name, image->chain_id,
                                image->engine_id };
    struct node_push_results results = { 0 };
    enum registry_way way = REGISTRY_NONE;
    int64_t start = clock_ms();
    timings_enter(&job->timings, STAGE, "asking its registry");
    TRY(registry_push(job, &which, &way));
    struct node_push push = {
        .image = &which,
        .wait = { clock_after(PUSH_MS), job->request->cancel },
        .take_turn = take_turn,
        .on_progress = on_progress,
        .on_layer = on_layer,
        .on_way = on_way,
        .is_in_registry = way == REGISTRY_HAD_IT || way == REGISTRY_GOT_IT,
        .on_no_pull = on_no_pull,
        /* What a registry gets, or will, is the image as it was built: so do the nodes. */
        .helper = job->request->no_file_delta || way != REGISTRY_NONE ? NULL : job->request->helper,
        .ctx = job,
        .state_dir = job->request->state_dir,
    };
    struct err *e = node_push_image(job->engine, &job->target->nodes, &push, &results);
    for (size_t i = 0; i < results.count; i++)
        tell_node(job, &results.items[i]);
    size_t nodes = results.count, unwritten = count_unwritten(&results);
    AUTO_STR built = xstrdup(image->config_digest);
    if (!e)
        adopt(image, &results);
    node_push_results_release(&results);
    job->changed = job->changed || unwritten < nodes;
    if (!e)
        tell_result(job, image, built, clock_ms() - start, nodes, unwritten == nodes && way != REGISTRY_GOT_IT, way);
    return e;
}

struct err *job_push(struct job *job)
{
    timings_enter(&job->timings, STAGE, "asking the engine");
    struct err *e = err_state(job_find_images(job), "nothing was pushed; the nodes have what they had");
    for (size_t i = 0; !e && i < job->image_count; i++)
        e = push_image(job, &job->images[i]);
    job->pushed = !e;
    return e;
}
