#include "fake/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

static void test_append_refuses_what_passes_max(void **state)
{
    (void)state;
    AUTO(buf) b = BUF_INIT(8);
    assert_true(buf_append(&b, "12345", 5));
    assert_false(buf_append(&b, "6789", 4));
    assert_string_equal(buf_text(&b), "12345");
    assert_true(buf_append(&b, "678", 3));
    assert_int_equal(b.len, 8);
    assert_false(buf_append(&b, "x", 1));
    assert_true(buf_append(&b, "", 0));
}

static void test_append_refuses_a_sum_that_wraps(void **state)
{
    (void)state;
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    assert_true(buf_append(&b, "x", 1));
    assert_false(buf_append(&b, "x", SIZE_MAX));
    assert_int_equal(b.len, 1);
}

static void test_zeroed_takes_nothing(void **state)
{
    (void)state;
    AUTO(buf) b = { 0 };
    assert_false(buf_append(&b, "x", 1));
    assert_string_equal(buf_text(&b), "");
    buf_consume(&b, 0);
    buf_truncate(&b, 0);
}

static void test_always_ends_in_nul(void **state)
{
    (void)state;
    AUTO(buf) b = BUF_INIT(4096);
    for (size_t i = 0; i < 2000; i++) {
        buf_add(&b, "ab", 2);
        assert_int_equal(strlen(b.bytes), b.len);
    }
    buf_truncate(&b, 3);
    assert_string_equal(buf_text(&b), "aba");
    buf_addf(&b, "-%d-%s", 7, "x");
    assert_string_equal(buf_text(&b), "aba-7-x");
}

static void test_consume_moves_the_rest_to_the_front(void **state)
{
    (void)state;
    AUTO(buf) b = BUF_INIT(100);
    buf_adds(&b, "head and tail");
    buf_consume(&b, 9);
    assert_string_equal(buf_text(&b), "tail");
    buf_consume(&b, 4);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(b.len, 0);
}

static void test_steal_leaves_an_empty_buffer_of_the_same_bound(void **state)
{
    (void)state;
    AUTO(buf) b = BUF_INIT(4);
    size_t length = 99;
    AUTO_STR nothing = buf_steal(&b, &length);
    assert_string_equal(nothing, "");
    assert_int_equal(length, 0);
    buf_add(&b, "a\0b", 3);
    AUTO_STR bytes = buf_steal(&b, &length);
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "a\0b", 4);
    assert_true(buf_append(&b, "1234", 4));
    assert_false(buf_append(&b, "5", 1));
}

static void expect_bug(void (*act)(struct buf *b))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        struct buf b = BUF_INIT(4);
        buf_adds(&b, "1234");
        act(&b);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ERR_BUG);
}

static void add_too_much(struct buf *b)
{
    buf_adds(b, "5");
}

static void consume_too_much(struct buf *b)
{
    buf_consume(b, 5);
}

static void truncate_to_more(struct buf *b)
{
    buf_truncate(b, 5);
}

static void test_misuse_is_a_bug(void **state)
{
    (void)state;
    expect_bug(add_too_much);
    expect_bug(consume_too_much);
    expect_bug(truncate_to_more);
}

static void test_line_ends(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        const char *lines; /* each in brackets */
        size_t used;
    } rows[] = {
        { "", "", 0 },
        { "no end", "", 0 },
        { "\n", "[]", 1 },
        { "\r\n", "[]", 2 },
        { "a\nb\r\nc", "[a][b]", 5 },
        { "a\r\r\n", "[a\r]", 4 },
        { "a\rb\n", "[a\rb]", 4 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buf) b = BUF_INIT(100);
        AUTO(buf) seen = BUF_INIT(100);
        size_t used = 0, length;
        const char *line;
        buf_adds(&b, rows[i].stream);
        while (buf_line(&b, &used, &line, &length))
            buf_addf(&seen, "[%.*s]", (int)length, line);
        assert_string_equal(buf_text(&seen), rows[i].lines);
        assert_int_equal(used, rows[i].used);
    }
}

/* The same stream in pieces of every size gives the same lines. */
static void test_line_is_the_same_however_the_stream_is_cut(void **state)
{
    (void)state;
    static const char stream[] = "one\r\n\r\ntwo\nthree three three\r\n\nlast without end";
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        AUTO(buf) b = BUF_INIT(100);
        AUTO(buf) seen = BUF_INIT(200);
        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            size_t left = sizeof stream - 1 - at, used = 0, length;
            const char *line;
            buf_add(&b, stream + at, left < piece ? left : piece);
            while (buf_line(&b, &used, &line, &length))
                buf_addf(&seen, "[%.*s]", (int)length, line);
            buf_consume(&b, used);
        }
        assert_string_equal(buf_text(&seen), "[one][][two][three three three][]");
        assert_string_equal(buf_text(&b), "last without end");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_refuses_what_passes_max),
        cmocka_unit_test(test_append_refuses_a_sum_that_wraps),
        cmocka_unit_test(test_zeroed_takes_nothing),
        cmocka_unit_test(test_always_ends_in_nul),
        cmocka_unit_test(test_consume_moves_the_rest_to_the_front),
        cmocka_unit_test(test_steal_leaves_an_empty_buffer_of_the_same_bound),
        cmocka_unit_test(test_misuse_is_a_bug),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_line_is_the_same_however_the_stream_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
