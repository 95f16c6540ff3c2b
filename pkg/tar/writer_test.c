#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/tar.h"

enum { BLOCK = 512 };

static void assert_fine(struct err *e)
{
    if (e)
        fail_msg("%s: %s", err_get_message(e), err_get_cause(e) ? err_get_cause(e) : "");
}

static void expect(struct err *e_steal, enum err_code code, const char *word)
{
    AUTO_PTR(err) e = e_steal;
    assert_non_null(e);
    assert_int_equal(err_get_code(e), code);
    AUTO_STR all = xasprintf("%s %s", err_get_message(e), err_get_cause(e) ? err_get_cause(e) : "");
    if (!strstr(all, word))
        fail_msg("\"%s\" does not hold \"%s\"", all, word);
}

static struct tar_entry file(const char *name, uint64_t size)
{
    return (struct tar_entry){ .name = name, .kind = TAR_FILE, .mode = 0644, .size = size, .mtime_s = 1700000000 };
}

static void add_file(struct tar_writer *w, const char *name, const char *text)
{
    const struct tar_entry entry = file(name, strlen(text));
    assert_fine(tar_add_entry(w, &entry));
    assert_fine(tar_add_data(w, text, strlen(text)));
}

/* Names of 180, of 300 bytes, and one that is not ASCII. */
static const char long_dir[] = "directory-with-a-name-of-forty-characters/";
static const char accents[] = "donn\xC3\xA9"
                              "es/\xE6\x97\xA5.csv";

static void add_all(struct tar_writer *w)
{
    AUTO_STR splits = xasprintf("%s%s%s%s/file", long_dir, long_dir, long_dir, "x");
    AUTO_STR too_long =
        xasprintf("%s%s%s%s%s%s%s", long_dir, long_dir, long_dir, long_dir, long_dir, long_dir, long_dir);
    add_file(w, "Dockerfile", "FROM scratch\n");
    add_file(w, "empty", "");
    const struct tar_entry dir = { .name = "src", .kind = TAR_DIR, .mode = 0755, .mtime_s = 1700000000 };
    const struct tar_entry symlink = { .name = "src/up", .kind = TAR_SYMLINK, .mode = 0777, .link = "../../etc" };
    const struct tar_entry hardlink = { .name = "copy", .kind = TAR_HARDLINK, .mode = 0644, .link = "Dockerfile" };
    assert_fine(tar_add_entry(w, &dir));
    assert_fine(tar_add_entry(w, &symlink));
    assert_fine(tar_add_entry(w, &hardlink));
    add_file(w, splits, "split");
    add_file(w, too_long, "long");
    add_file(w, accents, "1;2\n");
    const struct tar_entry tool = { .name = "tool", .kind = TAR_FILE, .mode = 04755, .size = 0, .mtime_s = 0 };
    assert_fine(tar_add_entry(w, &tool));
}

static void write_all(struct buf *sink)
{
    struct tar_writer *w = NULL;
    assert_fine(tar_writer_new(sink, &w));
    add_all(w);
    assert_fine(tar_finish(w));
    tar_writer_free(w);
}

static uint64_t octal(const char *field, size_t len)
{
    AUTO_STR digits = xstrndup(field, len);
    return strtoull(digits, NULL, 8);
}

/* find: the header whose name field is this. */
static const char *find(const struct buf *tar, const char *name)
{
    for (size_t at = 0; at + BLOCK <= tar->len; at += BLOCK) {
        if (strncmp(tar->bytes + at, name, 100) == 0)
            return tar->bytes + at;
    }
    fail_msg("no header for %s", name);
    return NULL;
}

static void test_writer_same_bytes_each_time(void **state)
{
    (void)state;
    AUTO(buf) one = BUF_INIT(1 << 20);
    AUTO(buf) two = BUF_INIT(1 << 20);
    write_all(&one);
    write_all(&two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.bytes, two.bytes, one.len);
    assert_int_equal(one.len % BLOCK, 0);
}

