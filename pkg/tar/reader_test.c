#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/tar.h"

enum { BLOCK = 512 };

/* A stream that gives its bytes in pieces, and may end in an error of its own. */
struct stream {
    const char *bytes;
    size_t len;
    size_t piece;
    size_t given;
    bool fails;
};

static struct err *pull(void *ctx, const void **bytes, size_t *len)
{
    struct stream *s = ctx;
    size_t left = s->len - s->given;
    *len = left < s->piece ? left : s->piece;
    *bytes = s->bytes + s->given;
    s->given += *len;
    return *len == 0 && s->fails ? err_new(RW9003_SOCKET, "the connection broke") : NULL;
}

static void assert_fine(struct err *e)
{
    if (e)
        fail_msg("%s: %s", err_get_message(e), err_get_cause(e) ? err_get_cause(e) : "");
}

static void add_file(struct tar_writer *w, const char *name, const char *bytes, size_t len)
{
    const struct tar_entry entry = { .name = name, .kind = TAR_FILE, .mode = 0644, .size = len, .mtime_s = 1 };
    assert_fine(tar_add_entry(w, &entry));
    assert_fine(tar_add_data(w, bytes, len));
}

/* sample: as an engine saves an image, in small; the last file ends in zeros, more of them than
 * the end of an archive has. */
static void make_sample(struct buf *sink)
{
    static const char layer[4096] = "layer";
    AUTO_PTR(tar_writer) w = NULL;
    AUTO_STR long_name = xcalloc(301, 1);
    memset(long_name, 'n', 300);
    const struct tar_entry dir = { .name = "blobs/", .kind = TAR_DIR, .mode = 0755 };
    const struct tar_entry link = { .name = "latest", .kind = TAR_SYMLINK, .mode = 0777, .link = "blobs/x" };
    assert_fine(tar_writer_new(sink, &w));
    assert_fine(tar_add_entry(w, &dir));
    assert_fine(tar_add_entry(w, &link));
    add_file(w, "manifest.json", "[{\"Config\":\"x\"}]", 16);
    add_file(w, "empty", "", 0);
    add_file(w, long_name, "x", 1);
    add_file(w, "blobs/x", layer, sizeof layer);
    assert_fine(tar_finish(w));
}

/* read_all: every entry and byte; the names and contents as one text. */
static struct err *read_all(struct stream *s, struct buf *seen)
{
    AUTO_PTR(tar_reader) r = NULL;
    TRY(tar_reader_new(pull, s, &r));
    for (;;) {
        struct tar_entry entry;
        bool more;
        TRY(tar_read_next(r, &entry, &more));
        if (!more)
            return NULL;
        buf_addf(seen, "%d %s %llu %s\n", (int)entry.kind, entry.name, (unsigned long long)entry.size,
                 entry.link ? entry.link : "-");
        for (size_t len = 1; len > 0;) {
            char some[100];
            TRY(tar_read_data(r, some, sizeof some, &len));
            buf_addf(seen, "%.*s", (int)len, some);
        }
    }
}

/* skip_all: every header, no data. */
static struct err *skip_all(struct stream *s)
{
    AUTO_PTR(tar_reader) r = NULL;
    TRY(tar_reader_new(pull, s, &r));
    for (bool more = true; more;) {
        struct tar_entry entry;
        TRY(tar_read_next(r, &entry, &more));
    }
    return NULL;
}

static void expect_broken(const struct buf *tar, const char *what)
{
    static const size_t pieces[] = { 1 << 20, 512 };
    for (size_t i = 0; i < 2 * COUNT_OF(pieces); i++) {
        AUTO(buf) seen = BUF_INIT(1 << 20);
        struct stream s = { .bytes = buf_text(tar), .len = tar->len, .piece = pieces[i / 2] };
        AUTO_PTR(err) e = i % 2 ? skip_all(&s) : read_all(&s, &seen);
        if (!e)
            fail_msg("taken for whole: %s (%zu bytes)", what, tar->len);
        assert_int_equal(err_get_code(e), RW4201_IMAGE_STREAM);
        assert_int_equal(err_get_class(e), ERR_INTEGRITY);
    }
}

