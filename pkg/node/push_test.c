#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "node/shipment.h"
#include "tar/tar.h"

enum { ARCHIVE_BYTES = 16 * 1024 };

#define LAYER "<layer>"
#define LAYER_HEX "2cfeceb94005e12c68cd0c5b733ded0c108685fe9dfa25d6ff089aa8685b4819"
#define CONFIG "{\"rootfs\":{\"diff_ids\":[\"sha256:" LAYER_HEX "\"]}}"
#define HEX "ed9d2a9d202dcfa0d1bac827d51ab32a6632f3145d7406381093d9a339d80a9e" /* CONFIG's */
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define DIGEST "sha256:" HEX
#define CONTENT "app:dev-ed9d2a9d202d"
#define FULL "docker.io/library/"

static const struct node_image image = { .ref = "app:dev", .config_digest = DIGEST, .content_name = CONTENT };
static const struct node running = { .name = "a", .running = true, .state = (char[]){ "running" } };
static const struct node stopped = { .name = "b", .state = (char[]){ "exited" } };

/* How a node's session begins. */
static char *asked(bool has_ref, bool has_content)
{
    return xasprintf("names %s %s\n.\n", has_ref ? DIGEST : "-", has_content ? DIGEST : "sha256:" OTHER);
}

static void add_asked(struct docker *d, bool has_ref, bool has_content)
{
    AUTO_STR lines = asked(has_ref, has_content);
    docker_created(d);
    docker_says(d, lines, NULL);
}

/* A node that has nothing, reads all, and says this in the end. */
static void add_lacking(struct docker *d, const char *out, const char *err)
{
    AUTO_STR lines = asked(false, false);
    docker_created(d);
    docker_reads(d, lines, out, err);
}

static void add_file(struct tar_writer *w, const char *name, const char *text)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = strlen(text) };
    check_ok(tar_add_entry(w, &entry));
    check_ok(tar_add_data(w, text, strlen(text)));
}

/* An export as before Docker 25. behind: what the engine says then. */
static void add_export(struct docker *d, const char *config_hex, const char *behind)
{
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES + TAR_HEAD_ROOM);
    AUTO_PTR(tar_writer) w = NULL;
    AUTO_STR manifest = xasprintf("[{\"Config\":\"%s.json\"}]", config_hex);
    check_ok(tar_writer_new(&tar, &w));
    add_file(w, "1/layer.tar", LAYER);
    add_file(w, HEX ".json", CONFIG);
    add_file(w, "manifest.json", manifest);
    check_ok(tar_finish(w));
    buf_adds(&tar, behind);
    docker_bytes(d, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", tar.bytes, tar.len);
}

/* What the engine is asked before it exports: the image, and how it was made. */
static void add_looked_at(struct docker *d)
{
    docker_json(d, 200, "{\"Id\":\"" DIGEST "\",\"Size\":6,\"RootFS\":{\"Layers\":[\"sha256:" LAYER_HEX "\"]}}");
    docker_json(d, 200, "[{\"Size\":0},{\"Size\":6}]");
}

static void add_kill(struct docker *d)
{
    AUTO(buf) nothing = BUF_INIT(1);
    docker_json(d, 200, "{\"Running\":true,\"ExitCode\":null}");
    docker_created(d);
    docker_upgraded(d, &nothing);
    docker_ended(d, 137);
}

/* A push to these nodes of an engine that answers like this. */
struct pushed {
    struct docker d;
    struct node_push push;
    struct node_push_results results;
    char *heard;
};

static void pushed_release(struct pushed *p)
{
    node_push_results_release(&p->results);
    docker_release(&p->d);
    free(p->heard);
}

static struct err *push_to(struct pushed *p, const struct node *nodes, size_t count)
{
    struct node items[2] = { 0 };
    size_t heard = 0;
    memcpy(items, nodes, count * sizeof *items);
    AUTO_STR dir = scratch_new();
    struct node_list list = { .cluster = "c", .items = items, .count = count };
    p->push.image = p->push.image ? p->push.image : &image;
    p->push.state_dir = p->push.state_dir ? p->push.state_dir : dir;
    if (!p->push.wait.deadline_ms)
        p->push.wait.deadline_ms = clock_after(10000);
    docker_start(&p->d);
    struct err *e = node_push_image(p->d.engine, &list, &p->push, &p->results);
    assert_int_equal(p->results.count, count);
    p->heard = docker_stop_bytes(&p->d, &heard);
    for (size_t i = 0; i < heard; i++) /* tars have NULs */
        p->heard[i] = p->heard[i] ? p->heard[i] : '.';
    return e;
}

