#include "engine/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "tar/tar.h"

enum { BLOCK = 512, END = 2 * BLOCK, ARCHIVE_BYTES = 1 << 20, LAYER_BYTES = 700 };

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define DIGEST "sha256:" HEX
#define IMAGE(hex) "{\"Config\":\"blobs/sha256/" hex "\",\"RepoTags\":[\"app:dev\"],\"Layers\":[\"layer\"]}"

static const char until_closed[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

static struct net_wait soon(void)
{
    return (struct net_wait){ .deadline_ms = clock_after(10000) };
}

static void add_file(struct tar_writer *w, const char *name, const char *bytes, size_t len)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = len, .mtime_s = 1 };
    check_ok(tar_add_entry(w, &entry));
    check_ok(tar_add_data(w, bytes, len));
}

/* An image as an engine saves it, in small; NULL: without a manifest.json. */
static void make_archive(struct buf *tar, const char *manifest)
{
    char layer[LAYER_BYTES];
    AUTO_PTR(tar_writer) w = NULL;
    memset(layer, 'l', sizeof layer);
    check_ok(tar_writer_new(tar, &w));
    add_file(w, "layer", layer, sizeof layer);
    if (manifest)
        add_file(w, "manifest.json", manifest, strlen(manifest));
    check_ok(tar_finish(w));
}

/* A struct http_sink's take. */
static struct err *keep(void *ctx, const void *bytes, size_t len)
{
    buf_add(ctx, bytes, len);
    return NULL;
}

/* Exports from an engine whose answer is this. */
static struct err *export_piecewise(const char *head, const struct buf *body, size_t piece, const char *want,
                                    struct buf *got, struct engine_export *out)
{
    AUTO(docker) d = { 0 };
    struct fake_reply *reply = docker_bytes(&d, head, body->bytes, body->len);
    reply->piece = piece;
    reply->paced = piece > 0;
    docker_start(&d);
    return engine_image_export(d.engine, "app:dev", want, soon(), (struct http_sink){ keep, got }, out);
}

/* An archive ends with two blocks of zeros; nothing else in the sample has one. */
static void assert_no_end(const struct buf *got)
{
    static const char end[END];
    for (size_t at = 0; at + END <= got->len; at += BLOCK)
        assert_int_not_equal(memcmp(got->bytes + at, end, END), 0);
}

static void check_broken(const char *head, const struct buf *body, size_t piece, const char *says)
{
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    struct engine_export out = { 0 };
    check_says(export_piecewise(head, body, piece, DIGEST, &got, &out), RW4201_IMAGE_STREAM, says);
    assert_null(out.config_digest);
    assert_no_end(&got);
}

static void test_a_whole_archive(void **state)
{
    (void)state;
    static const char *const manifests[] = { "[" IMAGE(HEX) "]", "[{\"Config\":\"" HEX ".json\"}]" };
    static const size_t pieces[] = { 0, 61, 512, 4000 };
    for (size_t i = 0; i < COUNT_OF(manifests) * COUNT_OF(pieces); i++) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
        struct engine_export out = { 0 };
        make_archive(&tar, manifests[i % 2]);
        check_ok(export_piecewise(until_closed, &tar, pieces[i / 2], i % 3 ? DIGEST : NULL, &got, &out));
        assert_int_equal(out.bytes, tar.len);
        assert_int_equal(got.len, tar.len);
        assert_memory_equal(got.bytes, tar.bytes, tar.len);
        assert_string_equal(out.config_digest, DIGEST);
        free(out.config_digest);
    }
}

/* The connection ends as if all had been said: only the archive itself tells that it is cut. */
static void test_an_archive_cut_around_any_block_is_no_success(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, "[" IMAGE(HEX) "]");
    for (size_t i = 0; i < tar.len / BLOCK * 3; i++) {
        size_t len = (i / 3 + 1) * BLOCK + i % 3 - 1;
        struct buf cut = { .bytes = tar.bytes, .len = len < tar.len ? len : tar.len - 1 };
        check_broken(until_closed, &cut, 0, "stops in the middle");
        check_broken(until_closed, &cut, BLOCK, "stops in the middle");
    }
}

/* The archive may be whole then, but the answer is not. */
static void test_an_answer_cut_around_any_block_is_no_success(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, "[" IMAGE(HEX) "]");
    AUTO_STR head = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", tar.len + 1);
    for (size_t len = BLOCK - 1; len <= tar.len; len += len % BLOCK == 1 ? BLOCK - 2 : 1) {
        AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
        AUTO_STR says = xasprintf("the stream ended at byte %zu", len);
        struct buf cut = { .bytes = tar.bytes, .len = len };
        struct engine_export out = { 0 };
        check_says(export_piecewise(head, &cut, 0, DIGEST, &got, &out), RW4201_IMAGE_STREAM, says);
        assert_null(out.config_digest);
        assert_no_end(&got);
    }
}