static void test_writer_headers(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    write_all(&tar);
    const char *first = tar.bytes;
    assert_string_equal(first, "Dockerfile");
    assert_int_equal(first[156], '0');
    assert_memory_equal(first + 257, "ustar\00000", 8);
    assert_int_equal(octal(first + 100, 8), 0644);
    assert_int_equal(octal(first + 108, 8), 0); /* uid */
    assert_int_equal(octal(first + 116, 8), 0); /* gid */
    assert_int_equal(octal(first + 124, 12), 13);
    assert_int_equal(octal(first + 136, 12), 1700000000);
    assert_string_equal(first + 265, ""); /* user's name */
    assert_string_equal(first + 297, ""); /* group's name */
    assert_memory_equal(first + BLOCK, "FROM scratch\n", 14);
    assert_int_equal(find(&tar, "src/")[156], '5');
    assert_int_equal(find(&tar, "src/up")[156], '2');
    assert_string_equal(find(&tar, "src/up") + 157, "../../etc");
    assert_int_equal(find(&tar, "copy")[156], '1');
    assert_string_equal(find(&tar, "copy") + 157, "Dockerfile");
    assert_int_equal(octal(find(&tar, "tool") + 100, 8), 04755);
}

/* An extended header only in front of the one entry that needs one: nothing of this process or of
 * this moment is in it. */
static void test_writer_extended_headers_only_where_needed(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    write_all(&tar);
    size_t extended = 0;
    for (size_t at = 0; at + BLOCK <= tar.len; at += BLOCK) {
        bool is_header = memcmp(tar.bytes + at + 257, "ustar", 5) == 0;
        extended += is_header && tar.bytes[at + 156] == 'x';
    }
    assert_int_equal(extended, 1);
    assert_non_null(memmem(tar.bytes, tar.len, " path=directory-with", 20));
    assert_int_equal(find(&tar, accents)[156], '0');
    assert_null(memmem(tar.bytes, tar.len, "atime=", 6));
    assert_null(memmem(tar.bytes, tar.len, "SCHILY", 6));
    assert_null(memmem(tar.bytes, tar.len, "LIBARCHIVE", 10));
}

static void test_writer_ends_with_two_zero_blocks(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    write_all(&tar);
    static const char zeros[2 * BLOCK];
    assert_memory_equal(tar.bytes + tar.len - sizeof zeros, zeros, sizeof zeros);
}

/* first_entry: what stands in the first block when this entry is the first. */
static void expect_first(const char *name, const char *wanted)
{
    AUTO(buf) tar = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    assert_fine(tar_writer_new(&tar, &w));
    add_file(w, name, "x");
    assert_fine(tar_finish(w));
    assert_string_equal(tar.bytes, wanted);
    assert_true(tar.bytes[156] == '0' || tar.bytes[156] == '5');
}

static void test_writer_first_header_is_plain(void **state)
{
    (void)state;
    AUTO_STR too_long = xcalloc(300, 1);
    memset(too_long, 'n', 299);
    expect_first("Dockerfile", "Dockerfile");
    expect_first(too_long, "./");
    expect_first(accents, accents);
}

static void test_writer_without_entries(void **state)
{
    (void)state;
    AUTO(buf) tar = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    assert_fine(tar_writer_new(&tar, &w));
    assert_int_equal(tar.len, 0);
    assert_fine(tar_finish(w));
    assert_string_equal(tar.bytes, "./");
    assert_int_equal(tar.len, 3 * BLOCK);
}

/* A caller that pulls: the sink holds no more than one piece, and is emptied in between. */
static void test_writer_pulled_in_pieces(void **state)
{
    (void)state;
    enum { PIECE = 1000, PIECES = 300 };
    AUTO(buf) sink = BUF_INIT(PIECE + TAR_HEAD_ROOM);
    AUTO_PTR(tar_writer) w = NULL;
    char piece[PIECE];
    memset(piece, 'p', sizeof piece);
    size_t total = 0;
    const struct tar_entry large = file("large", PIECE * PIECES);
    assert_fine(tar_writer_new(&sink, &w));
    assert_fine(tar_add_entry(w, &large));
    for (int i = 0; i < PIECES; i++) {
        assert_fine(tar_add_data(w, piece, sizeof piece));
        total += sink.len;
        buf_consume(&sink, sink.len);
    }
    add_file(w, "next", "n");
    assert_fine(tar_finish(w));
    total += sink.len;
    size_t padded = (PIECE * PIECES + BLOCK - 1) / BLOCK * BLOCK;
    assert_int_equal(total, BLOCK + padded + 2 * BLOCK + 2 * BLOCK);
}

