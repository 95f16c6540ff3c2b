#include "node/delivery_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"

#define BASE "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TOP "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BASE_BLOB "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define TOP_BLOB "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define CONFIG "{\"rootfs\":{\"diff_ids\":[\"" BASE "\",\"" TOP "\"]}}"
#define CONFIG_TYPE "application/vnd.docker.container.image.v1+json"
#define LAYER(digest, size) "{\"mediaType\":\"l\",\"digest\":\"" digest "\",\"size\":" size "}"
#define MANIFEST_OF(config, layers)                                                                                    \
    "{\"schemaVersion\":2,\"mediaType\":\"m\",\"config\":{\"mediaType\":\"c\",\"size\":1,\"digest\":\"" config         \
    "\"},\"layers\":[" layers "]}"

static const struct node nodes[] = { { .name = "a", .running = true }, { .name = "b", .running = true } };
static const char *const full_names[] = { "docker.io/library/app:dev", NULL };
static const struct node_image image = { .ref = "app:dev", .config_digest = "sha256:x", .content_name = "app:dev-x" };

/* A delivery to a and b, and what the engine would say to it. */
struct scene {
    struct docker d;
    struct import im;
    struct import_target targets[2];
    struct session sessions[2];
    struct node_push push;
    const struct holdings *holdings[2];
    struct strv diff_ids;
    struct delivery_plan plan;
    struct delivery *delivery;
    struct delivery_host *listening;
    const struct oci_host *host; /* of that */
    char config_digest[DIGEST_ROOM];
};

static void scene_release(struct scene *s)
{
    delivery_free(s->delivery);
    delivery_host_free(s->listening);
    for (size_t i = 0; i < COUNT_OF(s->targets); i++) {
        session_release(&s->sessions[i]);
        err_free(s->targets[i].error);
    }
    strv_release(&s->diff_ids);
    docker_release(&s->d);
}

/* had: the lines in which each node tells what it has, see holdings.h. */
static void start(struct scene *s, const char *a_has, const char *b_has)
{
    const char *has[] = { a_has, b_has };
    s->push.wait.deadline_ms = clock_after(10000);
    for (size_t i = 0; i < 2; i++) {
        AUTO_STR answer = xasprintf("%snames - -\n.\n", has[i]);
        docker_created(&s->d);
        docker_reads(&s->d, answer, "done\n", NULL);
    }
    docker_start(&s->d);
    for (size_t i = 0; i < 2; i++) {
        check_ok(session_open(&s->sessions[i], s->d.engine, &nodes[i], &image, false, s->push.wait));
        s->targets[i].session = &s->sessions[i];
        s->holdings[i] = &s->sessions[i].holdings;
    }
    s->im = (struct import){ .targets = s->targets, .count = 2, .push = &s->push, .image = &image };
    import_start(&s->im);
    strv_add(&s->diff_ids, BASE);
    strv_add(&s->diff_ids, TOP);
    check_ok(digest_of(CONFIG, strlen(CONFIG), s->config_digest));
    s->plan = (struct delivery_plan){ .import = &s->im,
                                      .holdings = s->holdings,
                                      .diff_ids = &s->diff_ids,
                                      .config_digest = s->config_digest,
                                      .full_names = full_names };
    check_ok(delivery_new(&s->plan, &s->delivery));
    s->listening = delivery_host_new(s->delivery, "/nowhere");
    s->host = delivery_host_of(s->listening);
}

/* What the engine sends of a blob that it was told is not there: without its size, or with it. */
static void send_unsized(struct scene *s, const char *digest, const char *bytes)
{
    struct spool *blob = spool_new("/nowhere", s->host->budget);
    check_ok(spool_add(blob, bytes, strlen(bytes)));
    check_ok(s->host->keep(s->host->ctx, digest, blob));
}

static bool send_sized(struct scene *s, const char *digest, const char *bytes)
{
    bool streams = false;
    check_ok(s->host->stream(s->host->ctx, digest, strlen(bytes), &streams));
    if (!streams)
        return false;
    check_ok(s->host->write(s->host->ctx, bytes, strlen(bytes)));
    check_ok(s->host->end(s->host->ctx, true));
    return true;
}

