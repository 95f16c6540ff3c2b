#include "engine/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/docker.h"

enum { BLOCK = 512, END = 2 * BLOCK, ARCHIVE_BYTES = 1 << 20, LAYER_BYTES = 700 };

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MANIFEST "[{\"Config\":\"blobs/sha256/" HEX "\"}]"

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

static struct err *read_all(struct engine_export *x, struct buf *got)
{
    struct tar_entry entry;
    char piece[100];
    bool more = true;
    for (;;) {
        size_t len = 1;
        TRY(engine_export_next(x, &entry, &more));
        if (!more)
            return NULL;
        buf_adds(got, entry.name);
        while (len > 0) {
            TRY(engine_export_read(x, piece, sizeof piece, &len));
            buf_add(got, piece, len);
        }
    }
}

/* Exports from an engine whose answer is this. */
static struct err *export_piecewise(const char *head, const struct buf *body, size_t piece, struct buf *got)
{
    AUTO(docker) d = { 0 };
    AUTO_PTR(engine_export) x = NULL;
    struct fake_reply *reply = docker_bytes(&d, head, body->bytes, body->len);
    reply->piece = piece;
    reply->paced = piece > 0;
    docker_start(&d);
    TRY(engine_export_open(d.engine, "app:dev", soon(), &x));
    return read_all(x, got);
}

static void check_broken(const char *head, const struct buf *body, size_t piece, const char *says)
{
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    check_says(export_piecewise(head, body, piece, &got), RW4201_IMAGE_STREAM, says);
}

static void test_a_whole_archive(void **state)
{
    (void)state;
    static const size_t pieces[] = { 0, 61, 512, 4000 };
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&tar, MANIFEST);
        check_ok(export_piecewise(until_closed, &tar, pieces[i], &got));
        assert_int_equal(got.len, strlen("layer") + LAYER_BYTES + strlen("manifest.json" MANIFEST));
        assert_int_equal(strncmp(buf_text(&got), "layerlll", 8), 0);
        assert_true(str_ends(buf_text(&got), "lllmanifest.json" MANIFEST));
    }
}

/* The connection ends as if all had been said: only the archive itself tells that it is cut. */
static void test_an_archive_cut_around_any_block_is_no_success(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&tar, MANIFEST);
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
    make_archive(&tar, MANIFEST);
    AUTO_STR head = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", tar.len + 1);
    for (size_t len = BLOCK - 1; len <= tar.len; len += len % BLOCK == 1 ? BLOCK - 2 : 1) {
        AUTO_STR says = xasprintf("the stream ended at byte %zu", len);
        struct buf cut = { .bytes = tar.bytes, .len = len };
        check_broken(head, &cut, 0, says);
    }
}

/* The zeros behind the end may come in a piece of their own. */
static void test_an_answer_cut_in_the_zeros_behind_the_end(void **state)
{
    (void)state;
    static const char zeros[BLOCK];
    AUTO(buf) body = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&body, MANIFEST);
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
    make_archive(&tar, MANIFEST);
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
    buf_add(&tar, "x", 1);
    AUTO_PTR(err) e = export_piecewise(until_closed, &tar, 0, &got);
    assert_int_equal(err_get_code(e), RW4201_IMAGE_STREAM);
    assert_null(strstr(err_get_cause(e), "of the image"));
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
    enum { SIZE = 124, SECOND = 3 * BLOCK };
    static const struct {
        size_t header;
        const char *size;
    } lies[] = {
        { 0, "00000000000" },      { 0, "00000001000" },      { 0, "00000002001" },      { 0, "77777777777" },
        { SECOND, "00000000000" }, { SECOND, "00000002001" }, { SECOND, "77777777777" }, { SECOND, "           " },
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&tar, MANIFEST);
        patch(&tar, lies[i].header, SIZE, lies[i].size);
        check_broken(until_closed, &tar, i % 3 ? BLOCK : 0, "");
    }
}

static void test_a_wrong_checksum(void **state)
{
    (void)state;
    for (size_t header = 0; header <= 3 * BLOCK; header += 3 * BLOCK) {
        AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&tar, MANIFEST);
        tar.bytes[header + 100]++;
        check_broken(until_closed, &tar, 0, "the checksum of a header is wrong");
    }
}

static void check_refused(const struct docker *d, const char *ref, enum err_code code, const char *says)
{
    AUTO_PTR(engine_export) x = NULL;
    check_says(engine_export_open(d->engine, ref, soon(), &x), code, says);
    assert_null(x);
}

static void test_an_image_that_is_not_exported(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    docker_json(&d, 404, "{\"message\":\"No such image: app:dev\"}");
    docker_json(&d, 500, "{\"message\":\"no space left on device\"}");
    docker_start(&d);
    check_refused(&d, "app:dev", RW4101_IMAGE_NOT_BUILT, "No such image: app:dev (HTTP 404)");
    check_refused(&d, "app:dev", RW3103_ENGINE_REFUSED, "no space left on device (HTTP 500)");
    check_refused(&d, "../app", RW1016_PATH_OUTSIDE, "");
}

static void test_an_engine_that_stops_in_the_middle(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    AUTO(buf) tar = BUF_INIT(ARCHIVE_BYTES);
    AUTO(buf) got = BUF_INIT(ARCHIVE_BYTES);
    AUTO_PTR(engine_export) x = NULL;
    make_archive(&tar, MANIFEST);
    docker_bytes(&d, until_closed, tar.bytes, tar.len)->hold = true;
    docker_start(&d);
    struct net_wait wait = { .deadline_ms = clock_after(100) };
    struct err *e = engine_export_open(d.engine, "app:dev", wait, &x);
    check_error(e ? e : read_all(x, &got), RW9007_DEADLINE);
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
        cmocka_unit_test(test_sizes_that_lie),
        cmocka_unit_test(test_a_wrong_checksum),
        cmocka_unit_test(test_an_image_that_is_not_exported),
        cmocka_unit_test(test_an_engine_that_stops_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
