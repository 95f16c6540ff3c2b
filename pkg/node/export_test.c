#include "node/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "oci/image.h"
#include "tar/tar.h"

/* An image of three layers, the first and the last of them the same, exported in one of the layouts that
 * engines have, for a node. */
enum layout { OLD, CLASSIC, CONTAINERD };
enum { BASE, MIDDLE, LAYERS };

enum { LARGE = 5 * 1000 * 1000, ARCHIVE_BYTES = 12 * 1000 * 1000 };

#define FULL_NAME "docker.io/library/app:dev"

static const struct node node = { .name = "a", .running = true };
static const char *const full_names[] = { FULL_NAME, NULL };
static const struct node_image image = { .ref = "app:dev", .config_digest = "sha256:x", .content_name = "app:dev-x" };

struct scene {
    struct docker d;
    enum layout layout;
    struct buf layers[LAYERS];
    char digests[LAYERS][DIGEST_ROOM];
    struct strv diff_ids;
    char *config;
    char config_digest[DIGEST_ROOM];
    /* What is wrong with the export: */
    bool lies;         /* a layer is not what its name says, or none of this image */
    bool lacks_config; /* it has none */
    bool lacks_layer;  /* the middle one */
    const char *names; /* this as its configuration; NULL: the true one */
    char *heard;       /* what node and engine were told */
    struct node_layer told[LAYERS + 1];
};

static void scene_release(struct scene *s)
{
    docker_release(&s->d);
    for (size_t i = 0; i < LAYERS; i++)
        buf_release(&s->layers[i]);
    strv_release(&s->diff_ids);
    free(s->config);
    free(s->heard);
}

/* The text of a layer's beginning and end; above 4 MB a blob is not held. */
static void make_layer(struct scene *s, size_t i, char letter, size_t len)
{
    s->layers[i] = BUF_INIT(LARGE);
    for (size_t at = 0; at < len; at++)
        buf_add(&s->layers[i], &letter, 1);
    check_ok(digest_of(s->layers[i].bytes, len, s->digests[i]));
}

static void open_scene(struct scene *s, enum layout layout, size_t base_len, size_t middle_len)
{
    s->layout = layout;
    make_layer(s, BASE, 'B', base_len);
    make_layer(s, MIDDLE, 'M', middle_len);
    strv_add(&s->diff_ids, s->digests[BASE]);
    strv_add(&s->diff_ids, s->digests[MIDDLE]);
    strv_add(&s->diff_ids, s->digests[BASE]);
    s->config = xasprintf("{\"rootfs\":{\"diff_ids\":[\"%s\",\"%s\",\"%s\"]}}", s->digests[BASE], s->digests[MIDDLE],
                          s->digests[BASE]);
    check_ok(digest_of(s->config, strlen(s->config), s->config_digest));
}

/* The archive. */

static void add_file(struct tar_writer *w, const char *name, const char *bytes, size_t len)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = len };
    check_ok(tar_add_entry(w, &entry));
    check_ok(tar_add_data(w, bytes, len));
}

static void add_blob(struct tar_writer *w, const char *digest, const char *bytes, size_t len)
{
    AUTO_STR name = xasprintf("blobs/sha256/%s", digest + strlen("sha256:"));
    add_file(w, name, bytes, len);
}

static void add_layer(const struct scene *s, struct tar_writer *w, size_t i)
{
    AUTO_STR bytes = xstrndup(s->layers[i].bytes, s->layers[i].len);
    AUTO_STR name = xasprintf("%zu/layer.tar", i);
    if (s->lacks_layer && i == MIDDLE)
        return;
    if (s->lies)
        bytes[s->layers[i].len / 2] = 'x';
    if (s->layout == OLD)
        add_file(w, name, bytes, s->layers[i].len);
    else
        add_blob(w, s->digests[i], bytes, s->layers[i].len);
}

