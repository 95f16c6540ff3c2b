#include "kube/crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/task.h"

struct queue {
    pthread_mutex_t mutex; /* over next and ended_by */
    const struct kube_crew *work;
    size_t next;
    enum err_code ended_by; /* 0: goes on */
    struct err **results;
};

struct worker {
    struct queue *queue;
    struct kube_client *client; /* the first worker's is the caller's */
};

static bool meets_all(enum err_code code)
{
    switch ((int)code) {
    case RW9009_INTERRUPTED:
    case RW9007_DEADLINE:
    case RW5101_KUBECONFIG:
    case RW5102_WRONG_CLUSTER:
    case RW5103_CLUSTER_UNREACHABLE:
    case RW5106_CREDENTIAL_PLUGIN:
        return true;
    default:
        return false;
    }
}

bool kube_meets_all(const struct err *e)
{
    for (; e; e = err_sibling(e))
        if (meets_all(err_get_code(e)))
            return true;
    return false;
}

static bool take(struct queue *q, size_t *index)
{
    pthread_mutex_lock(&q->mutex);
    bool taken = !q->ended_by && q->next < q->work->count;
    if (taken)
        *index = q->next++;
    pthread_mutex_unlock(&q->mutex);
    return taken;
}

/* What several were met by is told by the one that was first to be met. */
static void keep(struct queue *q, size_t index, struct err *e)
{
    pthread_mutex_lock(&q->mutex);
    enum err_code code = e ? err_get_code(e) : 0;
    bool told = code && code == q->ended_by && meets_all(code);
    if (told)
        err_ignore(e, "it is told once");
    else
        q->results[index] = e;
    if (code && !q->ended_by && (q->work->stops || meets_all(code)))
        q->ended_by = code;
    pthread_mutex_unlock(&q->mutex);
}

static struct err *run_worker(void *item)
{
    struct worker *w = item;
    const struct kube_crew *work = w->queue->work;
    size_t index;
    while (take(w->queue, &index))
        keep(w->queue, index, work->run(w->client, (char *)work->items + index * work->size));
    return NULL;
}

static size_t size_of_crew(size_t count)
{
    size_t wanted = (count + KUBE_CREW_SHARE - 1) / KUBE_CREW_SHARE;
    return wanted < KUBE_CREW ? wanted : KUBE_CREW;
}

struct err *kube_crew(struct kube_client *c, const struct kube_crew *work)
{
    struct queue q = { .work = work };
    struct worker workers[KUBE_CREW];
    size_t count = size_of_crew(work->count);
    pthread_mutex_init(&q.mutex, NULL);
    q.results = xcalloc(work->count + 1, sizeof(struct err *));
    for (size_t i = 0; i < count; i++)
        workers[i] = (struct worker){ &q, i == 0 ? c : kube_again(c) };
    struct err *errors = task_all(workers, count, sizeof workers[0], count, run_worker);
    for (size_t i = 1; i < count; i++)
        kube_client_free(workers[i].client);
    for (size_t i = 0; i < work->count; i++)
        errors = err_join(errors, q.results[i]);
    free(q.results);
    pthread_mutex_destroy(&q.mutex);
    return errors;
}
