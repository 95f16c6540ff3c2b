#include "node/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/entropy.h"
#include "engine/build.h"
#include "engine/image.h"
#include "engine/push.h"
#include "node/leftover.h"
#include "tar/tar.h"

enum { CLEAN_MS = 10000 };

/* An engine that asks a registry for a name before it looks at its own images finds nobody there. */
static const char NOWHERE[] = "127.0.0.1:1/rwml-compare";

#define PLACE "/.rwml" /* in the new image, for the time of the step */
#define HELPER "rwml-delta"
#define LAYER "layer"

/* A name in the engine for the time of the comparison. */
struct name {
    char *text;
    struct leftover leftover;
};

struct names {
    struct name old, new, layer;
};

static void name_release(struct name *n)
{
    free(n->text);
    leftover_release(&n->leftover);
}

static void names_release(struct names *n)
{
    name_release(&n->old);
    name_release(&n->new);
    name_release(&n->layer);
}

void compared_release(struct compared *c)
{
    spool_free(c->layer);
    *c = (struct compared){ 0 };
}

static struct err *note(const struct compare *c, const char *nonce, const char *what, struct name *out)
{
    out->text = xasprintf("%s/%s:%s", NOWHERE, nonce, what);
    return leftover_note(c->state_dir, out->text, &out->leftover);
}

static struct err *note_names(const struct compare *c, struct names *out)
{
    char nonce[ENTROPY_HEX_ROOM];
    TRY(entropy_hex(nonce));
    TRY(note(c, nonce, "old", &out->old));
    TRY(note(c, nonce, "new", &out->new));
    return note(c, nonce, "layer", &out->layer);
}

static struct err *remove_name(struct engine *e, struct name *n)
{
    struct net_wait surely = { .deadline_ms = clock_after(CLEAN_MS) }; /* also after an interruption */
    TRY(engine_image_unname(e, n->text, surely));
    return leftover_forget(&n->leftover);
}

static void remove_names(struct engine *e, struct names *n)
{
    struct name *all[] = { &n->layer, &n->new, &n->old };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i]->text)
            err_ignore(remove_name(e, all[i]), "the next push tries it again, by the note");
}

/* The build's context. */

struct text {
    const char *at;
    size_t left;
};

/* A struct engine_build's pull. */
static struct err *pull_text(void *ctx, void *to, size_t room, size_t *len)
{
    struct text *t = ctx;
    *len = room < t->left ? room : t->left;
    memcpy(to, t->at, *len);
    t->at += *len;
    t->left -= *len;
    return NULL;
}

static struct err *add_file(struct tar_writer *w, const char *name, uint32_t mode, const void *bytes, size_t len)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = mode, .size = len };
    TRY(tar_add_entry(w, &entry));
    return tar_add_data(w, bytes, len);
}

/* BuildKit reads and hashes all files of an image that a step mounts, to know whether it may reuse the step's
 * result, but not of one that the step runs in (solver/llbsolver/ops, ExecOp's NoContentBasedHash). So the
 * step runs in the new image, and of the old one the hash is kept from the first time. Both are mounted
 * besides, since a step finds files of its own in /etc, /proc and /sys. */
static struct err *write_context(const struct compare *c, const struct names *n, struct buf *out)
{
    AUTO_PTR(tar_writer) w = NULL;
    AUTO_STR dockerfile = xasprintf("FROM %s AS compare\n"
                                    "USER 0:0\n" /* with the group, else an /etc/passwd is wanted */
                                    "RUN --mount=type=bind,from=%s,target=" PLACE "/old "
                                    "--mount=type=bind,from=%s,target=" PLACE "/new "
                                    "--mount=type=bind,target=" PLACE "/helper "
                                    "[\"" PLACE "/helper/" HELPER "\", \"" PLACE "/old\", \"" PLACE "/new\", "
                                    "\"" PLACE "/" LAYER "\"]\n"
                                    "FROM scratch\n"
                                    "COPY --from=compare " PLACE "/" LAYER " /\n",
                                    n->new.text, n->old.text, n->new.text);
    TRY(tar_writer_new(out, &w));
    TRY(add_file(w, "Dockerfile", 0644, dockerfile, strlen(dockerfile)));
    TRY(add_file(w, HELPER, 0755, c->helper, c->helper_len));
    return tar_finish(w);
}

static struct err *build(struct engine *e, const struct compare *c, const struct names *n, char **image_id)
{
    AUTO(buf) context = BUF_INIT(SIZE_MAX);
    TRY(engine_image_name(e, c->old_id, n->old.text, c->wait));
    TRY(engine_image_name(e, c->new_id, n->new.text, c->wait));
    TRY(write_context(c, n, &context));
    struct text text = { context.bytes, context.len };
    const struct engine_build how = {
        .tag = n->layer.text, .no_network = true, .pull = pull_text, .pull_ctx = &text, .wait = c->wait
    };
    return engine_build(e, &how, image_id);
}