static char *manifest_of(const struct scene *s)
{
    AUTO(oci_manifest)
    m = { .media_type = xstrdup(OCI_MANIFEST_TYPE),
          .config = { .media_type = xstrdup(OCI_CONFIG_TYPE), .size = strlen(s->config) },
          .layers = xcalloc(LAYERS + 1, sizeof *m.layers) };
    memcpy(m.config.digest, s->config_digest, DIGEST_ROOM);
    for (size_t i = 0; i < s->diff_ids.count; i++) {
        struct oci_descriptor *layer = &m.layers[m.layer_count++];
        layer->media_type = xstrdup(OCI_LAYER_TYPE);
        memcpy(layer->digest, s->diff_ids.items[i], DIGEST_ROOM);
        layer->size = s->layers[i % LAYERS].len;
    }
    return oci_manifest_text(&m);
}

static void add_config(const struct scene *s, struct tar_writer *w)
{
    AUTO_STR name = xasprintf("%s.json", s->config_digest + strlen("sha256:"));
    if (s->lacks_config)
        return;
    if (s->layout == OLD)
        add_file(w, name, s->config, strlen(s->config));
    else
        add_blob(w, s->config_digest, s->config, strlen(s->config));
}

static void add_manifests(const struct scene *s, struct tar_writer *w)
{
    char digest[DIGEST_ROOM];
    AUTO_STR text = manifest_of(s);
    AUTO_STR names = xasprintf("[{\"Config\":\"blobs/sha256/%s\"}]", (s->names ? s->names : s->config_digest) + 7);
    check_ok(digest_of(text, strlen(text), digest));
    if (s->layout != OLD)
        add_blob(w, digest, text, strlen(text));
    add_file(w, "manifest.json", names, strlen(names));
}

static void add_export(struct scene *s)
{
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES + TAR_HEAD_ROOM);
    AUTO_PTR(tar_writer) w = NULL;
    const struct tar_entry same = { .name = "2/layer.tar", .kind = TAR_SYMLINK, .link = "../0/layer.tar" };
    check_ok(tar_writer_new(&tar, &w));
    add_layer(s, w, BASE);
    add_layer(s, w, MIDDLE);
    if (s->layout == OLD)
        check_ok(tar_add_entry(w, &same));
    add_config(s, w);
    add_manifests(s, w);
    check_ok(tar_finish(w));
    docker_bytes(&s->d, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", tar.bytes, tar.len);
}

/* The delivery. */

static void keep_layer(void *ctx, const struct node_layer *layer)
{
    struct node_layer **next = ctx;
    *(*next)++ = *layer;
}

static struct err *deliver(struct scene *s, const struct delivery_plan *plan, const char *dir)
{
    AUTO_PTR(delivery) d = NULL;
    struct node_layer *next = s->told;
    const struct export x = { "sha256:1", plan, dir, plan->import->push->wait };
    TRY(delivery_new(plan, &d));
    TRY(export_deliver(s->d.engine, &x, d));
    TRY(import_finish(plan->import));
    delivery_each_layer(d, keep_layer, &next);
    return NULL;
}

/* has: the lines in which the node tells what it has. */
static struct err *export_to(struct scene *s, const char *has)
{
    AUTO_STR dir = scratch_new();
    AUTO_STR answer = xasprintf("%snames - -\n.\n", has);
    AUTO(session) session = { 0 };
    size_t len = 0;
    docker_created(&s->d);
    docker_reads(&s->d, answer, "done\n", NULL);
    add_export(s);
    docker_start(&s->d);
    const struct node_push push = { .wait = { .deadline_ms = clock_after(20000) } };
    check_ok(session_open(&session, s->d.engine, &node, &image, false, push.wait));
    struct import_target target = { .session = &session };
    struct import im = { .targets = &target, .count = 1, .push = &push, .image = &image };
    const struct holdings *const holdings[] = { &session.holdings };
    const struct delivery_plan plan = { .import = &im,
                                        .holdings = holdings,
                                        .diff_ids = &s->diff_ids,
                                        .config_digest = s->config_digest,
                                        .full_names = full_names,
                                        .comes_once = true };
    import_start(&im);
    struct err *e = deliver(s, &plan, dir);
    AUTO(strv) left = { 0 };
    check_ok(fs_list(AT_FDCWD, dir, &left));
    assert_int_equal(left.count, 0);
    assert_null(target.error);
    s->heard = docker_stop_bytes(&s->d, &len);
    for (size_t i = 0; i < len; i++) /* tars have NULs */
        s->heard[i] = s->heard[i] ? s->heard[i] : '.';
    return e;
}