static char *manifest_text(const struct scene *s, const char *base_size, const char *top_size)
{
    return xasprintf("{\"schemaVersion\":2,\"mediaType\":\"m\",\"config\":{\"mediaType\":\"c\",\"size\":%zu,"
                     "\"digest\":\"%s\"},\"layers\":[{\"mediaType\":\"l\",\"digest\":\"" BASE_BLOB
                     "\",\"size\":%s},{\"mediaType\":\"l\",\"digest\":\"" TOP_BLOB "\",\"size\":%s}]}",
                     strlen(CONFIG), s->config_digest, base_size, top_size);
}

static void send_manifest(struct scene *s, const char *base_size, const char *top_size)
{
    AUTO_STR text = manifest_text(s, base_size, top_size);
    check_ok(s->host->manifest(s->host->ctx, "m", "", text, strlen(text)));
}

static bool has(struct scene *s, const char *digest, uint64_t want_size)
{
    uint64_t size = 0;
    bool there = s->host->has(s->host->ctx, digest, NULL, &size);
    if (there)
        assert_int_equal(size, want_size);
    return there;
}

static bool settle(struct scene *s)
{
    bool again = false;
    check_ok(delivery_settle(s->delivery, &again));
    return again;
}

/* The bytes that both nodes were sent. */
static void finish(struct scene *s, struct buf *out)
{
    size_t len = 0;
    check_ok(delivery_finish(s->delivery));
    check_ok(import_finish(&s->im));
    assert_null(s->targets[0].error);
    assert_null(s->targets[1].error);
    AUTO_STR heard = docker_stop_bytes(&s->d, &len);
    *out = BUF_INIT(SIZE_MAX);
    buf_add(out, heard, len);
}

static size_t count(const struct buf *text, const char *what)
{
    size_t found = 0, len = strlen(what);
    for (size_t i = 0; i + len <= text->len; i++)
        found += memcmp(text->bytes + i, what, len) == 0;
    return found;
}

static size_t count_entries(const struct buf *text, const char *digest)
{
    AUTO_STR name = xasprintf("blobs/sha256/%s", strchr(digest, ':') + 1);
    return count(text, name);
}

static void count_layer(void *ctx, const struct node_layer *layer)
{
    struct node_layer **next = ctx;
    *(*next)++ = *layer;
}

static void test_nodes_that_have_nothing_get_all_as_it_comes(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO(buf) sent = { 0 };
    start(&s, "", "");
    assert_false(has(&s, BASE_BLOB, 0));
    assert_true(send_sized(&s, BASE_BLOB, "<base>"));
    send_unsized(&s, TOP_BLOB, "<top>");
    assert_int_equal(s.targets[0].sent, s.targets[1].sent);
    assert_true(s.targets[0].sent > strlen("<base>") + strlen("<top>"));
    send_unsized(&s, s.config_digest, CONFIG);
    assert_true(has(&s, BASE_BLOB, strlen("<base>")) && has(&s, TOP_BLOB, strlen("<top>")));
    send_manifest(&s, "6", "5");
    assert_false(settle(&s));
    finish(&s, &sent);
    assert_int_equal(count(&sent, "<base>"), 2);
    assert_int_equal(count(&sent, "<top>"), 2);
    assert_int_equal(count(&sent, CONFIG), 2);
    assert_int_equal(count(&sent, "oci-layout"), 2);
    assert_int_equal(count(&sent, "\"io.containerd.image.name\":\"docker.io/library/app:dev\""), 2);
}