/* The zeros behind the end may come in a piece of their own. */
static void test_an_answer_cut_in_the_zeros_behind_the_end(void **state)
{
    (void)state;
    static const char zeros[BLOCK];
    AUTO(buf) body = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&body, "[" IMAGE(HEX) "]");
    size_t kept = body.len;
    buf_add(&body, zeros, BLOCK);
    AUTO_STR head = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", body.len + 1);
    check_broken(head, &body, strlen(head) + kept, "the stream ended at byte");
    check_broken(head, &body, strlen(head) + kept - BLOCK, "the stream ended at byte");
}

static void test_the_engine_s_error_in_place_of_data(void **state)
{
    (void)state;
    static const char *const errors[] = { "{\"errorDetail\":{\"message\":\"lost blob\"},\"error\":\"x\"}\r\n",
                                          "{\"message\":\"lost blob\"}\n", "{\"message\":\"lost blob\"}" };
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, "[" IMAGE(HEX) "]");
    for (size_t i = 0; i < COUNT_OF(errors) * (tar.len / BLOCK + 1); i++) {
        size_t kept = i / COUNT_OF(errors) * BLOCK;
        AUTO(buf) body = BUF_INIT(ARCHIVE_BYTES);
        buf_add(&body, tar.bytes, kept);
        buf_adds(&body, errors[i % COUNT_OF(errors)]);
        check_broken(until_closed, &body, 0, "the engine said: lost blob");
        check_broken(until_closed, &body, strlen(until_closed) + kept, "the engine said: lost blob");
    }
}

/* Nothing that looks like an error in the image's own files is told as the engine's. */
static void test_no_words_where_the_engine_said_none(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, "{\"message\":\"of the image\"}");
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    struct engine_export out = { 0 };
    buf_add(&tar, "x", 1);
    AUTO_PTR(err) e = export_piecewise(until_closed, &tar, 0, DIGEST, &got, &out);
    assert_int_equal(err_get_code(e), RW4201_IMAGE_STREAM);
    assert_null(strstr(err_get_cause(e), "of the image"));
}

static void test_another_image(void **state)
{
    (void)state;
    static const size_t pieces[] = { 0, 512 };
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, "[" IMAGE(OTHER) "]");
    for (size_t i = 0; i < 2 * COUNT_OF(pieces); i++) {
        AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
        struct engine_export out = { 0 };
        const char *says = i % 2 ? "got sha256:" OTHER : "expected " DIGEST;
        check_says(export_piecewise(until_closed, &tar, pieces[i / 2], DIGEST, &got, &out), RW4202_IMAGE_MISMATCH,
                   says);
        assert_null(out.config_digest);
        assert_no_end(&got);
    }
}

static void test_manifests_that_name_no_single_image(void **state)
{
    (void)state;
    static const char *const manifests[] = {
        "[" IMAGE(HEX) "," IMAGE(HEX) "]",
        "[" IMAGE(HEX) "," IMAGE(OTHER) "]",
        "[]",
        "{}",
        "[{}]",
        "[{\"Config\":7}]",
        "[{\"Config\":\"blobs/sha256/" HEX "0\"}]",
        "[{\"Config\":\"blobs/sha512/" HEX "\"}]",
        "[{\"Config\":\"" HEX ".jso\"}]",
        "[{\"Config\":\"blobs/sha256/\"}]",
        "[{\"Config\":\"../" HEX "\"}]",
        "",
        "[",
        IMAGE(HEX),
    };
    for (size_t i = 0; i < COUNT_OF(manifests); i++) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&tar, manifests[i]);
        check_broken(until_closed, &tar, 0, "cannot be used");
    }
    AUTO(buf) without = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&without, NULL);
    check_broken(until_closed, &without, 0, "has no manifest.json");
    check_broken(until_closed, &without, BLOCK, "has no manifest.json");
}

/* The last one is what a reader of the archive ends up with. */
static void test_a_second_manifest(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    AUTO_PTR(tar_writer) w = NULL;
    struct engine_export out = { 0 };
    check_ok(tar_writer_new(&tar, &w));
    add_file(w, "manifest.json", "[" IMAGE(HEX) "]", strlen("[" IMAGE(HEX) "]"));
    add_file(w, "manifest.json", "[" IMAGE(OTHER) "]", strlen("[" IMAGE(OTHER) "]"));
    check_ok(tar_finish(w));
    check_error(export_piecewise(until_closed, &tar, 0, DIGEST, &got, &out), RW4202_IMAGE_MISMATCH);
}

/* Writes into the header that begins there, and makes its checksum right again. */
static void patch(struct buf *tar, size_t header, size_t at, const char *text)
{
    enum { CHECKSUM = 148, CHECKSUM_LEN = 8 };
    char *block = tar->bytes + header;
    unsigned sum = 0;
    memcpy(block + at, text, strlen(text));
    memset(block + CHECKSUM, ' ', CHECKSUM_LEN);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)block[i];
    AUTO_STR digits = xasprintf("%06o", sum);
    memcpy(block + CHECKSUM, digits, 7);
}