static size_t longest_run(const struct scene *s, char letter)
{
    size_t longest = 0, run = 0;
    for (const char *at = s->heard; *at; at++) {
        run = *at == letter ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void check_sent(const struct scene *s, bool base, bool middle)
{
    assert_int_equal(longest_run(s, 'B') >= s->layers[BASE].len, base);
    assert_int_equal(longest_run(s, 'M') >= s->layers[MIDDLE].len, middle);
    assert_non_null(strstr(s->heard, s->config));
    assert_non_null(strstr(s->heard, "\"io.containerd.image.name\":\"" FULL_NAME "\""));
    AUTO_STR manifest = manifest_of(s);
    assert_non_null(strstr(s->heard, manifest));
    for (size_t i = 0; i < LAYERS + 1; i++)
        assert_int_equal(s->told[i].sent, i % 2 ? middle : base);
}

static void test_what_a_node_lacks_travels(void **state)
{
    (void)state;
    static const size_t lengths[] = { 2000, LARGE };
    for (size_t i = 0; i < 2 * 2 * COUNT_OF(lengths); i++) {
        AUTO(scene) s = { 0 };
        AUTO(strv) chains = { 0 };
        open_scene(&s, i % 2 ? OLD : CLASSIC, lengths[i / 4], i / 4 ? 2000 : LARGE);
        check_ok(oci_chain_ids(&s.diff_ids, &chains));
        AUTO_STR base = xasprintf("%s  Committed\nsize %zu %s\n", chains.items[0], s.layers[BASE].len, s.digests[BASE]);
        bool has_base = i / 2 % 2;
        check_ok(export_to(&s, has_base ? base : ""));
        check_sent(&s, !has_base, true);
    }
}

/* A digest that tells no place: the node has the blob, or gets it. */
static void test_layers_that_are_compressed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(scene) s = { 0 };
        open_scene(&s, CONTAINERD, LARGE, 2000);
        AUTO_STR has = xasprintf("size 5000000 %s\n", s.digests[BASE]);
        check_ok(export_to(&s, i == 0 ? "" : has));
        check_sent(&s, i == 0, true);
    }
}

static void check_broken(struct scene *s, enum layout layout, size_t len, enum err_code code, const char *says)
{
    open_scene(s, layout, len, len);
    check_says(export_to(s, ""), code, says);
    assert_null(strstr(s->heard, "io.containerd.image.name"));
}

static void test_layers_that_lie(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        AUTO(scene) s = { .lies = true };
        check_broken(&s, i % 2 ? OLD : CLASSIC, i / 2 ? LARGE : 2000, RW4201_IMAGE_STREAM,
                     i % 2 ? "a layer of another image" : "not what its name says");
    }
}

static void test_what_does_not_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(scene) s = { .lacks_layer = true };
        AUTO(scene) q = { .lacks_config = true };
        check_broken(&s, i % 2 ? OLD : CLASSIC, 2000, RW4201_IMAGE_STREAM, " did not come");
        check_broken(&q, i % 2 ? OLD : CLASSIC, 2000, RW4201_IMAGE_STREAM, "its configuration did not come");
    }
}

static void test_another_image(void **state)
{
    (void)state;
    AUTO(scene) s = { .names = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" };
    check_broken(&s, OLD, 2000, RW4202_IMAGE_MISMATCH, "was it built again meanwhile?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_node_lacks_travels),
        cmocka_unit_test(test_layers_that_are_compressed),
        cmocka_unit_test(test_layers_that_lie),
        cmocka_unit_test(test_what_does_not_come),
        cmocka_unit_test(test_another_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