static void test_writer_longest_names_fit_the_room(void **state)
{
    (void)state;
    AUTO_STR name = xcalloc(TAR_NAME_MAX + 2, 1);
    memset(name, 'n', TAR_NAME_MAX);
    const struct tar_entry entry = { .name = name, .kind = TAR_HARDLINK, .link = name };
    AUTO(buf) sink = BUF_INIT(TAR_HEAD_ROOM);
    AUTO_PTR(tar_writer) w = NULL;
    assert_fine(tar_writer_new(&sink, &w));
    assert_fine(tar_add_entry(w, &entry));
    name[TAR_NAME_MAX] = 'n';
    expect(tar_add_entry(w, &entry), RW2003_CONTEXT_UNREADABLE, "longer than 4096");
}

static void test_writer_8_gib(void **state)
{
    (void)state;
    AUTO(buf) sink = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    assert_fine(tar_writer_new(&sink, &w));
    add_file(w, "Dockerfile", "x");
    size_t before = sink.len;
    const struct tar_entry large = file("large", (uint64_t)1 << 33);
    assert_fine(tar_add_entry(w, &large));
    size_t padded = (before + BLOCK - 1) / BLOCK * BLOCK;
    assert_int_equal(sink.bytes[padded + 156], 'x');
    assert_non_null(memmem(sink.bytes, sink.len, "size=8589934592\n", 16));
}

/* After each failure: nothing more comes out, and the tar can't be finished. */
static void expect_dead(struct tar_writer *w, const struct buf *sink)
{
    size_t len = sink->len;
    const struct tar_entry entry = file("after", 1);
    expect(tar_add_entry(w, &entry), RW2004_CONTEXT_CHANGED, "");
    expect(tar_add_data(w, "x", 1), RW2004_CONTEXT_CHANGED, "");
    expect(tar_finish(w), RW2004_CONTEXT_CHANGED, "");
    assert_int_equal(sink->len, len);
}

static void test_writer_file_became_longer(void **state)
{
    (void)state;
    AUTO(buf) sink = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    const struct tar_entry entry = file("grows", 3);
    assert_fine(tar_writer_new(&sink, &w));
    assert_fine(tar_add_entry(w, &entry));
    assert_fine(tar_add_data(w, "abc", 3));
    expect(tar_add_data(w, "d", 1), RW2004_CONTEXT_CHANGED, "grows became longer");
    expect_dead(w, &sink);
}

static void test_writer_file_became_shorter(void **state)
{
    (void)state;
    AUTO(buf) sink = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    const struct tar_entry entry = file("shrinks", 3);
    assert_fine(tar_writer_new(&sink, &w));
    assert_fine(tar_add_entry(w, &entry));
    assert_fine(tar_add_data(w, "ab", 2));
    expect(tar_add_entry(w, &entry), RW2004_CONTEXT_CHANGED, "shrinks became shorter");
    expect_dead(w, &sink);
}

static void test_writer_last_file_became_shorter(void **state)
{
    (void)state;
    AUTO(buf) sink = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    const struct tar_entry entry = file("shrinks", 3);
    assert_fine(tar_writer_new(&sink, &w));
    assert_fine(tar_add_entry(w, &entry));
    expect(tar_finish(w), RW2004_CONTEXT_CHANGED, "3 bytes");
    expect_dead(w, &sink);
}

static void test_writer_data_without_a_file(void **state)
{
    (void)state;
    AUTO(buf) sink = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    assert_fine(tar_writer_new(&sink, &w));
    expect(tar_add_data(w, "x", 1), RW2004_CONTEXT_CHANGED, "longer");
    expect_dead(w, &sink);
}