static void test_reader_entries(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    AUTO(buf) first = BUF_INIT(1 << 20);
    for (size_t piece = 1; piece < 2000; piece += 37) {
        AUTO(buf) seen = BUF_INIT(1 << 20);
        struct stream s = { .bytes = tar.bytes, .len = tar.len, .piece = piece };
        assert_fine(read_all(&s, &seen));
        if (!first.bytes)
            buf_adds(&first, buf_text(&seen));
        assert_string_equal(buf_text(&seen), buf_text(&first));
    }
    assert_non_null(strstr(buf_text(&first),
                           "1 blobs/ 0 -\n2 latest 0 blobs/x\n0 manifest.json 16 -\n[{\"Config\":\"x\"}]"
                           "0 empty 0 -\n0 nnnn"));
    assert_non_null(strstr(buf_text(&first), "nnn 1 -\nx0 blobs/x 4096 -\nlayer"));
}

static void test_reader_cut_at_every_byte(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    for (size_t len = tar.len; len > 0; len--) {
        buf_truncate(&tar, len - 1);
        expect_broken(&tar, "a cut stream");
    }
}

/* An engine that fails half-way writes its error as JSON behind what it has sent
 * (moby image_routes.go, getImagesGet). */
static void test_reader_error_text_at_every_block(void **state)
{
    (void)state;
    static const char text[] = "{\"errorDetail\":{\"message\":\"no space left on device\"}}\n";
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    for (size_t len = 0; len <= tar.len; len += BLOCK) {
        for (size_t off = len ? len - 1 : 0; off <= len + 1 && off <= tar.len; off++) {
            AUTO(buf) cut = BUF_INIT(1 << 20);
            buf_add(&cut, tar.bytes, off);
            buf_adds(&cut, text);
            expect_broken(&cut, "an error text in a tar");
        }
    }
}

static void test_reader_padding_is_fine(void **state)
{
    (void)state;
    static const char zeros[10240];
    AUTO(buf) tar = BUF_INIT(4 << 20);
    make_sample(&tar);
    buf_add(&tar, zeros, sizeof zeros);
    struct stream s = { .bytes = tar.bytes, .len = tar.len, .piece = 700 };
    assert_fine(skip_all(&s));
    while (tar.len < 2 << 20)
        buf_add(&tar, zeros, sizeof zeros);
    expect_broken(&tar, "zeros without end");
}

static void test_reader_no_tar(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "x", "{\"message\":\"no such image\"}\n", "\x1F\x8B\x08" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(buf) b = BUF_INIT(4096);
        buf_adds(&b, texts[i]);
        expect_broken(&b, "no tar");
    }
    AUTO(buf) noise = BUF_INIT(8192);
    for (uint32_t i = 0, x = 1; i < 8192; i++) {
        x = x * 1664525u + 1013904223u;
        buf_add(&noise, &(char){ (char)(x >> 24) }, 1);
    }
    expect_broken(&noise, "noise");
}

static void set_checksum(char *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
}

/* Each bit of a header's first bytes flipped is seen by its checksum. */
static void test_reader_damaged_header(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    for (size_t at = 0; at < 160; at++) {
        if (at >= 148 && at < 156)
            continue;
        tar.bytes[2 * BLOCK + at] ^= 1;
        expect_broken(&tar, "a damaged header");
        tar.bytes[2 * BLOCK + at] ^= 1;
    }
}

static void test_reader_size_below_zero(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    char *header = tar.bytes + 2 * BLOCK;
    assert_string_equal(header, "manifest.json");
    memset(header + 124, 0xFF, 12);
    set_checksum(header);
    expect_broken(&tar, "a size below zero");
    memset(header + 124, 0, 12);
    header[124] = (char)0x80;
    header[128] = 0x7F;
    set_checksum(header);
    expect_broken(&tar, "a size beyond all bounds");
}

static void test_reader_device(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    tar.bytes[156] = '6';
    set_checksum(tar.bytes);
    struct stream s = { .bytes = tar.bytes, .len = tar.len, .piece = 4096 };
    AUTO_PTR(tar_reader) r = NULL;
    struct tar_entry entry;
    bool more = false;
    assert_fine(tar_reader_new(pull, &s, &r));
    assert_fine(tar_read_next(r, &entry, &more));
    assert_true(more);
    assert_int_equal(entry.kind, TAR_OTHER);
}

