#include "pods/follow.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kube/mirror.h"
#include "pods/container.h"

enum { LOOK_MS = 500 }; /* whether anybody still wants more is looked at this often */

struct follower {
    struct kube_client *client;
    const struct pod_root *roots;
    size_t root_count;
    const struct log_follow *how;
    struct kube_mirror *mirror;
    size_t *pods, *between; /* entries of the mirror, one for each namespace that has such */
    size_t pod_count, between_count;
    uint64_t seen; /* changes of the mirror */
    struct container **containers;
    size_t count;
    size_t found; /* containers that had something to read */
    bool begun;
    struct merge merge;
};

static void follower_release(struct follower *f)
{
    for (size_t i = 0; i < f->count; i++)
        container_free(f->containers[i], &f->merge);
    free(f->containers);
    free(f->pods);
    free(f->between);
    kube_mirror_free(f->mirror);
}

static bool has(const size_t *entries, size_t count, size_t entry)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i] == entry)
            return true;
    return false;
}

static struct err *add_entry(struct follower *f, const char *api_version, const char *kind, const char *namespace,
                             size_t *entries, size_t *count)
{
    size_t entry;
    TRY(kube_mirror_add(f->mirror, api_version, kind, namespace, &entry));
    if (!has(entries, *count, entry))
        entries[(*count)++] = entry;
    return NULL;
}

static struct err *add_entries(struct follower *f)
{
    f->pods = xcalloc(f->root_count + 1, sizeof *f->pods);
    f->between = xcalloc(f->root_count + 1, sizeof *f->between);
    for (size_t i = 0; i < f->root_count; i++) {
        struct kube_id id = f->roots[i].id;
        const char *api_version = NULL, *between = pod_root_between(id.kind, &api_version);
        if (between)
            TRY(add_entry(f, api_version, between, id.namespace, f->between, &f->between_count));
        TRY(add_entry(f, "v1", "Pod", id.namespace, f->pods, &f->pod_count));
    }
    return NULL;
}

/* ---------------------------------------------------------------- the containers that are there */

static struct container *find_container(const struct follower *f, const char *pod_uid, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (str_eq(f->containers[i]->pod_uid, pod_uid) && str_eq(f->containers[i]->name, name))
            return f->containers[i];
    return NULL;
}

static struct container *add_container(struct follower *f, const struct pod_root *root, const json_t *pod,
                                       const char *name)
{
    struct container *c = container_new(f->client, f->how, root, pod, name);
    f->containers = xrealloc(f->containers, f->count + 1, sizeof(struct container *));
    f->containers[f->count++] = c;
    return c;
}

/* Of a container that is there at the beginning its last instance is read, of all others everything. */
static void see_container(struct follower *f, const struct pod_root *root, const json_t *pod, const char *name)
{
    struct container *c = find_container(f, doc_text(pod, "/metadata/uid"), name);
    bool is_new = !c;
    if (is_new)
        c = add_container(f, root, pod, name);
    c->gone = false;
    c->final = str_eq(doc_text(pod, "/status/phase"), "Succeeded") || str_eq(doc_text(pod, "/status/phase"), "Failed");
    log_instances_read(pod, name, &c->now);
    if (!is_new || f->begun)
        return;
    c->done = c->now.current > 0 ? c->now.current : 0;
    c->tail = f->how->tail;
    f->found += c->now.current >= 0;
}

static void see_pod(struct follower *f, const json_t *pod, const json_t *const *between)
{
    static const char *const lists[] = { "/spec/initContainers", "/spec/containers" };
    const struct pod_root *root = pod_root_of(f->roots, f->root_count, pod, between, f->between_count);
    for (size_t l = 0; root && l < COUNT_OF(lists); l++) {
        size_t i;
        const json_t *container;
        DOC_EACH_ITEM (doc_get(pod, lists[l]), i, container)
            see_container(f, root, pod, doc_text(container, "/name"));
    }
}

