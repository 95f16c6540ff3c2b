#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/task.h"
#include "flow/brought.h"
#include "flow/flow.h"
#include "plan/job.h"
#include "plan/live.h"
#include "pods/summary.h"
#include "release/orphans.h"
#include "rollout/state.h"

static const char STAGE[] = "status";

enum { ASK_MS = 30 * 1000 };

/* What could be found out, and why the rest could not. */
struct status {
    const struct request *request;
    struct plan plan;
    struct target target;
    struct shelves shelves;
    struct brought brought;
    struct live live;
    bool has_engine, has_nodes, has_cluster;
    struct err *errors;
};

static void status_release(struct status *s)
{
    live_release(&s->live);
    brought_release(&s->brought);
    shelves_release(&s->shelves);
    target_release(&s->target);
    plan_release(&s->plan);
    err_free(s->errors);
}

/* True: it went well. */
static bool keep_error(struct status *s, struct err *e)
{
    s->errors = err_join(s->errors, e);
    return !e;
}

/* ---------------------------------------------------------------- asking */

static struct err *ask_nodes(struct status *s)
{
    AUTO(strv) known = { 0 };
    AUTO(strv) references = { 0 };
    struct net_wait wait = { clock_after(ASK_MS), s->request->cancel };
    plan_known_references(&s->plan, &known);
    for (size_t i = 0; i < s->plan.count; i++)
        plan_add_references(s->plan.items[i].service, &references);
    TRY(shelves_open(s->target.engine, &s->target.nodes, wait, &s->shelves));
    brought_find(&s->shelves, &known, &references, &s->brought);
    return shelves_error(&s->shelves, "tell their images");
}

static struct err *ask_cluster(struct status *s)
{
    AUTO_PTR(kube_client) kube = NULL;
    TRY(target_advise(&s->target, kube_open(&s->target.kube_config, s->request->cancel, &kube)));
    return target_advise(&s->target, live_read(kube, &s->plan, &s->live));
}

/* One of those that are asked side by side. */
struct question {
    struct status *status;
    struct err *(*ask)(struct status *s);
    struct err *error; /* owned */
};

static struct err *ask_one(void *item)
{
    struct question *q = item;
    if (!q->error)
        q->error = q->ask(q->status);
    return NULL;
}

/* The API server over a connection of its own, and the nodes by execs, through the engine. To prove the cluster may
 * take the engine, so that comes first. */
static void ask_nodes_and_cluster(struct status *s)
{
    struct question questions[] = {
        { s, ask_cluster, target_prove(s->request, s->plan.workspace, &s->target) },
        { s, ask_nodes, NULL },
    };
    size_t count = s->target.foreign ? 1 : COUNT_OF(questions);
    keep_error(s, task_all(questions, count, sizeof questions[0], count, ask_one));
    bool are_told = keep_error(s, questions[1].error);
    s->has_nodes = !s->target.foreign && (are_told || s->brought.count > 0);
    s->has_cluster = keep_error(s, questions[0].error);
}

/* A Kind cluster's nodes are the engine's containers: without it nothing else of that can be asked. */
static void ask(struct status *s)
{
    struct request engine_alone = *s->request;
    engine_alone.verbs = VERB_BUILD;
    struct err *e = target_open(s->request, s->plan.workspace, &s->target);
    bool is_of_cluster = e && err_get_code(e) >= RW4001_NO_CLUSTER, is_open = keep_error(s, e);
    if (is_of_cluster) {
        e = target_open(&engine_alone, s->plan.workspace, &s->target);
        err_ignore(e, "the engine's own words stand in the first error");
    }
    s->has_engine = s->target.engine != NULL;
    if (is_open)
        ask_nodes_and_cluster(s);
}

/* ---------------------------------------------------------------- one service */

/* What should run: the engine's image, or what the nodes got for it. */
struct wanted {
    struct job job;
    struct node_delivered *delivered; /* one for each image; empty: the image itself */
    bool known;
};

static void wanted_release(struct wanted *w)
{
    for (size_t i = 0; w->delivered && i < w->job.image_count; i++)
        node_delivered_release(&w->delivered[i]);
    free(w->delivered);
    job_release(&w->job);
}

static struct err *find_delivered(struct wanted *w)
{
    const struct job *job = &w->job;
    w->delivered = xcalloc(job->image_count + 1, sizeof *w->delivered);
    for (size_t i = 0; i < job->image_count; i++) {
        bool found = false;
        const struct node_image image = { .ref = job->images[i].reference,
                                          .config_digest = job->images[i].config_digest };
        TRY(node_delivered(&job->target->nodes, job->request->state_dir, &image, &found, &w->delivered[i]));
    }
    return NULL;
}

