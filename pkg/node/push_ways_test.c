/* Which way an image takes out of the engine. */
#include "node/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "fake/check.h"
#include "fake/pushed.h"
#include "node/shipment.h"

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
    pushed_add_whole(&p.d, "done\n", NULL);
    check_ok(pushed_to(&p, &pushed_running, 1));
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
    pushed_add_export(&p.d, HEX, "");
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_string_equal(why, "the engine does not reach rwml at 127.0.0.1: dial tcp 127.0.0.1:1: connect: refused");
}

/* The name has moved since the build: what is sent would not be what was asked for. */
static void test_an_image_that_was_built_again(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    pushed_add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    docker_json(&p.d, 200, "{\"Id\":\"sha256:" OTHER "\"}");
    docker_json(&p.d, 200, "{\"ServerVersion\":\"20.10.24\"}");
    pushed_fails(&p, RW4202_IMAGE_MISMATCH, "expected " DIGEST ", got sha256:" OTHER, PUSHED_ON_NONE);
}

/* The containerd store's id tells nothing of the configuration, so that it is remembered. */
static void test_an_image_that_was_built_again_in_the_containerd_store(void **state)
{
    (void)state;
    struct node_image known = pushed_image;
    known.engine_id = "sha256:" HEX;
    AUTO(pushed) p = { .push = { .image = &known } };
    pushed_add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    docker_json(&p.d, 200, "{\"Id\":\"sha256:" OTHER "\"}");
    docker_json(&p.d, 200, "{\"DriverStatus\":[[\"driver-type\",\"io.containerd.snapshotter.v1\"]]}");
    pushed_fails(&p, RW4202_IMAGE_MISMATCH, "expected sha256:" HEX ", got sha256:" OTHER, PUSHED_ON_NONE);
}

static void test_an_image_that_is_gone(void **state)
{
    (void)state;
    AUTO(pushed) p = { 0 };
    pushed_add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    docker_json(&p.d, 404, "{\"message\":\"No such image\"}");
    pushed_fails(&p, RW4101_IMAGE_NOT_BUILT, "the engine has no image app:dev", PUSHED_ON_NONE);
}

/* Whatever is wrong with the export: the import, which waits for more, is ended, and nothing is named. */
static void check_export(const char *hex, const char *behind, enum err_code code, const char *says)
{
    AUTO(pushed) p = { 0 };
    pushed_add_lacking(&p.d, NULL, "ctr: unexpected EOF");
    pushed_add_looked_at(&p.d);
    if (hex)
        pushed_add_export(&p.d, hex, behind);
    else
        docker_json(&p.d, 404, behind);
    pushed_fails(&p, code, says, PUSHED_ON_NONE);
}

static void test_an_export_that_cannot_be_used(void **state)
{
    (void)state;
    check_export(HEX, "{\"message\":\"lost blob\"}", RW4201_IMAGE_STREAM, "the engine said: lost blob");
    check_export(OTHER, "", RW4202_IMAGE_MISMATCH, "expected " DIGEST ", got sha256:" OTHER);
    check_export("x", "", RW4201_IMAGE_STREAM, "does not name an image's configuration");
    check_export(NULL, "{\"message\":\"No such image\"}", RW4101_IMAGE_NOT_BUILT, "No such image");
}

/* What was sent before, as a base to compare with. */
static void note_base(const char *dir, const char *digest)
{
    AUTO(shipment_list) shipments = { 0 };
    AUTO(shipment)
    base = { .built = xstrdup(digest), .engine_id = xstrdup(digest), .sent = xstrdup(digest), .is_base = true };
    strv_add(&base.diff_ids, "sha256:" OTHER);
    shipment_list_read(dir, "c", pushed_image.ref, &shipments);
    shipment_list_add(&shipments, &base);
    check_ok(shipment_list_write(&shipments));
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
    note_base(dir, "sha256:" OTHER);
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
    pushed_add_export(&p.d, HEX, "");
    docker_json(&p.d, 200, "[]"); /* the base before is none any more */
    docker_json(&p.d, 201, "");
    check_ok(pushed_to(&p, &pushed_running, 1));
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

/* Somebody went back to it: next to nothing travels, and later images are compared with it all the same. */
static void test_a_base_that_is_sent_again(void **state)
{
    (void)state;
    static const struct node_helper helper = { "program", 7, "x86_64" };
    AUTO_STR dir = scratch_new();
    AUTO(shipment_list) shipments = { 0 };
    AUTO(pushed) p = { .push = { .helper = &helper, .state_dir = dir } };
    note_base(dir, DIGEST);
    note_base(dir, "sha256:" OTHER);
    pushed_add_whole(&p.d, "done\n", NULL);
    docker_json(&p.d, 201, "");
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_GOT_IT);
    assert_non_null(strstr(p.heard, "/tag?repo=app&tag=dev-ed9d2a9d202d "));
    assert_null(strstr(p.heard, "DELETE /images/"));
    shipment_list_read(dir, "c", pushed_image.ref, &shipments);
    assert_int_equal(shipments.count, 2);
    assert_string_equal(shipments.items[0].built, DIGEST);
    assert_true(shipments.items[0].is_base);
    assert_true(shipments.items[1].is_base);
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
    shipment_list_read(dir, "c", pushed_image.ref, &shipments);
    shipment_list_add(&shipments, &other);
    check_ok(shipment_list_write(&shipments));
    docker_created(&p.d);
    docker_says(&p.d, "names sha256:" OTHER " sha256:" OTHER "\n.\n", NULL);
    check_ok(pushed_to(&p, &pushed_running, 1));
    assert_int_equal(p.results.items[0].outcome, NODE_HAD_IT);
    assert_string_equal(p.results.config_digest, "sha256:" OTHER);
    assert_string_equal(p.results.content_name, "app:dev-ffffffffffff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_image_that_is_exported),
        cmocka_unit_test(test_an_engine_that_does_not_share_our_loopback),
        cmocka_unit_test(test_an_export_that_cannot_be_used),
        cmocka_unit_test(test_an_image_that_was_built_again),
        cmocka_unit_test(test_an_image_that_was_built_again_in_the_containerd_store),
        cmocka_unit_test(test_an_image_that_is_gone),
        cmocka_unit_test(test_an_engine_that_cannot_compare),
        cmocka_unit_test(test_a_base_that_is_sent_again),
        cmocka_unit_test(test_what_was_sent_as_files_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