/* To one node: it fails with this code and says both; the node does not have the image then. */
static void check_push(struct pushed *p, enum err_code code, const char *says, const char *other)
{
    AUTO_PTR(err) e = push_to(p, &running, 1);
    assert_non_null(e);
    AUTO_STR all = xasprintf("%s|%s|%s|%s", err_get_message(e), err_get_cause(e), err_get_state(e), err_get_next(e, 0));
    if (err_get_code(e) != code || !strstr(all, says) || !strstr(all, other))
        fail_msg("RW%d %s: lacks \"%s\" or \"%s\"", (int)err_get_code(e), all, says, other);
    assert_int_equal(p->results.items[0].outcome, NODE_LACKS_IT);
}

static const char on_none[] = CONTENT " is on: none; not on: a; no import is left running";

static void test_a_node_that_has_it(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    add_asked(&p.d, true, true);
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_HAD_IT);
    assert_non_null(strstr(p.heard, "\"sh\",\"" DIGEST "\",\"" FULL "app:dev\",\"" FULL CONTENT "\",\"\"]"));
}

/* A name alone proves nothing: it is there from before the image was unpacked. */
static void test_a_node_that_lacks_one_name(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        AUTO(pushed) p = { 0 };
        AUTO_STR lines = asked(i == 1, i == 0);
        docker_created(&p.d);
        docker_reads(&p.d, lines, "done\n", NULL);
        add_looked_at(&p.d);
        add_export(&p.d, HEX, "");
        check_ok(push_to(&p, &running, 1));
        assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    }
}

static void add_whole_push(struct docker *d, const char *out, const char *err)
{
    add_lacking(d, out, err);
    add_looked_at(d);
    add_export(d, HEX, "");
}

static void keep_why(void *ctx, enum node_way way, const char *why)
{
    assert_int_equal(way, NODE_WAY_EXPORT);
    *(char **)ctx = xstrdup(why);
}

static void test_an_image_that_is_exported(void **state)
{
    (void)state;
    AUTO_STR why = NULL;
    AUTO(pushed) p = { .push = { .on_way = keep_why, .ctx = &why } };
    add_whole_push(&p.d, "done\n", NULL);
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_true(p.results.items[0].bytes_sent > strlen(LAYER CONFIG));
    assert_string_equal(why, "6 B of 6 B are missing, and the engine would have to compress them first");
    assert_non_null(strstr(p.heard, "GET /images/" DIGEST "/get "));
    assert_non_null(strstr(p.heard, "import " DIGEST " docker.io/library/app:dev-ed9d2a9d202d\n1/layer.tar"));
    assert_non_null(strstr(p.heard, CONFIG));
}

/* Where the engine cannot push to us, which nobody tells before it was tried. */
static void test_an_engine_that_does_not_share_our_loopback(void **state)
{
    (void)state;
    AUTO_STR why = NULL;
    AUTO(pushed) p = { .push = { .on_way = keep_why, .ctx = &why } };
    docker_created(&p.d);
    docker_reads(&p.d, "names - -\n.\n", "done\n", NULL);
    docker_json(&p.d, 200, "{\"Id\":\"" DIGEST "\",\"Size\":600,\"RootFS\":{\"Layers\":[\"sha256:" LAYER_HEX "\"]}}");
    docker_json(&p.d, 200, "[{\"Size\":6}]");
    docker_json(&p.d, 201, "");
    docker_json(&p.d, 200, "{\"errorDetail\":{\"message\":\"dial tcp 127.0.0.1:1: connect: refused\"}}\r\n");
    docker_json(&p.d, 200, "[]");
    add_export(&p.d, HEX, "");
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_string_equal(why, "the engine does not reach rwml at 127.0.0.1: dial tcp 127.0.0.1:1: connect: refused");
}

static void test_one_of_two_nodes_is_stopped(void **state)
{
    (void)state;
    const struct node nodes[] = { running, stopped };
    AUTO(pushed) p = { 0 };
    add_whole_push(&p.d, "done\n", NULL);
    AUTO_PTR(err) e = push_to(&p, nodes, 2);
    assert_int_equal(err_get_code(e), RW4005_NODES_PARTIAL);
    assert_string_equal(err_get_state(e), CONTENT " is on: a; not on: b; no import is left running");
    assert_non_null(strstr(err_get_cause(e), "node b is not running: its container is exited"));
    assert_string_equal(err_get_next(e, 0), "docker start b");
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_int_equal(p.results.items[1].outcome, NODE_LACKS_IT);
    assert_null(strstr(p.heard, "/containers/b/"));
}

