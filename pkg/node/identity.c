#include "node/identity.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "node/export.h"
#include "node/harvest.h"
#include "oci/image.h"

enum { HELD_BYTES = 1024 * 1024, CONFIG_BYTES = 4 * 1024 * 1024 };

/* A push of which only the configuration is wanted. */
struct query {
    const struct strv *diff_ids;
    pthread_mutex_t lock; /* over digest */
    char digest[DIGEST_ROOM];
};

static bool has(void *ctx, const char *digest, const char *accept, uint64_t *size)
{
    (void)ctx, (void)digest, (void)size;
    return !oci_names_config(accept);
}

static struct err *stream(void *ctx, const char *digest, uint64_t size, bool *streams)
{
    (void)ctx, (void)digest, (void)size;
    *streams = false;
    return NULL;
}

static struct err *never(void *ctx, const void *bytes, size_t len)
{
    (void)ctx, (void)bytes, (void)len;
    BUG("nothing streams here");
}

static struct err *never_ends(void *ctx, bool whole)
{
    (void)ctx, (void)whole;
    BUG("nothing streams here");
}

/* Of an index's configurations the one with the layers that the engine tells of the image. */
static struct err *keep(void *ctx, const char *digest, struct spool *blob_steal)
{
    struct query *q = ctx;
    AUTO_PTR(spool) blob = blob_steal;
    AUTO(buf) text = BUF_INIT(CONFIG_BYTES);
    AUTO(strv) diff_ids = { 0 };
    TRY(spool_read(blob, &text));
    TRY(oci_config_diff_ids(buf_text(&text), text.len, &diff_ids));
    if (!strv_equal(&diff_ids, q->diff_ids))
        return NULL;
    pthread_mutex_lock(&q->lock);
    memcpy(q->digest, digest, DIGEST_ROOM);
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

static struct err *pass_over(void *ctx, const char *media_type, const char *digest, const char *bytes, size_t len)
{
    (void)ctx, (void)media_type, (void)digest, (void)bytes, (void)len;
    return NULL;
}

/* *out NULL: the engine did not push it to us. */
static struct err *ask_by_push(struct engine *e, const struct engine_image *image, const char *state_dir,
                               struct net_wait wait, char **out)
{
    struct query q = { .diff_ids = &image->diff_ids };
    struct spool_budget budget;
    const struct oci_host host = { .ctx = &q,
                                   .spool_dir = state_dir,
                                   .budget = &budget,
                                   .has = has,
                                   .stream = stream,
                                   .write = never,
                                   .end = never_ends,
                                   .keep = keep,
                                   .manifest = pass_over };
    bool met = false;
    atomic_init(&budget.left, HELD_BYTES);
    pthread_mutex_init(&q.lock, NULL);
    const struct harvest h = { .image_id = image->id, .host = &host, .state_dir = state_dir, .wait = wait };
    struct err *failed = harvest(e, &h, &met);
    pthread_mutex_destroy(&q.lock);
    if (failed && err_get_code(failed) != RW4203_PUSH_FAILED)
        return failed;
    err_ignore(failed, "there is another way, which takes longer");
    *out = *q.digest ? xstrdup(q.digest) : NULL;
    return NULL;
}

static struct err *top_chain(const struct engine_image *image, char **out)
{
    AUTO(strv) chains = { 0 };
    TRY(oci_chain_ids(&image->diff_ids, &chains));
    *out = chains.count > 0 ? xstrdup(chains.items[chains.count - 1]) : NULL;
    return NULL;
}

/* An engine that tells about itself runs other programs first, which takes longer than all else that is asked. */
static struct err *has_containerd_store(struct engine *e, const struct engine_image *image, struct net_wait wait,
                                        bool *out)
{
    AUTO(engine_info) info = { 0 };
    *out = false;
    if (image->classic_store)
        return NULL;
    TRY(engine_info(e, wait, &info));
    *out = info.containerd_store;
    return NULL;
}

/* By the id: the name may have moved on. */
static struct err *find_digest(struct engine *e, const struct engine_image *image, const char *state_dir,
                               struct net_wait wait, char **digest)
{
    bool containerd_store = false;
    TRY(has_containerd_store(e, image, wait, &containerd_store));
    if (!containerd_store) {
        *digest = xstrdup(image->id);
        return NULL;
    }
    TRY(ask_by_push(e, image, state_dir, wait, digest));
    return *digest ? NULL : export_config_digest(e, image->id, wait, digest);
}

void node_identity_release(struct node_identity *i)
{
    free(i->engine_id);
    free(i->config_digest);
    free(i->chain_id);
    *i = (struct node_identity){ 0 };
}

struct err *node_image_identity(struct engine *e, const char *ref, const char *state_dir, struct net_wait wait,
                                struct node_identity *out)
{
    AUTO(engine_image) image = { 0 };
    bool found = false;
    TRY(engine_image_inspect(e, ref, wait, &found, &image));
    if (!found)
        return err_state(err_new(RW4101_IMAGE_NOT_BUILT, "the engine has no image %s", ref), "no node was changed");
    out->engine_id = xstrdup(image.id);
    TRY(find_digest(e, &image, state_dir, wait, &out->config_digest));
    return top_chain(&image, &out->chain_id);
}

static struct err *has_moved(const struct node_image *image, const char *expected, const char *found)
{
    struct err *e = err_new(RW4202_IMAGE_MISMATCH, "%s is another image by now", image->ref);
    return err_cause(e, "expected %s, got %s: was it built again meanwhile?", expected, found);
}

/* Of the classic store the id is the config digest, of the containerd store it never is. */
struct err *node_image_look(struct engine *e, const struct node_image *image, struct net_wait wait,
                            struct engine_image *out, bool *containerd_store)
{
    bool found = false;
    *containerd_store = false;
    TRY(engine_image_inspect(e, image->ref, wait, &found, out));
    if (!found)
        return err_new(RW4101_IMAGE_NOT_BUILT, "the engine has no image %s", image->ref);
    if (image->engine_id && strcmp(out->id, image->engine_id) != 0)
        return has_moved(image, image->engine_id, out->id);
    if (strcmp(out->id, image->config_digest) == 0)
        return NULL;
    TRY(has_containerd_store(e, out, wait, containerd_store));
    return *containerd_store ? NULL : has_moved(image, image->config_digest, out->id);
}