static void test_sizes_that_lie(void **state)
{
    (void)state;
    enum { SIZE = 124, MANIFEST = 3 * BLOCK };
    static const char *const sizes[] = { "00000000000", "00000001000", "00000002001", "77777777777", "           " };
    for (size_t i = 0; i < 2 * COUNT_OF(sizes); i++) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&tar, "[" IMAGE(HEX) "]");
        patch(&tar, i % 2 ? MANIFEST : 0, SIZE, sizes[i / 2]);
        check_broken(until_closed, &tar, i % 3 ? BLOCK : 0, "");
    }
}

static void test_a_wrong_checksum(void **state)
{
    (void)state;
    for (size_t header = 0; header <= 3 * BLOCK; header += 3 * BLOCK) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&tar, "[" IMAGE(HEX) "]");
        tar.bytes[header + 100]++;
        check_broken(until_closed, &tar, 0, "the checksum of a header is wrong");
    }
}

static void test_an_image_that_is_not_exported(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    struct engine_export out = { 0 };
    struct http_sink sink = { keep, &got };
    docker_json(&d, 404, "{\"message\":\"No such image: app:dev\"}");
    docker_json(&d, 500, "{\"message\":\"no space left on device\"}");
    docker_start(&d);
    check_says(engine_image_export(d.engine, "app:dev", NULL, soon(), sink, &out), RW4101_IMAGE_NOT_BUILT,
               "No such image: app:dev (HTTP 404)");
    check_says(engine_image_export(d.engine, "app:dev", NULL, soon(), sink, &out), RW3103_ENGINE_REFUSED,
               "no space left on device (HTTP 500)");
    check_error(engine_image_export(d.engine, "../app", NULL, soon(), sink, &out), RW1016_PATH_OUTSIDE);
    assert_int_equal(got.len, 0);
}

static struct err *refuse(void *ctx, const void *bytes, size_t len)
{
    (void)bytes, (void)len;
    ++*(size_t *)ctx;
    return err_new(RW4003_NODE_FAILED, "no node takes the image");
}

static void test_a_sink_that_refuses(void **state)
{
    (void)state;
    static const size_t pieces[] = { 0, 512 };
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, "[" IMAGE(HEX) "]");
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        AUTO(docker) d = { 0 };
        struct engine_export out = { 0 };
        size_t calls = 0;
        docker_bytes(&d, until_closed, tar.bytes, tar.len)->piece = pieces[i];
        docker_start(&d);
        struct http_sink sink = { refuse, &calls };
        check_error(engine_image_export(d.engine, "app:dev", DIGEST, soon(), sink, &out), RW4003_NODE_FAILED);
        assert_int_equal(calls, 1);
        assert_null(out.config_digest);
    }
}

static void test_an_engine_that_stops_in_the_middle(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    struct engine_export out = { 0 };
    make_archive(&tar, "[" IMAGE(HEX) "]");
    docker_bytes(&d, until_closed, tar.bytes, tar.len)->hold = true;
    docker_start(&d);
    struct net_wait wait = { .deadline_ms = clock_after(100) };
    struct http_sink sink = { keep, &got };
    check_error(engine_image_export(d.engine, "app:dev", DIGEST, wait, sink, &out), RW9007_DEADLINE);
    assert_no_end(&got);
}

static struct err *exported_digest(const struct buf *tar, char **digest)
{
    AUTO(docker) d = { 0 };
    docker_bytes(&d, until_closed, tar->bytes, tar->len);
    docker_start(&d);
    return engine_image_exported_digest(d.engine, "app:dev", soon(), digest);
}

static void test_the_config_digest_of_an_export(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    AUTO_STR digest = NULL;
    char *none = NULL;
    make_archive(&tar, "[" IMAGE(HEX) "]");
    check_ok(exported_digest(&tar, &digest));
    assert_string_equal(digest, DIGEST);
    buf_truncate(&tar, tar.len - 1);
    check_error(exported_digest(&tar, &none), RW4201_IMAGE_STREAM);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_archive),
        cmocka_unit_test(test_an_archive_cut_around_any_block_is_no_success),
        cmocka_unit_test(test_an_answer_cut_around_any_block_is_no_success),
        cmocka_unit_test(test_an_answer_cut_in_the_zeros_behind_the_end),
        cmocka_unit_test(test_the_engine_s_error_in_place_of_data),
        cmocka_unit_test(test_no_words_where_the_engine_said_none),
        cmocka_unit_test(test_another_image),
        cmocka_unit_test(test_manifests_that_name_no_single_image),
        cmocka_unit_test(test_a_second_manifest),
        cmocka_unit_test(test_sizes_that_lie),
        cmocka_unit_test(test_a_wrong_checksum),
        cmocka_unit_test(test_an_image_that_is_not_exported),
        cmocka_unit_test(test_a_sink_that_refuses),
        cmocka_unit_test(test_an_engine_that_stops_in_the_middle),
        cmocka_unit_test(test_the_config_digest_of_an_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
