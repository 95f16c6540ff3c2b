#include "flow/current_pods.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kube/mirror.h"
#include "pods/choose.h"

enum { LOOK_AGAIN_MS = 50 };

/* One workload's share. */
struct current {
    char *pod; /* NULL: none is ready */
    char *why; /* why not */
    bool told;
    size_t pods, between; /* entries of the mirror */
    bool has_between;
};

struct current_pods {
    pthread_mutex_t mutex; /* of the two texts */
    const struct pod_root *roots;
    size_t count;
    struct current *items;
    void (*on_change)(void *ctx, size_t root, const char *pod, const char *why);
    void *ctx;
};

struct current_pods *current_pods_new(const struct pod_root *roots, size_t count,
                                      void (*on_change)(void *ctx, size_t root, const char *pod, const char *why),
                                      void *ctx)
{
    struct current_pods *p = xcalloc(1, sizeof *p);
    *p = (struct current_pods){ .roots = roots, .count = count, .on_change = on_change, .ctx = ctx };
    p->items = xcalloc(count + 1, sizeof *p->items);
    pthread_mutex_init(&p->mutex, NULL);
    return p;
}

void current_pods_free(struct current_pods *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].pod);
        free(p->items[i].why);
    }
    pthread_mutex_destroy(&p->mutex);
    free(p->items);
    free(p);
}

static struct err *add_entries(struct current_pods *p, struct kube_mirror *m, size_t root)
{
    const struct kube_id id = p->roots[root].id;
    struct current *item = &p->items[root];
    const char *api_version = NULL, *between = pod_root_between(id.kind, &api_version);
    item->has_between = between != NULL;
    if (between)
        TRY(kube_mirror_add(m, api_version, between, id.namespace, &item->between));
    return kube_mirror_add(m, "v1", "Pod", id.namespace, &item->pods);
}

/* Its pod, or why there is none: of the first that is there. */
static const json_t *find_pod_of(const struct current_pods *p, const struct kube_mirror *m, size_t root, char **why)
{
    const struct current *item = &p->items[root];
    const json_t *all = kube_mirror_items(m, item->pods), *pod;
    const json_t *between = item->has_between ? kube_mirror_items(m, item->between) : NULL;
    const json_t **own = xcalloc(doc_count(all) + 1, sizeof *own);
    size_t count = 0, i;
    DOC_EACH_ITEM (all, i, pod)
        if (pod_root_of(&p->roots[root], 1, pod, &between, between ? 1 : 0))
            own[count++] = pod;
    const json_t *found = pod_newest_ready(own, count);
    *why = found ? NULL : count ? pod_why_not_ready(own[count - 1]) : xstrdup("it has none");
    free(own);
    return found;
}

static void set(struct current_pods *p, size_t root, const char *pod, const char *why)
{
    struct current *item = &p->items[root];
    pthread_mutex_lock(&p->mutex);
    bool same = item->told && str_eq(item->pod, pod);
    str_set(&item->pod, pod);
    str_set(&item->why, why);
    item->told = true;
    pthread_mutex_unlock(&p->mutex);
    if (!same)
        p->on_change(p->ctx, root, pod, why);
}

static void look(struct current_pods *p, const struct kube_mirror *m)
{
    for (size_t i = 0; i < p->count; i++) {
        AUTO_STR why = NULL;
        const json_t *pod = find_pod_of(p, m, i, &why);
        set(p, i, doc_text(pod, "/metadata/name"), why);
    }
}

struct err *current_pods_keep(struct current_pods *p, struct kube_client *c)
{
    AUTO_PTR(kube_mirror) m = NULL;
    TRY(kube_mirror_new(c, &m));
    for (size_t i = 0; i < p->count; i++)
        TRY(add_entries(p, m, i));
    for (;;) {
        look(p, m);
        TRY(kube_mirror_wait(m, CLOCK_NEVER, NULL));
    }
}

static char *pod_now(struct current_pods *p, size_t root, char **why)
{
    pthread_mutex_lock(&p->mutex);
    char *pod = xstrdup(p->items[root].pod);
    *why = xstrdup(p->items[root].why);
    pthread_mutex_unlock(&p->mutex);
    return pod;
}

struct err *current_pods_wait(struct current_pods *p, size_t root, const char *but, int64_t deadline_ms,
                              const struct cancel *cancel, char **out)
{
    for (;;) {
        AUTO_STR why = NULL;
        AUTO_STR pod = pod_now(p, root, &why);
        if (pod && !str_eq(pod, but)) {
            *out = STEAL(&pod);
            return NULL;
        }
        if (clock_ms() >= deadline_ms) {
            AUTO_STR name = kube_id_text(p->roots[root].id);
            return err_cause(err_new(RW6401_NO_READY_POD, "%s has no ready pod", name), "%s",
                             why ? why : "it goes away");
        }
        TRY(cancel_sleep(cancel, clock_earlier(clock_after(LOOK_AGAIN_MS), deadline_ms)));
    }
}
