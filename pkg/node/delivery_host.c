#include "node/delivery_host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct delivery_host {
    struct oci_host host;
    struct delivery *delivery;
    pthread_mutex_t stream; /* over the archive; taken before lock, and kept while a blob streams */
    pthread_mutex_t lock;   /* over the rest of the delivery, for short */
    char streaming[DIGEST_ROOM];
};

static void lock_both(struct delivery_host *h)
{
    pthread_mutex_lock(&h->stream);
    pthread_mutex_lock(&h->lock);
}

static bool has(void *ctx, const char *digest, const char *accept, uint64_t *size)
{
    struct delivery_host *h = ctx;
    pthread_mutex_lock(&h->lock);
    bool there = delivery_tells(h->delivery, digest, accept, size);
    pthread_mutex_unlock(&h->lock);
    return there;
}

static struct err *stream(void *ctx, const char *digest, uint64_t size, bool *streams)
{
    struct delivery_host *h = ctx;
    lock_both(h); /* the first of them until end(), when it streams */
    memcpy(h->streaming, digest, DIGEST_ROOM);
    struct err *e = delivery_begin(h->delivery, digest, size, streams);
    if (e && *streams)
        delivery_end(h->delivery, NULL);
    *streams = *streams && !e;
    pthread_mutex_unlock(&h->lock);
    if (!*streams)
        pthread_mutex_unlock(&h->stream);
    return e;
}

static struct err *write_bytes(void *ctx, const void *bytes, size_t len)
{
    const struct delivery_host *h = ctx;
    return delivery_add(h->delivery, bytes, len);
}

static struct err *end(void *ctx, bool whole)
{
    struct delivery_host *h = ctx;
    pthread_mutex_lock(&h->lock);
    delivery_end(h->delivery, whole ? h->streaming : NULL);
    pthread_mutex_unlock(&h->lock);
    pthread_mutex_unlock(&h->stream);
    return NULL;
}

static struct err *keep(void *ctx, const char *digest, struct spool *blob_steal)
{
    struct delivery_host *h = ctx;
    lock_both(h);
    struct err *e = delivery_keep(h->delivery, digest, blob_steal);
    pthread_mutex_unlock(&h->lock);
    pthread_mutex_unlock(&h->stream);
    return e;
}

static struct err *take_manifest(void *ctx, const char *media_type, const char *digest, const char *bytes, size_t len)
{
    struct delivery_host *h = ctx;
    (void)digest;
    pthread_mutex_lock(&h->lock);
    struct err *e = delivery_manifest(h->delivery, media_type, bytes, len);
    pthread_mutex_unlock(&h->lock);
    return e;
}

struct delivery_host *delivery_host_new(struct delivery *d, const char *spool_dir)
{
    struct delivery_host *h = xcalloc(1, sizeof *h);
    h->delivery = d;
    h->host = (struct oci_host){ .ctx = h,
                                 .spool_dir = spool_dir,
                                 .budget = delivery_budget(d),
                                 .has = has,
                                 .stream = stream,
                                 .write = write_bytes,
                                 .end = end,
                                 .keep = keep,
                                 .manifest = take_manifest };
    pthread_mutex_init(&h->stream, NULL);
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void delivery_host_free(struct delivery_host *h)
{
    if (!h)
        return;
    pthread_mutex_destroy(&h->stream);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

const struct oci_host *delivery_host_of(const struct delivery_host *h)
{
    return &h->host;
}