/* a has the base unpacked, b has nothing: nobody knows which digest the base has until it is told. */
static void test_what_was_thought_to_be_there_is_asked_for(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO(buf) sent = { 0 };
    struct node_layer layers[2], *next = layers;
    start(&s, BASE "  Committed\n", "");
    assert_true(has(&s, BASE_BLOB, 0) && has(&s, TOP_BLOB, 0));
    assert_false(has(&s, s.config_digest, 0));
    send_unsized(&s, s.config_digest, CONFIG);
    send_manifest(&s, "0", "0");
    assert_true(settle(&s));
    assert_false(has(&s, BASE_BLOB, 0) || has(&s, TOP_BLOB, 0));
    assert_true(has(&s, s.config_digest, strlen(CONFIG)));
    assert_true(send_sized(&s, BASE_BLOB, "<base>"));
    send_unsized(&s, TOP_BLOB, "<top>");
    send_manifest(&s, "6", "5");
    assert_false(settle(&s));
    finish(&s, &sent);
    assert_int_equal(count(&sent, "<base>"), 1);
    assert_int_equal(count(&sent, "<top>"), 2);
    delivery_each_layer(s.delivery, count_layer, &next);
    assert_int_equal(layers[0].sent, 1);
    assert_int_equal(layers[0].had, 1);
    assert_int_equal(layers[1].sent, 2);
}

/* The classic store sends a new layer at once; it waits until the manifest tells where it belongs. */
static void test_a_layer_that_comes_unasked_is_held(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    AUTO(buf) sent = { 0 };
    start(&s, BASE "  Committed\n", BASE "  Committed\nsize 5 " TOP_BLOB "\n");
    send_unsized(&s, TOP_BLOB, "<top>");
    assert_false(send_sized(&s, BASE_BLOB, "<base>")); /* not asked for: it would be held, too */
    assert_int_equal(s.targets[0].sent, 0);
    send_unsized(&s, s.config_digest, CONFIG);
    send_manifest(&s, "0", "5");
    assert_false(settle(&s));
    finish(&s, &sent);
    assert_int_equal(count(&sent, "<top>"), 1); /* b has the blob, though not unpacked */
    assert_int_equal(count(&sent, "<base>"), 0);
    assert_int_equal(count_entries(&sent, TOP_BLOB), 1);
    assert_int_equal(count_entries(&sent, BASE_BLOB), 0);
}

/* Only then does it keep its digest, and so the name by which the engine knows it. */
static void test_a_manifest_that_is_true_travels_as_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *base_size, *sent_size;
    } cases[] = { { "70", "\"size\":70}" }, { "0", "\"size\":70}" } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static const char base[] = BASE "  Committed\nsize 70 " BASE_BLOB "\n";
        AUTO(scene) s = { 0 };
        AUTO(buf) sent = { 0 };
        start(&s, base, base);
        send_unsized(&s, TOP_BLOB, "<top>");
        send_unsized(&s, s.config_digest, CONFIG);
        send_manifest(&s, cases[i].base_size, "5");
        assert_false(settle(&s));
        finish(&s, &sent);
        assert_int_equal(count(&sent, "\"digest\":\"" BASE_BLOB "\",\"size\":70}"), 2);
    }
}

static void test_a_layer_whose_size_nobody_told(void **state)
{
    (void)state;
    static const char base[] = BASE "  Committed\nsize 90 " BASE "\n";
    AUTO(scene) s = { 0 };
    AUTO(buf) sent = { 0 };
    start(&s, base, base);
    send_unsized(&s, TOP_BLOB, "<top>");
    send_unsized(&s, s.config_digest, CONFIG);
    send_manifest(&s, "0", "5");
    assert_false(settle(&s));
    finish(&s, &sent);
    assert_int_equal(count(&sent, "\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar\",\"digest\":\"" BASE
                                  "\",\"size\":90}"),
                     2);
}

static void test_images_that_were_not_asked_for(void **state)
{
    (void)state;
    static const char *const manifests[] = {
        MANIFEST_OF(BASE, LAYER(BASE_BLOB, "1") "," LAYER(TOP_BLOB, "1")), /* another configuration */
        "{\"schemaVersion\":2,\"manifests\":[]}",                          /* an index alone */
    };
    for (size_t i = 0; i < COUNT_OF(manifests); i++) {
        AUTO(scene) s = { 0 };
        bool again = false;
        start(&s, "", "");
        check_ok(s.host->manifest(s.host->ctx, "", "", manifests[i], strlen(manifests[i])));
        check_error(delivery_settle(s.delivery, &again), RW4202_IMAGE_MISMATCH);
    }
}