static void test_every_node_is_stopped(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    AUTO_PTR(err) e = push_to(&p, &stopped, 1);
    assert_int_equal(err_get_code(e), RW4002_NODE_STOPPED);
    assert_non_null(strstr(err_get_state(e), "is on: none; not on: b;"));
    assert_string_equal(err_get_next(e, 0), "docker start b");
    assert_null(strstr(p.heard, "/exec"));
}

static struct err *no_turn(void *ctx, int *turn)
{
    (void)turn;
    ++*(int *)ctx;
    return err_new(RW9007_DEADLINE, "another push does not end");
}

/* It is asked for only when something has to travel, and nothing travels without it. */
static void test_a_turn_that_does_not_come(void **state)
{
    (void)state;
    int asked = 0;
    AUTO(pushed) p = { .push = { .take_turn = no_turn, .ctx = &asked } };
    AUTO(pushed) q = { .push = { .take_turn = no_turn, .ctx = &asked } };
    add_asked(&p.d, true, true);
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(asked, 0);
    add_lacking(&q.d, NULL, NULL);
    check_push(&q, RW9007_DEADLINE, "another push does not end", on_none);
    assert_int_equal(asked, 1);
    assert_null(strstr(q.heard, "import sha256:"));
}

static void test_an_import_that_fails(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    add_whole_push(&p.d, NULL, "ctr: archive/tar: invalid tar header\n");
    check_push(&p, RW4003_NODE_FAILED, "ctr: archive/tar: invalid tar header", on_none);
}

static void test_an_import_that_ends_early(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    AUTO_STR lines = asked(false, false);
    docker_created(&p.d);
    docker_says(&p.d, lines, "ctr: failed to dial \"/run/containerd/containerd.sock\"");
    add_looked_at(&p.d);
    add_export(&p.d, HEX, "");
    check_push(&p, RW4003_NODE_FAILED, "ctr: failed to dial", on_none);
}

static void test_a_node_without_space(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    add_whole_push(&p.d, NULL, "ctr: write x: no space left on device");
    docker_exec(&p.d, "20M of 40G\n", NULL, 0);
    check_push(&p, RW4004_NODE_FULL, "20M of 40G are free", on_none);
}

/* The name has moved since the build: what is sent would not be what was asked for. */
static void test_an_image_that_was_built_again(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    docker_json(&p.d, 200, "{\"Id\":\"sha256:" OTHER "\"}");
    docker_json(&p.d, 200, "{\"ServerVersion\":\"20.10.24\"}");
    check_push(&p, RW4202_IMAGE_MISMATCH, "expected " DIGEST ", got sha256:" OTHER, on_none);
}

/* The containerd store's id tells nothing of the configuration, so that it is remembered. */
static void test_an_image_that_was_built_again_in_the_containerd_store(void **state)
{
    (void)state;
    struct node_image known = image;
    known.engine_id = "sha256:" HEX;
    AUTO(pushed) p = { .push = { .image = &known } };
    add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    docker_json(&p.d, 200, "{\"Id\":\"sha256:" OTHER "\"}");
    docker_json(&p.d, 200, "{\"DriverStatus\":[[\"driver-type\",\"io.containerd.snapshotter.v1\"]]}");
    check_push(&p, RW4202_IMAGE_MISMATCH, "expected sha256:" HEX ", got sha256:" OTHER, on_none);
}

static void test_an_image_that_is_gone(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    docker_json(&p.d, 404, "{\"message\":\"No such image\"}");
    check_push(&p, RW4101_IMAGE_NOT_BUILT, "the engine has no image app:dev", on_none);
}

/* Whatever is wrong with the export: the import, which waits for more, is ended, and nothing is named. */
static void check_export(const char *hex, const char *behind, enum err_code code, const char *says)
{
    AUTO(pushed) p = { 0 };
    add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    add_looked_at(&p.d);
    if (hex)
        add_export(&p.d, hex, behind);
    else
        docker_json(&p.d, 404, behind);
    check_push(&p, code, says, on_none);
}