/* w->known false: not built, or nobody can tell. */
static void find_wanted(struct status *s, struct plan_item *item, struct wanted *w)
{
    w->job = (struct job){ .request = s->request, .plan = &s->plan, .target = &s->target, .item = item };
    if (!s->has_engine)
        return;
    struct err *e = engine_again(s->target.engine, &w->job.engine);
    if (!e)
        e = job_find_images(&w->job);
    if (!e && s->has_nodes)
        e = find_delivered(w);
    w->known = !e;
    if (e && err_get_code(e) == RW4101_IMAGE_NOT_BUILT)
        err_ignore(e, "that is what the table says");
    else
        keep_error(s, e);
}

static struct rollout_image wanted_image(const struct wanted *w, size_t i)
{
    bool other = w->delivered && w->delivered[i].content_name;
    return (struct rollout_image){
        .name = other ? w->delivered[i].content_name : w->job.images[i].content_name,
        .config_digest = other ? w->delivered[i].config_digest : w->job.images[i].config_digest,
    };
}

static json_t *built_text(const struct status *s, const struct wanted *w)
{
    json_t *list = doc_array();
    for (size_t i = 0; w->known && i < w->job.image_count; i++) {
        const char *hex = strchr(w->job.images[i].config_digest, ':');
        doc_append(list, doc_string_len(hex + 1, 12));
    }
    if (!s->has_engine)
        doc_append(list, doc_string("?"));
    return list;
}

static size_t nodes_with(const struct status *s, const char *digest)
{
    for (size_t i = 0; i < s->brought.count; i++)
        if (str_eq(s->brought.items[i].digest, digest))
            return s->brought.items[i].nodes.count;
    return 0;
}

/* Of the image that the fewest have. */
static char *nodes_text(const struct status *s, const struct wanted *w)
{
    size_t least = s->target.nodes.count;
    if (s->target.foreign)
        return NULL;
    if (!s->has_nodes)
        return xstrdup("?");
    if (!w->known || w->job.image_count == 0)
        return NULL;
    for (size_t i = 0; i < w->job.image_count; i++) {
        size_t count = nodes_with(s, wanted_image(w, i).config_digest);
        least = count < least ? count : least;
    }
    return xasprintf("%zu/%zu", least, s->target.nodes.count);
}

struct running {
    size_t newest, older;
};

/* Its own, or a content name of it. */
static bool is_name_of(const char *image, const char *reference)
{
    size_t len = strlen(reference);
    return str_starts(image, reference) && (image[len] == '\0' || image[len] == '-');
}

static void count_container(const struct wanted *w, const json_t *container, const json_t *status, struct running *out)
{
    const char *image = doc_text(container, "/image"), *id = doc_text(status, "/imageID");
    for (size_t i = 0; w->known && image && id && *id && i < w->job.image_count; i++) {
        struct rollout_image wanted = wanted_image(w, i);
        if (!is_name_of(image, w->job.images[i].reference))
            continue;
        if (rollout_runs_image(&wanted, id, image))
            out->newest++;
        else
            out->older++;
    }
}

static void count_pod(const struct wanted *w, const json_t *pod, struct running *out)
{
    size_t i;
    const json_t *container;
    DOC_EACH_ITEM (doc_get(pod, "/spec/containers"), i, container)
        count_container(w, container,
                        doc_find(doc_get(pod, "/status/containerStatuses"), "/name", doc_text(container, "/name")),
                        out);
}

static const char *runs_text(const struct status *s, const struct wanted *w, const struct running *r)
{
    if (!s->has_cluster)
        return "?";
    if (!w->known || w->job.image_count == 0 || r->newest + r->older == 0)
        return NULL;
    return r->older == 0 ? "newest" : r->newest == 0 ? "older" : "newest and older";
}

static void summarise(const struct status *s, const char *service, const struct wanted *w, struct pod_summary *summary,
                      struct running *running)
{
    size_t i;
    const json_t *object;
    DOC_EACH_ITEM (s->live.workloads, i, object)
        if (str_eq(s->live.roots.items[i].service, service))
            pod_summary_add_workload(summary, object);
    DOC_EACH_ITEM (s->live.pods, i, object) {
        if (!str_eq(live_service_of_pod(&s->live, object), service))
            continue;
        pod_summary_add_pod(summary, object);
        count_pod(w, object, running);
    }
}

