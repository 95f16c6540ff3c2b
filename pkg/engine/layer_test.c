#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/image.h"
#include "fake/check.h"
#include "fake/docker.h"
#include "tar/tar.h"

enum { ARCHIVE_BYTES = 1 << 20, LAYER_BYTES = 70000 };

#define BLOBS "blobs/sha256/"

static const char until_closed[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

static struct net_wait soon(void)
{
    return (struct net_wait){ .deadline_ms = clock_after(10000) };
}

static void add_file(struct tar_writer *w, const char *name, const char *bytes, size_t len)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = len };
    check_ok(tar_add_entry(w, &entry));
    check_ok(tar_add_data(w, bytes, len));
}

/* An export as before Docker 25, and since; layer NULL: without one. */
static void make_archive(struct buf *tar, bool is_old, const char *layer)
{
    AUTO_PTR(tar_writer) w = NULL;
    check_ok(tar_writer_new(tar, &w));
    add_file(w, is_old ? "0123.json" : BLOBS "01", "{\"os\":\"linux\"}", 14);
    if (is_old)
        add_file(w, "4567/json", "{}", 2);
    if (layer)
        add_file(w, is_old ? "4567/layer.tar" : BLOBS "02", layer, LAYER_BYTES);
    add_file(w, "manifest.json", "[]", 2);
    check_ok(tar_finish(w));
}

static struct err *read_layer(const char *head, const struct buf *archive, size_t len, struct buf *out)
{
    AUTO(docker) d = { 0 };
    AUTO_PTR(engine_layer) layer = NULL;
    const void *bytes = NULL;
    size_t some = 1;
    docker_bytes(&d, head, archive->bytes, len);
    docker_start(&d);
    TRY(engine_image_layer(d.engine, "sha256:01", soon(), &layer));
    while (some > 0) {
        TRY(engine_layer_read(layer, &bytes, &some));
        buf_add(out, bytes, some);
    }
    return NULL;
}

static char *make_layer(void)
{
    char *layer = xcalloc(LAYER_BYTES, 1);
    for (size_t i = 0; i < LAYER_BYTES; i++)
        layer[i] = (char)('a' + i % 23);
    return layer;
}

static void test_both_kinds_of_export(void **state)
{
    (void)state;
    AUTO_STR layer = make_layer();
    for (int is_old = 0; is_old < 2; is_old++) {
        AUTO(buf) archive = BUF_INIT(ARCHIVE_BYTES);
        AUTO(buf) found = BUF_INIT(ARCHIVE_BYTES);
        make_archive(&archive, is_old, layer);
        check_ok(read_layer(until_closed, &archive, archive.len, &found));
        assert_int_equal(found.len, LAYER_BYTES);
        assert_memory_equal(found.bytes, layer, LAYER_BYTES);
    }
}

static void test_no_layer(void **state)
{
    (void)state;
    AUTO(buf) archive = BUF_INIT(ARCHIVE_BYTES);
    AUTO(buf) found = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&archive, false, NULL);
    check_says(read_layer(until_closed, &archive, archive.len, &found), RW4201_IMAGE_STREAM, "has no layer");
}

static void test_an_export_that_is_cut_or_refused(void **state)
{
    (void)state;
    AUTO_STR layer = make_layer();
    AUTO(buf) archive = BUF_INIT(ARCHIVE_BYTES);
    AUTO(buf) found = BUF_INIT(ARCHIVE_BYTES);
    AUTO(buf) words = BUF_INIT(ARCHIVE_BYTES);
    make_archive(&archive, true, layer);
    check_error(read_layer(until_closed, &archive, archive.len / 2, &found), RW4201_IMAGE_STREAM);
    buf_adds(&words, "{\"message\":\"no such image\"}");
    check_says(read_layer("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", &words, words.len, &found),
               RW4101_IMAGE_NOT_BUILT, "no such image");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_kinds_of_export),
        cmocka_unit_test(test_no_layer),
        cmocka_unit_test(test_an_export_that_is_cut_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
