#include "base/task.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct queue {
    pthread_mutex_t mutex;
    char *items;
    size_t count;
    size_t size;
    size_t next;
    struct err *(*run)(void *item);
    struct err **results;
};

static bool take(struct queue *q, size_t *index)
{
    pthread_mutex_lock(&q->mutex);
    bool taken = q->next < q->count;
    if (taken)
        *index = q->next++;
    pthread_mutex_unlock(&q->mutex);
    return taken;
}

static void *work(void *arg)
{
    struct queue *q = arg;
    size_t index;
    while (take(q, &index))
        q->results[index] = q->run(q->items + index * q->size);
    return NULL;
}

static struct err *join_results(struct queue *q)
{
    struct err *chain = NULL;
    for (size_t i = 0; i < q->count; i++)
        chain = err_join(chain, q->results[i]);
    free(q->results);
    return chain;
}

/* The calling thread works, too: where no thread can be made, everything still runs, one by one. */
struct err *task_all(void *items, size_t count, size_t size, size_t width, struct err *(*run)(void *item))
{
    struct queue q = { .items = items, .count = count, .size = size, .run = run };
    q.results = xcalloc(count, sizeof(struct err *));
    pthread_mutex_init(&q.mutex, NULL);
    size_t wanted = (width && width < count ? width : count), started = 0;
    pthread_t *threads = xcalloc(wanted, sizeof *threads);
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, &q) == 0)
        started++;
    work(&q);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    pthread_mutex_destroy(&q.mutex);
    return join_results(&q);
}