static char *age_text(int64_t age_s)
{
    if (age_s < 120)
        return xasprintf("%" PRId64 " s", age_s);
    if (age_s < 2 * 60 * 60)
        return xasprintf("%" PRId64 " min", age_s / 60);
    return age_s < 48 * 60 * 60 ? xasprintf("%" PRId64 " h", age_s / 3600) : xasprintf("%" PRId64 " d", age_s / 86400);
}

/* "0/?": how many a DaemonSet wants is known once it is in the cluster. */
static char *pods_text(const struct pod_summary *summary)
{
    return summary->unknown ? xasprintf("%" PRId64 "/?", summary->ready)
                            : xasprintf("%" PRId64 "/%" PRId64, summary->ready, summary->wanted);
}

static void add_pods(const struct status *s, json_t *row, const struct pod_summary *summary)
{
    AUTO_STR pods = pods_text(summary);
    AUTO_STR restarts = xasprintf("%" PRId64, summary->restarts);
    int64_t age_s = summary->newest_s ? clock_wall_s() - summary->newest_s : -1;
    AUTO_STR age = summary->newest_s ? age_text(age_s > 0 ? age_s : 0) : NULL;
    doc_set_text(row, "/pods", s->has_cluster ? pods : "?");
    doc_set_text(row, "/restarts", s->has_cluster ? restarts : "?");
    doc_set_text(row, "/age", age);
    doc_set_text(row, "/trouble", summary->trouble);
    if (!s->has_cluster)
        return;
    doc_set(row, "/ready", doc_integer(summary->ready));
    doc_set(row, "/wanted", summary->unknown ? doc_null() : doc_integer(summary->wanted));
    doc_set(row, "/restart_count", doc_integer(summary->restarts));
    if (age_s >= 0)
        doc_set(row, "/age_s", doc_integer(age_s));
}

static json_t *row_of(struct status *s, struct plan_item *item)
{
    AUTO(wanted) w = { 0 };
    AUTO(pod_summary) summary = { 0 };
    struct running running = { 0 };
    json_t *row = doc_object();
    find_wanted(s, item, &w);
    if (s->has_cluster)
        summarise(s, item->service->name, &w, &summary, &running);
    AUTO_STR nodes = nodes_text(s, &w);
    doc_set_text(row, "/service", item->service->name);
    doc_set(row, "/built", built_text(s, &w));
    doc_set_text(row, "/nodes", nodes);
    doc_set_text(row, "/runs", runs_text(s, &w, &running));
    add_pods(s, row, &summary);
    return row;
}

/* ---------------------------------------------------------------- all of them */

static void show(struct status *s)
{
    static const struct ui_column columns[] = {
        { "SERVICE", "service", NULL }, { "BUILT", "built", NULL },          { "ON NODES", "nodes", NULL },
        { "RUNS", "runs", NULL },       { "READY", "pods", NULL },           { "RESTARTS", "restarts", NULL },
        { "AGE", "age", NULL },         { "LAST FAILURE", "trouble", NULL },
    };
    DOC_AUTO rows = doc_array();
    for (size_t i = 0; i < s->plan.count; i++)
        doc_append(rows, row_of(s, &s->plan.items[i]));
    ui_table(s->request->ui, "service", columns, COUNT_OF(columns), rows);
}

static void show_disk(const struct status *s)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->brought.count; i++)
        bytes += s->brought.items[i].size * s->brought.items[i].nodes.count;
    AUTO_STR text = num_bytes(bytes);
    DOC_AUTO fields = doc_object();
    doc_set(fields, "/images", doc_integer((int64_t)s->brought.count));
    doc_set(fields, "/bytes", doc_integer((int64_t)bytes));
    const struct ui_event event = { UI_STEP, NULL, STAGE, -1, fields };
    if (s->has_nodes)
        ui_tell(s->request->ui, &event,
                "%zu image%s of these services on the nodes, %s, shared layers counted each time", s->brought.count,
                s->brought.count == 1 ? "" : "s", text);
}

struct err *flow_status(const struct request *request)
{
    AUTO(status) s = { .request = request };
    TRY(err_state(plan_make(request, &s.plan), "nothing was changed"));
    ask(&s);
    if (!cancel_requested(request->cancel)) {
        show(&s);
        show_disk(&s);
        if (s.has_cluster)
            orphans_tell(request, STAGE, &s.target, s.plan.workspace);
    }
    struct err *e = err_state(STEAL(&s.errors), "nothing was changed");
    return err_state_add(e, "what else could be found out is shown");
}
