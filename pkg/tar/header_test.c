#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tar/header.h"

static void set_checksum(char *block)
{
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
}

/* make: a header of GNU or ustar; size: 12 bytes of the field. */
static void make(char block[TAR_BLOCK], const char *name, char type, const char *size, bool gnu)
{
    memset(block, 0, TAR_BLOCK);
    memcpy(block, name, strlen(name));
    memcpy(block + 124, size, 12);
    block[156] = type;
    memcpy(block + 257, gnu ? "ustar  " : "ustar\00000", 8);
    set_checksum(block);
}

static void test_header_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool fine;
        uint64_t size;
    } cases[] = {
        { "00000000017\0", true, 15 },
        { "17\0\0\0\0\0\0\0\0\0\0", true, 15 },
        { "17          ", true, 15 },
        { "777777777777", true, 0xFFFFFFFFF },
        { "\x80\0\0\0\0\0\0\0\0\0\1\0", true, 256 },
        { "\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", true, INT64_MAX },
        { "\x80\0\0\0\x80\0\0\0\0\0\0\0", false, 0 },
        { "\x80\0\0\1\0\0\0\0\0\0\0\0", false, 0 },
        { "\x80\1\0\0\0\0\0\0\0\0\0\0", false, 0 },
        { "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", false, 0 },
        { "\0\0\0\0\0\0\0\0\0\0\0\0", false, 0 },
        { "            ", false, 0 },
        { " 0000000017\0", false, 0 },
        { "-0000000017\0", false, 0 },
        { "0000000018\0\0", false, 0 },
        { "17\0junk\0\0\0\0\0", false, 0 },
        { "0x11\0\0\0\0\0\0\0\0", false, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char block[TAR_BLOCK];
        struct header h;
        make(block, "f", '0', cases[i].field, false);
        const char *refused = header_parse(block, &h);
        if (cases[i].fine != !refused)
            fail_msg("size %zu: %s", i, refused ? refused : "taken");
        assert_true(refused || h.size == cases[i].size);
    }
}

static void test_header_types(void **state)
{
    (void)state;
    static const char zero[12] = "00000000000";
    for (int type = 0; type < 256; type++) {
        char block[TAR_BLOCK];
        struct header h;
        make(block, "f", (char)type, zero, false);
        bool fine = header_parse(block, &h) == NULL;
        assert_int_equal(fine, type != 0 && strchr("0123456xLK", type) != NULL);
    }
}

static void test_header_magics(void **state)
{
    (void)state;
    static const char zero[12] = "00000000000";
    char block[TAR_BLOCK];
    struct header h;
    make(block, "f", '0', zero, false);
    memcpy(block + 345, "dir", 3);
    set_checksum(block);
    assert_null(header_parse(block, &h));
    assert_string_equal(h.name, "dir/f");
    make(block, "f", '0', zero, true);
    assert_null(header_parse(block, &h));
    assert_string_equal(h.name, "f");
    memcpy(block + 345, "dir", 3);
    set_checksum(block);
    assert_non_null(header_parse(block, &h));
    make(block, "f", '0', zero, false);
    memset(block + 257, 0, 8);
    set_checksum(block);
    assert_string_equal(header_parse(block, &h), "it is no tar");
    block[0] = 'g';
    assert_non_null(header_parse(block, &h));
}

static void test_header_longest_names(void **state)
{
    (void)state;
    char block[TAR_BLOCK];
    struct header h;
    make(block, "f", '2', "00000000000\0", false);
    memset(block, 'n', 100);
    memset(block + 157, 'l', 100);
    memset(block + 345, 'p', 155);
    set_checksum(block);
    assert_null(header_parse(block, &h));
    assert_int_equal(strlen(h.name), 256);
    assert_int_equal(strlen(h.link), 100);
}

static void test_header_pax_records(void **state)
{
    (void)state;
    static const char records[] = "12 path=a=b\n11 size=12\n15 linkpath=/l\n15 mtime=1.500\n21 hdrcharset=BINARY\n";
    AUTO(header_extra) none = { 0 };
    AUTO(header_extra) x = { 0 };
    assert_null(header_parse_pax("", 0, &none));
    assert_null(header_parse_pax(records, sizeof records - 1, &x));
    assert_string_equal(x.name, "a=b");
    assert_string_equal(x.link, "/l");
    assert_true(x.has_size && x.size == 12);
}

static void test_header_pax_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "path=a\n",
        "9 path=a\n9 path=b\n",
        "9 size=1\n9 size=1\n",
        "8 path=\n",
        "8 size=\n",
        "10 size=-1\n",
        "10 size=+1\n",
        "11 size= 1\n",
        "28 size=9223372036854775808\n",
        "9 path=ab\n",
        "11 path=a\n",
        "09 path=a\n",
        "9  path=a\n",
        "9 path=a",
        "7 patha\n",
        "6 =aa\n",
        "3 \n",
        "0 \n",
        "99999999999 path=a\n",
        "24 GNU.sparse.major=1.0\n",
        "9 path=a\nx",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(header_extra) x = { 0 };
        if (!header_parse_pax(bad[i], strlen(bad[i]), &x))
            fail_msg("taken: %s", bad[i]);
    }
    AUTO(header_extra) x = { 0 };
    assert_non_null(header_parse_pax("10 path=a\0\n", 11, &x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_sizes),       cmocka_unit_test(test_header_types),
        cmocka_unit_test(test_header_magics),      cmocka_unit_test(test_header_longest_names),
        cmocka_unit_test(test_header_pax_records), cmocka_unit_test(test_header_pax_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