static void test_writer_refuses_names(void **state)
{
    (void)state;
    static const struct tar_entry bad[] = {
        { .name = NULL, .kind = TAR_FILE },
        { .name = "", .kind = TAR_FILE },
        { .name = "/etc/passwd", .kind = TAR_FILE },
        { .name = "..", .kind = TAR_DIR },
        { .name = "a/../../b", .kind = TAR_FILE },
        { .name = "a/..", .kind = TAR_DIR },
        { .name = "l", .kind = TAR_HARDLINK, .link = "../x" },
        { .name = "l", .kind = TAR_HARDLINK },
        { .name = "l", .kind = TAR_SYMLINK },
        { .name = "l", .kind = TAR_SYMLINK, .link = "" },
        { .name = "other", .kind = TAR_OTHER },
        { .name = "fifo", .kind = TAR_FIFO },
        { .name = "huge", .kind = TAR_FILE, .size = UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(buf) sink = BUF_INIT(1 << 20);
        AUTO_PTR(tar_writer) w = NULL;
        assert_fine(tar_writer_new(&sink, &w));
        expect(tar_add_entry(w, &bad[i]), RW2003_CONTEXT_UNREADABLE, "");
        expect_dead(w, &sink);
        assert_int_equal(sink.len, 0);
    }
    expect_first("..a/b..", "..a/b..");
}

static void test_writer_freed_early_leaves_no_end(void **state)
{
    (void)state;
    AUTO(buf) sink = BUF_INIT(1 << 20);
    struct tar_writer *w = NULL;
    assert_fine(tar_writer_new(&sink, &w));
    add_file(w, "a", "x");
    size_t len = sink.len;
    tar_writer_free(w);
    assert_int_equal(sink.len, len);
}

/* Devices and capabilities, which a context does not have; no entry of ours stands in front. */
static void test_layer_writer(void **state)
{
    (void)state;
    static const char record[] = "SCHILY.xattr.security.capability=\x01\x02\n";
    static const struct tar_entry entries[] = {
        { .name = "f", .kind = TAR_FILE, .uid = 999, .gid = 7, .capability = "\x01\x02", .capability_len = 2 },
        { .name = "null", .kind = TAR_CHAR_DEVICE, .dev_major = 1, .dev_minor = 3 },
        { .name = "pipe", .kind = TAR_FIFO },
    };
    AUTO(buf) sink = BUF_INIT(1 << 20);
    AUTO_PTR(tar_writer) w = NULL;
    assert_fine(tar_layer_writer_new(&sink, &w));
    for (size_t i = 0; i < COUNT_OF(entries); i++)
        assert_fine(tar_add_entry(w, &entries[i]));
    assert_fine(tar_finish(w));
    assert_int_equal(sink.bytes[156], 'x');
    assert_non_null(memmem(sink.bytes, sink.len, record, sizeof record - 1));
    const char *file = sink.bytes + sink.len - 5 * BLOCK;
    assert_string_equal(file, "f");
    assert_string_equal(file + 108, "001747 ");
    assert_string_equal(file + 116, "000007 ");
    assert_int_equal(file[BLOCK + 156], '3');
    assert_string_equal(file + BLOCK + 329, "000001 ");
    assert_string_equal(file + BLOCK + 337, "000003 ");
    assert_int_equal(file[2 * BLOCK + 156], '6');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer_same_bytes_each_time),
        cmocka_unit_test(test_writer_headers),
        cmocka_unit_test(test_writer_extended_headers_only_where_needed),
        cmocka_unit_test(test_writer_ends_with_two_zero_blocks),
        cmocka_unit_test(test_writer_first_header_is_plain),
        cmocka_unit_test(test_writer_without_entries),
        cmocka_unit_test(test_writer_pulled_in_pieces),
        cmocka_unit_test(test_writer_longest_names_fit_the_room),
        cmocka_unit_test(test_writer_8_gib),
        cmocka_unit_test(test_writer_file_became_longer),
        cmocka_unit_test(test_writer_file_became_shorter),
        cmocka_unit_test(test_writer_last_file_became_shorter),
        cmocka_unit_test(test_writer_data_without_a_file),
        cmocka_unit_test(test_writer_refuses_names),
        cmocka_unit_test(test_writer_freed_early_leaves_no_end),
        cmocka_unit_test(test_layer_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
