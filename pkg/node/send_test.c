#include "node/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "digest/digest.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "fake/pusher.h"

/* An image of two layers in an engine with the containerd store, which pushes for real to the
 * endpoint that it was told of; the node is a script. */
#define ID "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define BASE "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TOP "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONFIG "{\"rootfs\":{\"diff_ids\":[\"" BASE "\",\"" TOP "\"]}}"

enum { LAYER_BYTES = 300 * 1000 }; /* above it a blob streams */

static const struct node node = { .name = "a", .running = true };

struct scene {
    struct docker d;
    struct node_push push;
    struct node_image image;
    struct node_push_results results;
    char config_digest[DIGEST_ROOM];
    char *dir;
    char *content_name;
    char layers[2][DIGEST_ROOM];
    char *bytes[2];
    /* What is wrong with the engine: */
    size_t cut_at; /* of the top layer; 0: nowhere */
    bool lies;     /* of its digest */
    int pushes;
};

static void scene_release(struct scene *s)
{
    node_push_results_release(&s->results);
    docker_release(&s->d);
    free(s->dir);
    free(s->content_name);
    for (size_t i = 0; i < 2; i++)
        free(s->bytes[i]);
}

static void open_scene(struct scene *s)
{
    s->dir = scratch_new();
    check_ok(digest_of(CONFIG, strlen(CONFIG), s->config_digest));
    s->content_name = xasprintf("app:dev-%.12s", s->config_digest + strlen("sha256:"));
    s->image =
        (struct node_image){ .ref = "app:dev", .config_digest = s->config_digest, .content_name = s->content_name };
    s->push = (struct node_push){ .image = &s->image, .state_dir = s->dir, .wait = { clock_after(20000), NULL } };
    for (size_t i = 0; i < 2; i++) {
        s->bytes[i] = xcalloc(LAYER_BYTES + 1, 1);
        memset(s->bytes[i], i == 0 ? 'B' : 'T', LAYER_BYTES);
        check_ok(digest_of(s->bytes[i], LAYER_BYTES, s->layers[i]));
    }
}

/* Half of a PUT, and the engine is gone. */
static void put_cut(const struct pusher *p, const char *put, const char *bytes, size_t len)
{
    AUTO_STR length = xasprintf("Content-Length: %d\r\n", LAYER_BYTES);
    AUTO_STR head = pusher_head(p, "PUT", put, length);
    AUTO_FD fd = pusher_connect(p);
    pusher_say_text(fd, head);
    pusher_say(fd, bytes, len);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    AUTO(answer) none = pusher_hear(fd); /* the endpoint has seen that it was all */
    assert_int_equal(none.status, 0);
}

static void put(const struct scene *s, const struct pusher *p, const char *digest, const char *bytes, size_t len)
{
    AUTO_STR location = pusher_upload(p);
    AUTO_STR where = pusher_put(location, s->lies && len == LAYER_BYTES ? BASE : digest);
    if (s->cut_at > 0 && len == LAYER_BYTES)
        put_cut(p, where, bytes, s->cut_at);
    else if (s->lies && len == LAYER_BYTES)
        pusher_expect(p, 403, "PUT", where, bytes, len);
    else
        pusher_expect(p, 201, "PUT", where, bytes, len);
}

/* As containerd's pusher: what is there is not sent. */
static void offer(const struct scene *s, const struct pusher *p, const char *digest, const char *accept,
                  const char *bytes, size_t len)
{
    AUTO_STR path = xasprintf("%sblobs/%s", p->base, digest);
    AUTO(answer) asked = pusher_ask(p, "HEAD", path, accept, NULL, 0);
    if (asked.status == 404)
        put(s, p, digest, bytes, len);
    else
        assert_int_equal(asked.status, 200);
}

static void act(void *ctx, const char *request)
{
    struct scene *s = ctx;
    AUTO(pusher) p = { 0 };
    AUTO_STR manifest = xasprintf(
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"c\",\"digest\":\"%s\",\"size\":%zu},\"layers\":["
        "{\"mediaType\":\"l\",\"digest\":\"%s\",\"size\":%d},{\"mediaType\":\"l\",\"digest\":\"%s\",\"size\":%d}]}",
        s->config_digest, strlen(CONFIG), s->layers[0], LAYER_BYTES, s->layers[1], LAYER_BYTES);
    s->pushes++;
    pusher_sent_by(&p, request);
    offer(s, &p, s->layers[1], "Accept: l, */*\r\n", s->bytes[1], LAYER_BYTES);
    if (s->cut_at > 0 || s->lies)
        return;
    offer(s, &p, s->layers[0], "Accept: l, */*\r\n", s->bytes[0], LAYER_BYTES);
    offer(s, &p, s->config_digest, "Accept: application/vnd.oci.image.config.v1+json, */*\r\n", CONFIG, strlen(CONFIG));
    AUTO_STR path = xasprintf("%smanifests/rwml", p.base);
    pusher_expect(&p, 201, "PUT", path, manifest, strlen(manifest));
}

