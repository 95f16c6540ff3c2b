#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ui/scrub.h"

static void assert_scrubbed(const char *text, size_t len, const char *wanted)
{
    AUTO(buf) out = BUF_INIT(1024);
    scrub_add(&out, text, len);
    assert_string_equal(buf_text(&out), wanted);
}

#define ASSERT_SCRUBBED(text, wanted) assert_scrubbed(text, sizeof(text) - 1, wanted)

static void test_scrub_keeps_text(void **state)
{
    (void)state;
    ASSERT_SCRUBBED("plain\ttext\nsecond line", "plain\ttext\nsecond line");
    ASSERT_SCRUBBED("Gr\xc3\xbc\xc3\x9f Gott \xe2\x82\xac \xf0\x9f\x98\x80",
                    "Gr\xc3\xbc\xc3\x9f Gott \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void test_scrub_shows_controls(void **state)
{
    (void)state;
    ASSERT_SCRUBBED("a\033[2Jb\rc\007", "a\\x1b[2Jb\\x0dc\\x07");
    ASSERT_SCRUBBED("\177 \xc2\x9b", "\\x7f \\x9b");
    ASSERT_SCRUBBED("nul\0in it", "nul\\x00in it");
    ASSERT_SCRUBBED("\xe2\x80\xae"
                    "evil",
                    "<U+202E>evil");
}

static void test_scrub_shows_what_is_no_utf8(void **state)
{
    (void)state;
    ASSERT_SCRUBBED("\xff\xfe", "\\xff\\xfe");
    ASSERT_SCRUBBED("cut \xe2\x82", "cut \\xe2\\x82");
    ASSERT_SCRUBBED("\xc0\xaf overlong", "\\xc0\\xaf overlong");
    ASSERT_SCRUBBED("\xed\xa0\x80", "\\xed\\xa0\\x80");
}

/* The 256 bytes alone: none of those that a terminal obeys gets through. */
static void test_scrub_lets_no_control_byte_through(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        AUTO(buf) out = BUF_INIT(64);
        char text = (char)byte;
        scrub_add(&out, &text, 1);
        for (size_t i = 0; i < out.len; i++) {
            unsigned char shown = (unsigned char)out.bytes[i];
            assert_true(shown == '\n' || shown == '\t' || (shown >= 0x20 && shown < 0x7f));
        }
    }
}

static void test_scrub_stops_at_the_buffers_end(void **state)
{
    (void)state;
    AUTO(buf) out = BUF_INIT(5);
    scrub_add(&out, "abc\033def", 7);
    assert_string_equal(buf_text(&out), "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scrub_keeps_text),
        cmocka_unit_test(test_scrub_shows_controls),
        cmocka_unit_test(test_scrub_shows_what_is_no_utf8),
        cmocka_unit_test(test_scrub_lets_no_control_byte_through),
        cmocka_unit_test(test_scrub_stops_at_the_buffers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