static void test_another_number_of_layers(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    start(&s, "", "");
    strv_add(&s.diff_ids, TOP);
    AUTO_STR text = manifest_text(&s, "1", "1");
    check_says(s.host->manifest(s.host->ctx, "m", "", text, strlen(text)), RW4202_IMAGE_MISMATCH,
               "another number of layers");
}

static void test_a_configuration_with_other_layers(void **state)
{
    (void)state;
    static const char other[] = "{\"rootfs\":{\"diff_ids\":[\"" TOP "\",\"" BASE "\"]}}";
    AUTO(scene) s = { 0 };
    start(&s, "", "");
    send_unsized(&s, BASE_BLOB, "<base>");
    send_unsized(&s, TOP_BLOB, "<top>");
    send_unsized(&s, s.config_digest, other); /* the endpoint has proved its digest; here nobody has */
    send_manifest(&s, "6", "5");
    assert_false(settle(&s));
    check_says(delivery_finish(s.delivery), RW4202_IMAGE_MISMATCH, "other layers than the engine built");
}

static void test_what_does_not_come_although_it_was_asked_for(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    bool again = false;
    start(&s, BASE "  Committed\n", "");
    send_manifest(&s, "6", "5");
    assert_true(settle(&s));
    send_unsized(&s, TOP_BLOB, "<top>");
    check_says(delivery_settle(s.delivery, &again), RW4201_IMAGE_STREAM, BASE_BLOB " did not come");
    AUTO(scene) q = { 0 };
    start(&q, "", "");
    send_unsized(&q, BASE_BLOB, "<base>");
    send_unsized(&q, TOP_BLOB, "<top>");
    send_manifest(&q, "6", "5");
    assert_false(settle(&q));
    check_says(delivery_finish(q.delivery), RW4201_IMAGE_STREAM, "its configuration did not come");
}

/* The containerd store names the type of what it asks for, and its config digest may be all that is known. */
static void test_a_configuration_is_known_by_its_type(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    uint64_t size = 0;
    start(&s, BASE "  Committed\n", BASE "  Committed\n");
    assert_false(s.host->has(s.host->ctx, TOP_BLOB, CONFIG_TYPE ", */*", &size));
    assert_false(s.host->has(s.host->ctx, TOP_BLOB, "application/vnd.oci.image.config.v1+json, */*", &size));
    assert_true(s.host->has(s.host->ctx, TOP_BLOB, "application/vnd.oci.image.layer.v1.tar+gzip, */*", &size));
}

/* A layer that is cut leaves an archive that has no end, whatever comes then. */
static void test_a_stream_that_is_cut(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    bool streams = false;
    start(&s, "", "");
    check_ok(s.host->stream(s.host->ctx, BASE_BLOB, 100, &streams));
    assert_true(streams);
    check_ok(s.host->write(s.host->ctx, "half", 4));
    check_ok(s.host->end(s.host->ctx, false));
    struct spool *blob = spool_new("/nowhere", s.host->budget);
    check_ok(spool_add(blob, "<top>", 5));
    check_error(s.host->keep(s.host->ctx, TOP_BLOB, blob), RW2004_CONTEXT_CHANGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_that_have_nothing_get_all_as_it_comes),
        cmocka_unit_test(test_what_was_thought_to_be_there_is_asked_for),
        cmocka_unit_test(test_a_layer_that_comes_unasked_is_held),
        cmocka_unit_test(test_a_manifest_that_is_true_travels_as_it_is),
        cmocka_unit_test(test_a_layer_whose_size_nobody_told),
        cmocka_unit_test(test_images_that_were_not_asked_for),
        cmocka_unit_test(test_another_number_of_layers),
        cmocka_unit_test(test_a_configuration_with_other_layers),
        cmocka_unit_test(test_what_does_not_come_although_it_was_asked_for),
        cmocka_unit_test(test_a_configuration_is_known_by_its_type),
        cmocka_unit_test(test_a_stream_that_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