static void add_push(struct scene *s, const char *lines)
{
    struct fake_reply *reply;
    docker_json(&s->d, 201, "");
    reply = docker_json(&s->d, 200, lines);
    reply->act = act;
    reply->act_ctx = s;
    docker_json(&s->d, 200, "[]");
}

/* has: the lines in which the node tells what it has. says: what it says in the end. */
static void add_node(struct scene *s, const char *has, const char *out, const char *err)
{
    AUTO_STR answer = xasprintf("%snames - -\n.\n", has);
    docker_created(&s->d);
    docker_reads(&s->d, answer, out, err);
    docker_json(&s->d, 200, "{\"Id\":\"" ID "\",\"Size\":600000,\"RootFS\":{\"Layers\":[\"" BASE "\",\"" TOP "\"]}}");
    docker_json(&s->d, 200, "{\"DriverStatus\":[[\"driver-type\",\"io.containerd.snapshotter.v1\"]]}");
}

static struct err *push(struct scene *s)
{
    struct node items[] = { node };
    struct node_list list = { .cluster = "c", .items = items, .count = 1 };
    docker_start(&s->d);
    return node_push_image(s->d.engine, &list, &s->push, &s->results);
}

static size_t count(const char *bytes, size_t len, char c)
{
    size_t found = 0, run = 0;
    for (size_t i = 0; i < len; i++) { /* whole layers only: single letters are in many words */
        run = bytes[i] == c ? run + 1 : 0;
        found += run == LAYER_BYTES;
    }
    return found;
}

static void test_a_node_that_has_nothing(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    size_t len = 0;
    open_scene(&s);
    add_node(&s, "", "done\n", NULL);
    add_push(&s, "{\"status\":\"Pushed\"}\r\n");
    check_ok(push(&s));
    AUTO_STR heard = docker_stop_bytes(&s.d, &len);
    assert_int_equal(count(heard, len, 'B'), 1);
    assert_int_equal(count(heard, len, 'T'), 1);
    assert_int_equal(s.pushes, 1);
    assert_int_equal(s.results.items[0].outcome, NODE_GOT_IT);
}

/* Which digest the missing layer has is known only after the first push. */
static void test_a_node_that_has_the_base(void **state)
{
    (void)state;
    AUTO(scene) s = { 0 };
    size_t len = 0;
    open_scene(&s);
    add_node(&s, BASE "  Committed\n", "done\n", NULL);
    add_push(&s, "{\"status\":\"Pushed\"}\r\n");
    add_push(&s, "{\"status\":\"Pushed\"}\r\n");
    check_ok(push(&s));
    AUTO_STR heard = docker_stop_bytes(&s.d, &len);
    assert_int_equal(count(heard, len, 'B'), 0);
    assert_int_equal(count(heard, len, 'T'), 1);
    assert_int_equal(s.pushes, 2);
    assert_int_equal(s.results.items[0].outcome, NODE_GOT_IT);
}

static void check_broken(struct scene *s, const char *says)
{
    open_scene(s);
    add_node(s, "", NULL, "ctr: unexpected EOF");
    add_push(s, "{\"errorDetail\":{\"message\":\"the engine gave up\"}}\r\n");
    AUTO_PTR(err) e = push(s);
    assert_non_null(e);
    AUTO_STR all = xasprintf("%s|%s|%s", err_get_message(e), err_get_cause(e), err_get_state(e));
    if (err_get_code(e) != RW4201_IMAGE_STREAM || !strstr(all, says) || !strstr(all, "is on: none; not on: a;"))
        fail_msg("RW%d %s", (int)err_get_code(e), all);
    assert_int_equal(s->results.items[0].outcome, NODE_LACKS_IT);
    AUTO_STR heard = docker_stop(&s->d);
    assert_null(strstr(heard, "GET /images/app:dev/get ")); /* half an archive has no second half */
}

static void test_a_layer_that_is_cut(void **state)
{
    (void)state;
    enum { PLACES = 64 };
    for (size_t i = 1; i <= PLACES; i++) {
        AUTO(scene) s = { .cut_at = i * LAYER_BYTES / PLACES - (i == PLACES) };
        check_broken(&s, "the engine stopped in the middle of a layer");
    }
}

static void test_a_digest_that_lies(void **state)
{
    (void)state;
    AUTO(scene) s = { .lies = true };
    check_broken(&s, "the engine pushed a layer that is not what it says it is");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_that_has_nothing),
        cmocka_unit_test(test_a_node_that_has_the_base),
        cmocka_unit_test(test_a_layer_that_is_cut),
        cmocka_unit_test(test_a_digest_that_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
