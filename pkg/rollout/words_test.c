#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "rollout/words.h"

/* In one text: "KeyError: 'X' at /app/settings.py:14". */
static char *last_words(const char *text, size_t len)
{
    AUTO(rollout_words) words;
    rollout_words_read(text, len, &words);
    if (!words.file)
        return STEAL(&words.text);
    return xasprintf("%s at %s:%" PRId64, words.text, words.file, words.line);
}

static void expect_words(const char *text, const char *want)
{
    AUTO_STR got = last_words(text, strlen(text));
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got ? got : "(null)", want);
}

static void test_last_words_plain(void **state)
{
    (void)state;
    expect_words("", NULL);
    expect_words("\n \r\n\t\n", NULL);
    expect_words("starting\nno broker at kafka:9092\r\n\n", "no broker at kafka:9092");
    expect_words("one line without its end", "one line without its end");
}

static void test_last_words_traceback(void **state)
{
    (void)state;
    expect_words("Traceback (most recent call last):\n"
                 "  File \"/app/main.py\", line 3, in <module>\n"
                 "    from app import settings\n"
                 "  File \"/app/app/settings.py\", line 14, in <module>\n"
                 "    BROKER = os.environ['X']\n"
                 "             ~~~~~~~~~~^^^^^\n"
                 "  File \"<frozen os>\", line 685, in __getitem__\n"
                 "KeyError: 'X'\n",
                 "KeyError: 'X' at /app/app/settings.py:14");
}

/* As loguru prints it, values and all. */
static void test_last_words_traceback_of_loguru(void **state)
{
    (void)state;
    static const char text[] = "2026-01-01 00:00:00.000 | ERROR    | __main__:<module>:9 - it failed\n"
                               "Traceback (most recent call last):\n"
                               "\n"
                               "> File \"/app/main.py\", line 7, in <module>\n"
                               "    read({})\n"
                               "    \342\224\224 <function read at 0x7f0000000000>\n"
                               "\n"
                               "  File \"/app/app/settings.py\", line 4, in read\n"
                               "    return values[\"PORT\"]\n"
                               "           \342\224\224 {}\n"
                               "\n"
                               "KeyError: 'PORT'\n";
    AUTO(rollout_words) words;
    rollout_words_read(text, strlen(text), &words);
    assert_string_equal(words.text, "KeyError: 'PORT'");
    assert_string_equal(words.file, "/app/app/settings.py");
    assert_int_equal(words.line, 4);
    assert_string_equal(words.source, "return values[\"PORT\"]");
}

/* Since Python 3.11 each frame has its source line and, below it, a line of carets. */
static void add_traceback(struct buf *text, const char *const *files, size_t count, const char *exception)
{
    buf_addf(text, "Traceback (most recent call last):\n");
    for (size_t i = 0; i < count; i++)
        buf_addf(text,
                 "  File \"%s\", line %zu, in call\n"
                 "    return self.next(value)[key]\n"
                 "           ~~~~~~~~~~~~~~~~^^^^^\n",
                 files[i], i + 1);
    buf_addf(text, "%s\n", exception);
}

static void test_last_words_traceback_with_carets(void **state)
{
    (void)state;
    static const char *const first[] = {
        "/app/main.py", "/app/a.py", "/app/b.py", "/app/c.py", "/app/d.py", "/app/e.py"
    };
    static const char *const second[] = { "/app/main.py", "/app/f.py", "/app/g.py", "/app/h.py",
                                          "/usr/lib/python3.12/site-packages/x.py" };
    AUTO(buf) text = BUF_INIT(4096);
    add_traceback(&text, first, COUNT_OF(first), "KeyError: 'X'");
    expect_words(buf_text(&text), "KeyError: 'X' at /app/e.py:6");
    buf_addf(&text, "\nDuring handling of the above exception, another exception occurred:\n\n");
    add_traceback(&text, second, COUNT_OF(second), "RuntimeError: second");
    expect_words(buf_text(&text), "RuntimeError: second at /app/h.py:4");
}