/* add_block: a header of its own make, and what follows it, padded. */
static void add_block(struct buf *tar, const char *name, char type, size_t size, const char *body, size_t body_len)
{
    char header[BLOCK] = { 0 };
    memcpy(header, name, strlen(name));
    snprintf(header + 124, 12, "%011zo", size & 0777777777);
    header[156] = type;
    memcpy(header + 257, "ustar\00000", 8);
    set_checksum(header);
    buf_add(tar, header, BLOCK);
    buf_add(tar, body, body_len);
    while (tar->len % BLOCK)
        buf_add(tar, "", 1);
}

static void add_end(struct buf *tar)
{
    static const char zeros[2 * BLOCK];
    buf_add(tar, zeros, sizeof zeros);
}

static void expect_seen(struct buf *tar, const char *wanted)
{
    AUTO(buf) seen = BUF_INIT(1 << 20);
    add_end(tar);
    struct stream s = { .bytes = tar->bytes, .len = tar->len, .piece = 333 };
    assert_fine(read_all(&s, &seen));
    assert_string_equal(buf_text(&seen), wanted);
}

static void test_reader_extended_headers(void **state)
{
    (void)state;
    AUTO(buf) pax = BUF_INIT(1 << 20);
    AUTO(buf) gnu = BUF_INIT(1 << 20);
    add_block(&pax, "x", 'x', 23, "12 path=p/q\n11 size=12\n", 23);
    add_block(&pax, "short", '0', 0, "twelve bytes", 12);
    add_block(&pax, "next", '0', 1, "n", 1);
    expect_seen(&pax, "0 p/q 12 -\ntwelve bytes0 next 1 -\nn");
    add_block(&gnu, "././@LongLink", 'K', 7, "target", 7);
    add_block(&gnu, "././@LongLink", 'L', 5, "long", 5);
    add_block(&gnu, "short", '2', 0, "", 0);
    add_block(&gnu, "next", '0', 0, "", 0);
    expect_seen(&gnu, "2 long 0 target\n0 next 0 -\n");
}

/* CVE-2025-62518: what readers understand differently hides one archive in another. */
static void test_reader_refuses_what_can_be_read_in_two_ways(void **state)
{
    (void)state;
    static const struct {
        char first, second;
        const char *body;
    } pairs[] = { { 'x', 'x', "9 path=a\n" }, { 'x', 'L', "9 path=a\n" }, { 'L', 'x', "9 path=a\n" },
                  { 'L', 'L', "n" },          { 'K', 'K', "n" },          { 'L', 0, "n" },
                  { 'x', 0, "9 path=a\n" },   { 'L', '0', "a\0b" },       { 'x', '0', "9 size=1\n" },
                  { 'g', '0', "9 size=1\n" }, { 'S', '0', "" },           { 'L', '0', "" } };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        AUTO(buf) tar = BUF_INIT(1 << 20);
        size_t len = pairs[i].body[0] == 'a' ? 3 : strlen(pairs[i].body);
        add_block(&tar, "one", pairs[i].first, len, pairs[i].body, len);
        if (pairs[i].second && pairs[i].second != '0')
            add_block(&tar, "two", pairs[i].second, len, pairs[i].body, len);
        if (pairs[i].second)
            add_block(&tar, "file", '0', 0, "", 0);
        add_end(&tar);
        expect_broken(&tar, "two ways to read it");
    }
}

static void test_reader_refuses_sizes_where_none_can_be(void **state)
{
    (void)state;
    for (const char *type = "123456"; *type; type++) {
        AUTO(buf) tar = BUF_INIT(1 << 20);
        add_block(&tar, "e", *type, 1, "x", 1);
        add_end(&tar);
        expect_broken(&tar, "something else than a file with a size");
    }
    AUTO(buf) directory = BUF_INIT(1 << 20);
    add_block(&directory, "e/", '0', 0, "", 0);
    add_end(&directory);
    expect_broken(&directory, "a file named like a directory");
    AUTO(buf) link = BUF_INIT(1 << 20);
    add_block(&link, "e", '2', 0, "", 0);
    add_end(&link);
    expect_broken(&link, "a link to nothing");
}