static void test_an_export_that_cannot_be_used(void **state)
{
    (void)state;
    check_export(HEX, "{\"message\":\"lost blob\"}", RW4201_IMAGE_STREAM, "the engine said: lost blob");
    check_export(OTHER, "", RW4202_IMAGE_MISMATCH, "expected " DIGEST ", got sha256:" OTHER);
    check_export("x", "", RW4201_IMAGE_STREAM, "does not name an image's configuration");
    check_export(NULL, "{\"message\":\"No such image\"}", RW4101_IMAGE_NOT_BUILT, "No such image");
}

static void test_an_import_that_cannot_be_ended(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    AUTO_STR lines = asked(false, false);
    docker_created(&p.d);
    docker_says(&p.d, lines, NULL)->hold = true;
    docker_json(&p.d, 404, "{\"message\":\"No such image\"}");
    docker_json(&p.d, 500, "{\"message\":\"busy\"}");
    check_push(&p, RW4101_IMAGE_NOT_BUILT, CONTENT " is on: none; not on: a", "an import may still run there");
}

static void stop_when_sending(void *ctx, const struct node_push_progress *progress)
{
    if (progress->phase == NODE_PUSH_SENDING)
        cancel_request(ctx, 0);
}

static void test_interrupted_while_it_travels(void **state)
{
    (void)state;
    AUTO_PTR(cancel) cancel = NULL;
    AUTO(pushed) p = { 0 };
    check_ok(cancel_new(&cancel));
    p.push = (struct node_push){ .wait = { .deadline_ms = clock_after(10000), .cancel = cancel },
                                 .on_progress = stop_when_sending,
                                 .ctx = cancel };
    add_whole_push(&p.d, NULL, "ctr: unexpected EOF");
    check_push(&p, RW9009_INTERRUPTED, "interrupted", on_none);
}

static void test_the_deadline_passes_while_it_travels(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    p.push.wait.deadline_ms = clock_after(500);
    AUTO_STR lines = asked(false, false);
    docker_created(&p.d);
    docker_says(&p.d, lines, NULL)->hold = true;
    add_looked_at(&p.d);
    add_export(&p.d, HEX, "");
    add_kill(&p.d);
    check_push(&p, RW9007_DEADLINE, "", on_none);
    assert_non_null(strstr(p.heard, "\"Cmd\":[\"kill\",\"-KILL\",\"--\",\"-7\"]"));
}

static void test_a_node_whose_cri_does_not_answer(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    docker_created(&p.d);
    docker_says(&p.d, NULL, "connect: /run/containerd/containerd.sock: connection refused\n");
    check_push(&p, RW4003_NODE_FAILED, "cannot tell which images it has|connect: /run/containerd", on_none);
    AUTO(pushed) q = { 0 };
    docker_json(&q.d, 409, "{\"message\":\"container id-a is paused\"}");
    check_push(&q, RW4003_NODE_FAILED, "node a does not answer", "container id-a is paused");
    AUTO(pushed) r = { 0 };
    docker_json(&r.d, 409, "{\"message\":\"container id-a is paused\"}");
    docker_json(&r.d, 200, "{\"State\":{\"Status\":\"paused\"}}");
    check_push(&r, RW4002_NODE_STOPPED, "its container is paused|" CONTENT " is on: none", "docker unpause a");
}

/* What was sent before, as a base to compare with. */
static void note_base(const char *dir)
{
    const struct node_list list = { .cluster = "c" };
    AUTO(shipment_list) shipments = { 0 };
    struct shipment base = { .built = (char[]){ "sha256:" OTHER },
                             .engine_id = (char[]){ "sha256:" OTHER },
                             .sent = (char[]){ "sha256:" OTHER },
                             .is_base = true };
    strv_add(&base.diff_ids, "sha256:" OTHER);
    shipment_list_read(dir, list.cluster, image.ref, &shipments);
    shipment_list_add(&shipments, &base);
    check_ok(shipment_list_write(&shipments));
    strv_release(&base.diff_ids);
}

static void keep_ways(void *ctx, enum node_way way, const char *why)
{
    static const char *const words[] = { "export", "files", "no files" };
    buf_addf(ctx, "%s: %s\n", words[way], why);
}