/* Each line of a group has a margin; the innermost exception, which is the last, says what is wrong. */
static void test_last_words_exception_group(void **state)
{
    (void)state;
    expect_words("  + Exception Group Traceback (most recent call last):\n"
                 "  |   File \"/app/main.py\", line 7, in <module>\n"
                 "  |     asyncio.run(main())\n"
                 "  |     ~~~~~~~~~~~^^^^^^^^\n"
                 "  |   File \"/usr/lib/python3.12/asyncio/taskgroups.py\", line 145, in __aexit__\n"
                 "  |     raise me from None\n"
                 "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
                 "  +-+---------------- 1 ----------------\n"
                 "    | Traceback (most recent call last):\n"
                 "    |   File \"/app/feed.py\", line 3, in feed\n"
                 "    |     raise ValueError(1)\n"
                 "    | ValueError: 1\n"
                 "    +------------------------------------\n",
                 "ValueError: 1 at /app/feed.py:3");
    /* Such a margin in another program's output, or in a source line, is a line like others. */
    expect_words("  File \"/app/main.py\", line 3, in main\n"
                 "    | other\n"
                 "TypeError: no\n",
                 "TypeError: no at /app/main.py:3");
    expect_words("  | done\n", "  | done");
}

static void test_last_words_traceback_chained(void **state)
{
    (void)state;
    expect_words("Traceback (most recent call last):\n"
                 "  File \"/app/a.py\", line 1, in f\n"
                 "ValueError: first\n"
                 "\n"
                 "During handling of the above exception, another exception occurred:\n"
                 "\n"
                 "Traceback (most recent call last):\n"
                 "  File \"/usr/lib/python3.12/site-packages/x.py\", line 9, in g\n"
                 "RuntimeError: second\n",
                 "RuntimeError: second at /usr/lib/python3.12/site-packages/x.py:9");
}

static void test_last_words_syntax_error(void **state)
{
    (void)state;
    expect_words("  File \"/app/main.py\", line 3\n"
                 "    foo(\n"
                 "       ^\n"
                 "SyntaxError: '(' was never closed\n",
                 "SyntaxError: '(' was never closed at /app/main.py:3");
}

static void test_last_words_old_traceback_is_not_the_end(void **state)
{
    (void)state;
    expect_words("  File \"/app/main.py\", line 3\n"
                 "OSError: retrying\n"
                 "1\n2\n3\n4\n5\n6\ngiving up\n",
                 "giving up");
}

static void test_last_words_are_bounded(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'a', sizeof text);
    memcpy(text + 116, "\xc3\xa9", 2);
    memcpy(text + sizeof text - 118,
           "\xc3\xa9"
           "b",
           3);
    text[sizeof text - 1] = 'z';
    AUTO_STR got = last_words(text, sizeof text);
    assert_int_equal(strlen(got), 116 + strlen(" ... ") + 116);
    assert_non_null(strstr(got, "aaa ... baaa"));
    assert_int_equal(got[strlen(got) - 1], 'z');
    AUTO_STR with_nul = last_words("a\0b", 3);
    assert_string_equal(with_nul, "a?b");
}

static void test_excerpt_is_of_lines_that_can_be_shown(void **state)
{
    static const char text[] = "first\nsecond\0bin\n";
    char longer[1000];
    AUTO(buf) out = BUF_INIT(2000);
    (void)state;
    rollout_excerpt(text, sizeof text - 1, 1, &out);
    assert_string_equal(buf_text(&out), "second?bin\n");
    memset(longer, 'x', sizeof longer);
    buf_truncate(&out, 0);
    rollout_excerpt(longer, sizeof longer, 3, &out);
    assert_true(out.len <= 401);
    assert_non_null(strstr(buf_text(&out), "x ... x"));
}

static void test_tail(void **state)
{
    (void)state;
    const char *text = "1\n2\n3\n";
    assert_string_equal(text + rollout_tail(text, 6, 2), "2\n3\n");
    assert_string_equal(text + rollout_tail(text, 6, 9), text);
    assert_string_equal(text + rollout_tail(text, 5, 1), "3\n");
    assert_int_equal(rollout_tail("", 0, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_words_plain),
        cmocka_unit_test(test_last_words_traceback),
        cmocka_unit_test(test_last_words_traceback_of_loguru),
        cmocka_unit_test(test_last_words_traceback_with_carets),
        cmocka_unit_test(test_last_words_exception_group),
        cmocka_unit_test(test_last_words_traceback_chained),
        cmocka_unit_test(test_last_words_syntax_error),
        cmocka_unit_test(test_last_words_old_traceback_is_not_the_end),
        cmocka_unit_test(test_last_words_are_bounded),
        cmocka_unit_test(test_excerpt_is_of_lines_that_can_be_shown),
        cmocka_unit_test(test_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