static void test_reader_long_names(void **state)
{
    (void)state;
    for (size_t len = TAR_NAME_MAX; len <= TAR_NAME_MAX + 1; len++) {
        AUTO(buf) pax = BUF_INIT(1 << 20);
        AUTO(buf) gnu = BUF_INIT(1 << 20);
        AUTO_STR name = xcalloc(len + 1, 1);
        memset(name, 'n', len);
        AUTO_STR record = xasprintf("%zu path=%s\n", len + 11, name);
        assert_int_equal(strlen(record), len + 11);
        AUTO_STR wanted = xasprintf("0 %s 0 -\n", name);
        add_block(&pax, "x", 'x', len + 11, record, len + 11);
        add_block(&gnu, "x", 'L', len + 1, name, len + 1);
        add_block(&pax, "f", '0', 0, "", 0);
        add_block(&gnu, "f", '0', 0, "", 0);
        if (len <= TAR_NAME_MAX) {
            expect_seen(&pax, wanted);
            expect_seen(&gnu, wanted);
        } else {
            add_end(&pax);
            add_end(&gnu);
            expect_broken(&pax, "a long name");
            expect_broken(&gnu, "a long name");
        }
    }
}

static void test_reader_large_extended_header(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(4 << 20);
    AUTO_STR body = xcalloc((1 << 20) + 1, 1);
    add_block(&tar, "x", 'x', (1 << 20) + 1, body, (1 << 20) + 1);
    add_end(&tar);
    expect_broken(&tar, "an extended header above 1 MiB");
}

static void test_reader_ends_once(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(4096);
    add_end(&tar);
    struct stream s = { .bytes = tar.bytes, .len = tar.len, .piece = 100 };
    AUTO_PTR(tar_reader) r = NULL;
    struct tar_entry entry;
    assert_fine(tar_reader_new(pull, &s, &r));
    for (int i = 0; i < 3; i++) {
        bool more = true;
        assert_fine(tar_read_next(r, &entry, &more));
        assert_false(more);
    }
}

static void test_reader_passes_the_streams_error(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    make_sample(&tar);
    for (size_t len = 0; len <= tar.len; len += 256) {
        AUTO(buf) seen = BUF_INIT(1 << 20);
        struct stream s = { .bytes = tar.bytes, .len = len, .piece = 100, .fails = true };
        AUTO_PTR(err) e = read_all(&s, &seen);
        assert_non_null(e);
        assert_int_equal(err_get_code(e), RW9003_SOCKET);
    }
}

static void test_reader_stays_broken(void **state)
{
    (void)state;
    struct stream s = { .bytes = "x", .len = 1, .piece = 1 };
    AUTO_PTR(tar_reader) r = NULL;
    struct tar_entry entry;
    bool more;
    size_t len;
    assert_fine(tar_reader_new(pull, &s, &r));
    for (int i = 0; i < 3; i++) {
        AUTO_PTR(err) e = tar_read_next(r, &entry, &more);
        assert_non_null(e);
    }
    AUTO_PTR(err) e = tar_read_data(r, &s, 1, &len);
    assert_non_null(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_entries),
        cmocka_unit_test(test_reader_cut_at_every_byte),
        cmocka_unit_test(test_reader_error_text_at_every_block),
        cmocka_unit_test(test_reader_padding_is_fine),
        cmocka_unit_test(test_reader_no_tar),
        cmocka_unit_test(test_reader_damaged_header),
        cmocka_unit_test(test_reader_size_below_zero),
        cmocka_unit_test(test_reader_device),
        cmocka_unit_test(test_reader_extended_headers),
        cmocka_unit_test(test_reader_refuses_what_can_be_read_in_two_ways),
        cmocka_unit_test(test_reader_refuses_sizes_where_none_can_be),
        cmocka_unit_test(test_reader_long_names),
        cmocka_unit_test(test_reader_large_extended_header),
        cmocka_unit_test(test_reader_ends_once),
        cmocka_unit_test(test_reader_passes_the_streams_error),
        cmocka_unit_test(test_reader_stays_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