static void look(struct follower *f)
{
    const json_t **between = xcalloc(f->between_count + 1, sizeof *between);
    for (size_t i = 0; i < f->between_count; i++)
        between[i] = kube_mirror_items(f->mirror, f->between[i]);
    for (size_t i = 0; i < f->count; i++) {
        f->containers[i]->gone = true;
        f->containers[i]->now.end = f->containers[i]->now.previous_end = NULL;
    }
    for (size_t p = 0; p < f->pod_count; p++) {
        size_t i;
        const json_t *pod;
        DOC_EACH_ITEM (kube_mirror_items(f->mirror, f->pods[p]), i, pod)
            see_pod(f, pod, between);
    }
    free(between);
    f->begun = true;
    f->seen = kube_mirror_changes(f->mirror);
}

/* ---------------------------------------------------------------- lines */

static void give(const struct follower *f, const struct merge_line *line)
{
    const struct container *c = line->tag;
    const char *space = line->mark ? NULL : memchr(line->text, ' ', line->len);
    size_t stamp = space ? (size_t)(space - line->text) : 0;
    AUTO_STR time = xstrndup(line->text, stamp);
    size_t from = space ? stamp + 1 : 0;
    struct log_line out = {
        c->root, c->pod, c->name, time, line->text + from, line->len - from, line->cut,
    };
    (line->mark ? f->how->on_mark : f->how->on_line)(f->how->ctx, &out);
}

/* All that is due; *next_ms becomes the time of what is not. */
static void give_due(struct follower *f, int64_t *next_ms)
{
    int64_t due_ms;
    struct merge_line *line;
    while ((line = merge_take(&f->merge, clock_ms(), &due_ms)) != NULL) {
        give(f, line);
        container_taken(line->tag);
        free(line);
    }
    *next_ms = clock_earlier(*next_ms, due_ms);
}

/* What still waits for older lines, of which none will come: it was read, so it is shown. */
static void give_rest(struct follower *f)
{
    int64_t due_ms;
    struct merge_line *line;
    while ((line = merge_take(&f->merge, CLOCK_NEVER, &due_ms)) != NULL) {
        give(f, line);
        free(line);
    }
}

static struct err *step_all(struct follower *f, int64_t *next_ms, bool *all_over)
{
    size_t kept = 0;
    struct err *errors = NULL;
    *all_over = true;
    for (size_t i = 0; i < f->count; i++) {
        struct container *c = f->containers[i];
        errors = err_join(errors, container_step(c, &f->merge, next_ms));
        *all_over = *all_over && container_is_over(c);
        if (c->gone && container_is_over(c))
            container_free(c, &f->merge);
        else
            f->containers[kept++] = c;
    }
    f->count = kept;
    return errors;
}

static bool is_read(const struct follower *f)
{
    bool all = f->count > 0;
    for (size_t i = 0; i < f->count; i++)
        all = all && container_is_read(f->containers[i]);
    return all;
}

/* True: the caller knows that no pod will start, and what those that are there had to say was said. */
static bool has_ended(const struct follower *f, int64_t *next_ms)
{
    int64_t by_ms = f->how->ends_by ? f->how->ends_by(f->how->ctx) : CLOCK_NEVER;
    *next_ms = clock_earlier(*next_ms, by_ms);
    return by_ms != CLOCK_NEVER && (is_read(f) || clock_ms() >= by_ms);
}

static struct err *follow(struct follower *f)
{
    for (;;) {
        int64_t next_ms = clock_after(LOOK_MS);
        bool all_over;
        TRY(cancel_check(f->how->cancel));
        if (!f->begun || kube_mirror_changes(f->mirror) != f->seen)
            look(f);
        TRY(step_all(f, &next_ms, &all_over));
        give_due(f, &next_ms);
        if (all_over && !f->how->follow)
            return NULL;
        if ((f->how->is_done && f->how->is_done(f->how->ctx)) || has_ended(f, &next_ms))
            return NULL;
        TRY(kube_mirror_wait(f->mirror, next_ms, NULL));
    }
}

struct err *log_follow(struct kube_client *c, const struct pod_root *roots, size_t count, const struct log_follow *how,
                       size_t *containers)
{
    AUTO(follower) f = { .client = c, .roots = roots, .root_count = count, .how = how };
    TRY(kube_mirror_new(c, &f.mirror));
    TRY(add_entries(&f));
    struct err *e = follow(&f);
    give_rest(&f);
    *containers = f.found;
    return e;
}