/* The layer's file, out of the answer's layer, whose digest the engine has told. */

struct answer {
    struct tar_plain *plain;
    struct digest_sha256 *digest;
};

/* A struct tar_reader's pull. */
static struct err *pull_answer(void *ctx, const void **bytes, size_t *len)
{
    struct answer *a = ctx;
    TRY(tar_plain_read(a->plain, bytes, len));
    digest_sha256_update(a->digest, *bytes, *len);
    return NULL;
}

static struct err *incomplete(const char *why)
{
    return err_cause(err_new(RW4201_IMAGE_STREAM, "what the engine found to differ cannot be used"), "%s", why);
}

static struct err *take_file(struct tar_reader *reader, struct compared *out)
{
    enum { PIECE = 64 * 1024 };
    AUTO(digest_sha256) digest = { 0 };
    AUTO_STR piece = xcalloc(PIECE, 1);
    size_t len = 1;
    TRY(digest_sha256_init(&digest));
    while (len > 0) {
        TRY(tar_read_data(reader, piece, PIECE, &len));
        digest_sha256_update(&digest, piece, len);
        TRY(spool_add(out->layer, piece, len));
    }
    digest_sha256_final(&digest, out->diff_id);
    return NULL;
}

static struct err *read_files(struct answer *a, struct compared *out)
{
    AUTO_PTR(tar_reader) reader = NULL;
    struct tar_entry entry;
    bool found = false;
    TRY(tar_reader_new(pull_answer, a, &reader));
    for (bool more = true; more;) {
        TRY(tar_read_next(reader, &entry, &more));
        if (!more || found || entry.kind != TAR_FILE || strcmp(entry.name, LAYER) != 0)
            continue;
        TRY(take_file(reader, out));
        found = true;
    }
    return found ? NULL : incomplete("the helper's file is not there");
}

static struct err *read_answer(struct engine *e, const struct compare *c, const char *image_id, struct compared *out)
{
    AUTO(engine_image) image = { 0 };
    AUTO_PTR(engine_layer) layer = NULL;
    AUTO_PTR(tar_plain) plain = NULL;
    AUTO(digest_sha256) digest = { 0 };
    char diff_id[DIGEST_ROOM];
    bool found = false;
    TRY(engine_image_inspect(e, image_id, c->wait, &found, &image));
    if (!found || image.diff_ids.count != 1)
        return incomplete("the engine's answer is no image of one layer");
    TRY(engine_image_layer(e, image_id, c->wait, &layer));
    TRY(tar_plain_new(engine_layer_read, layer, &plain));
    TRY(digest_sha256_init(&digest));
    struct answer answer = { plain, &digest };
    TRY(read_files(&answer, out));
    digest_sha256_final(&digest, diff_id);
    return strcmp(diff_id, image.diff_ids.items[0]) == 0 ? NULL : incomplete("its digest is another one");
}

/* Of "[compare 2/2] RUN …: executor failed running [/.rwml/… /.rwml/layer]: exit code: 7" the end: the step is
 * ours. What the helper said itself, if anything, says most. */
static struct err *say_shortly(struct err *e)
{
    const char *cause = err_get_cause(e), *words = cause, *detail = err_get_detail(e);
    if (err_get_code(e) != RW3201_BUILD_FAILED)
        return e;
    for (const char *at = cause; at && (at = strstr(at, "]: ")); words = at)
        at += strlen("]: ");
    AUTO_STR why = xstrdup(detail && *detail ? detail : words);
    err_ignore(e, "the new one says the same");
    return err_cause(err_new(RW3201_BUILD_FAILED, "the engine could not compare the images"), "%s", why);
}

static struct err *compare(struct engine *e, const struct compare *c, const struct names *n, struct compared *out)
{
    AUTO_STR image_id = NULL;
    struct err *failed = build(e, c, n, &image_id);
    if (failed)
        return say_shortly(failed);
    return read_answer(e, c, image_id, out);
}

struct err *compare_images(struct engine *e, const struct compare *c, struct spool_budget *budget, struct compared *out)
{
    AUTO(names) names = { 0 };
    AUTO(compared) found = { .layer = spool_new(c->state_dir, budget) };
    TRY(leftover_clear(e, c->state_dir, c->wait));
    struct err *failed = note_names(c, &names);
    if (!failed)
        failed = compare(e, c, &names, &found);
    remove_names(e, &names);
    TRY(failed);
    *out = found;
    found = (struct compared){ 0 };
    return NULL;
}
