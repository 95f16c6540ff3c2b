#include "pods/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fake/check.h"

enum { OLD = 60 * 1000 }; /* ms: a line of long ago */

static void put(struct merge_source *s, int64_t now_ms, int64_t age_ms, int64_t time_ns, const char *text)
{
    merge_put(s, now_ms, age_ms, &(struct merge_line){ .time_ns = time_ns, .len = strlen(text) }, text);
}

/* All that is due, joined. */
static char *take_all(struct merge *m, int64_t now_ms, int64_t *due_ms)
{
    AUTO(buf) out = BUF_INIT(10000);
    struct merge_line *line;
    while ((line = merge_take(m, now_ms, due_ms)) != NULL) {
        buf_add(&out, line->text, line->len);
        free(line);
    }
    return buf_steal(&out, NULL);
}

static void expect(struct merge *m, int64_t now_ms, const char *text, int64_t want_due_ms)
{
    int64_t due_ms;
    AUTO_STR got = take_all(m, now_ms, &due_ms);
    assert_string_equal(got, text);
    assert_int_equal(due_ms, want_due_ms);
}

static void test_two_histories(void **state)
{
    (void)state;
    struct merge m = { 0 };
    struct merge_source a = { 0 }, b = { 0 };
    merge_open(&m, &a, 1000);
    merge_open(&m, &b, 1000);
    put(&a, 1001, OLD, 10, "a10 ");
    put(&a, 1001, OLD, 30, "a30 ");
    expect(&m, 1001, "", 1000 + MERGE_FIRST_MS); /* b may have something older */
    put(&b, 1002, OLD, 20, "b20 ");
    put(&b, 1002, OLD, 40, "b40 ");
    expect(&m, 1002, "a10 b20 a30 ", 1001 + MERGE_WINDOW_MS); /* a may have something older than b40 */
    merge_close(&a);
    expect(&m, 1002, "b40 ", CLOCK_NEVER);
    merge_remove(&m, &a);
    merge_remove(&m, &b);
}

static void test_a_silent_source_holds_nothing_back_for_long(void **state)
{
    (void)state;
    struct merge m = { 0 };
    struct merge_source a = { 0 }, b = { 0 };
    merge_open(&m, &a, 0);
    merge_open(&m, &b, 0);
    put(&a, 5000, OLD, 10, "old "); /* history at full speed, as b has been silent for long enough */
    put(&a, 5000, 0, 20, "new");
    expect(&m, 5000, "old ", 5000 + MERGE_WINDOW_MS);
    expect(&m, 5000 + MERGE_WINDOW_MS, "new", CLOCK_NEVER);
    put(&b, 7000, 0, 30, "b");
    expect(&m, 7000, "", 7000 + MERGE_WINDOW_MS);
    put(&a, 7100, 0, 25, "a "); /* within the window: in order */
    expect(&m, 7100, "a ", 7100 + MERGE_WINDOW_MS);
    merge_remove(&m, &a);
    expect(&m, 7100, "b", CLOCK_NEVER);
    merge_remove(&m, &b);
}

static void test_a_single_source_waits_for_nobody(void **state)
{
    (void)state;
    struct merge m = { 0 };
    struct merge_source a = { 0 };
    merge_open(&m, &a, 0);
    put(&a, 1, 0, 20, "x ");
    put(&a, 1, 0, 10, "y"); /* its own order stays */
    expect(&m, 1, "x y", CLOCK_NEVER);
    merge_remove(&m, &a);
}

static void test_closed_and_opened_again(void **state)
{
    (void)state;
    struct merge m = { 0 };
    struct merge_source a = { 0 }, b = { 0 };
    merge_open(&m, &a, 0);
    merge_open(&m, &b, 0);
    put(&a, 10, OLD, 1, "a1 ");
    put(&b, 10, OLD, 2, "b2 ");
    merge_close(&b); /* what waits stays */
    merge_open(&m, &b, 20);
    put(&b, 30, OLD, 3, "b3");
    merge_close(&a);
    expect(&m, 30, "a1 b2 b3", CLOCK_NEVER);
    merge_remove(&m, &a);
    merge_remove(&m, &b);
}

/* Whoever stops has no time to wait, and nothing older will come. */
static void test_all_that_waits_at_the_end(void **state)
{
    (void)state;
    struct merge m = { 0 };
    struct merge_source a = { 0 }, b = { 0 }, silent = { 0 };
    merge_open(&m, &a, 0);
    merge_open(&m, &b, 0);
    merge_open(&m, &silent, 0);
    put(&a, 10, 0, 2, "a2");
    put(&b, 10, 0, 1, "b1 ");
    expect(&m, 10, "", MERGE_FIRST_MS);
    expect(&m, CLOCK_NEVER, "b1 a2", CLOCK_NEVER);
    merge_remove(&m, &a);
    merge_remove(&m, &b);
    merge_remove(&m, &silent);
}

static void test_a_queue_tells_when_it_is_full(void **state)
{
    (void)state;
    struct merge m = { 0 };
    struct merge_source a = { 0 };
    char text[1001];
    size_t lines = 0;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    merge_open(&m, &a, 0);
    for (; !merge_is_full(&a); lines++)
        put(&a, 1, 0, 1, text);
    assert_in_range(lines, MERGE_QUEUE_BYTES / 1200, MERGE_QUEUE_BYTES / 1000 + 1);
    merge_remove(&m, &a); /* with all that waits */
    int64_t due_ms;
    assert_null(merge_take(&m, 100, &due_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_histories),
        cmocka_unit_test(test_a_silent_source_holds_nothing_back_for_long),
        cmocka_unit_test(test_a_single_source_waits_for_nobody),
        cmocka_unit_test(test_closed_and_opened_again),
        cmocka_unit_test(test_all_that_waits_at_the_end),
        cmocka_unit_test(test_a_queue_tells_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