/* Whatever the engine makes of the comparison, the image travels, and no name stays. */
static void test_an_engine_that_cannot_compare(void **state)
{
    (void)state;
    static const struct node_helper helper = { "program", 7, "x86_64" };
    AUTO(buf) ways = BUF_INIT(SIZE_MAX);
    AUTO_STR dir = scratch_new();
    AUTO(pushed) p = { .push = { .helper = &helper, .on_way = keep_ways, .ctx = &ways, .state_dir = dir } };
    note_base(dir);
    docker_created(&p.d);
    docker_reads(&p.d, "sha256:" OTHER "  Committed\nnames - -\n.\n", "done\n", NULL);
    docker_json(&p.d, 200,
                "{\"Id\":\"" DIGEST "\",\"Size\":9000000,\"RootFS\":{\"Layers\":[\"sha256:" LAYER_HEX "\"]}}");
    docker_json(&p.d, 200, "[{\"Size\":9000000}]");
    docker_json(&p.d, 200, "{\"Id\":\"sha256:" OTHER "\"}"); /* the base */
    docker_json(&p.d, 200, "{\"Architecture\":\"x86_64\"}");
    docker_json(&p.d, 201, "");
    docker_json(&p.d, 201, "");
    docker_json(&p.d, 200, "{\"errorDetail\":{\"message\":\"no space left on device\"}}\r\n");
    for (int i = 0; i < 3; i++)
        docker_json(&p.d, i == 0 ? 404 : 200, "[]");
    add_export(&p.d, HEX, "");
    docker_json(&p.d, 200, "[]"); /* the base before is none any more */
    docker_json(&p.d, 201, "");
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_string_equal(p.results.config_digest, DIGEST);
    assert_non_null(
        strstr(buf_text(&ways), "no files: the engine has no space left to build 127.0.0.1:1/rwml-compare/"));
    assert_non_null(strstr(buf_text(&ways), "export: "));
    assert_non_null(strstr(p.heard, ":old?noprune=1"));
    assert_non_null(strstr(p.heard, ":new?noprune=1"));
    assert_non_null(strstr(p.heard, "DELETE /images/app:dev-ffffffffffff?"));
    assert_non_null(strstr(p.heard, "/tag?repo=app&tag=dev-ed9d2a9d202d "));
    AUTO(strv) left = { 0 };
    check_ok(fs_list(AT_FDCWD, dir, &left));
    assert_int_equal(left.count, 1);
    assert_true(str_starts(left.items[0], "shipped-"));
}

/* An image that was sent as files is asked for under its own name first. */
static void test_what_was_sent_as_files_is_there(void **state)
{
    (void)state;
    static const struct node_helper helper = { "program", 7, "x86_64" };
    AUTO_STR dir = scratch_new();
    AUTO(pushed) p = { .push = { .helper = &helper, .state_dir = dir } };
    AUTO(shipment_list) shipments = { 0 };
    const struct shipment other = { .built = (char[]){ DIGEST },
                                    .engine_id = (char[]){ DIGEST },
                                    .sent = (char[]){ "sha256:" OTHER } };
    shipment_list_read(dir, "c", image.ref, &shipments);
    shipment_list_add(&shipments, &other);
    check_ok(shipment_list_write(&shipments));
    docker_created(&p.d);
    docker_says(&p.d, "names sha256:" OTHER " sha256:" OTHER "\n.\n", NULL);
    check_ok(push_to(&p, &running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_HAD_IT);
    assert_string_equal(p.results.config_digest, "sha256:" OTHER);
    assert_string_equal(p.results.content_name, "app:dev-ffffffffffff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_that_has_it),
        cmocka_unit_test(test_a_node_that_lacks_one_name),
        cmocka_unit_test(test_an_image_that_is_exported),
        cmocka_unit_test(test_an_engine_that_does_not_share_our_loopback),
        cmocka_unit_test(test_one_of_two_nodes_is_stopped),
        cmocka_unit_test(test_every_node_is_stopped),
        cmocka_unit_test(test_a_turn_that_does_not_come),
        cmocka_unit_test(test_an_import_that_fails),
        cmocka_unit_test(test_an_import_that_ends_early),
        cmocka_unit_test(test_a_node_without_space),
        cmocka_unit_test(test_an_export_that_cannot_be_used),
        cmocka_unit_test(test_an_import_that_cannot_be_ended),
        cmocka_unit_test(test_interrupted_while_it_travels),
        cmocka_unit_test(test_the_deadline_passes_while_it_travels),
        cmocka_unit_test(test_an_image_that_was_built_again),
        cmocka_unit_test(test_an_image_that_was_built_again_in_the_containerd_store),
        cmocka_unit_test(test_an_image_that_is_gone),
        cmocka_unit_test(test_a_node_whose_cri_does_not_answer),
        cmocka_unit_test(test_an_engine_that_cannot_compare),
        cmocka_unit_test(test_what_was_sent_as_files_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
