#include "plan/timings.h"

#include <unistd.h>

#include "fake/check.h"

enum { SOME_US = 3000 };

static int64_t sum(const struct timings *t)
{
    int64_t ms = 0;
    for (size_t i = 0; i < t->count; i++)
        ms += t->items[i].ms;
    return ms;
}

static struct ui *nowhere(void)
{
    const struct ui_options options = { .out_fd = STDERR_FILENO, .err_fd = STDERR_FILENO };
    return ui_new(&options);
}

/* A phase may come again; all of the time is some phase's. */
static void test_phases_add_up(void **state)
{
    (void)state;
    AUTO_PTR(ui) ui = nowhere();
    struct timings t;
    timings_begin(&t);
    usleep(SOME_US);
    timings_enter(&t, "push", "asking");
    usleep(SOME_US);
    timings_enter(&t, "push", "sending");
    usleep(SOME_US);
    timings_enter(&t, "push", "asking");
    timings_enter(&t, "deploy", "asking");
    usleep(SOME_US);
    timings_tell(&t, ui, "web");
    assert_int_equal(t.count, 3);
    assert_string_equal(t.items[0].phase, "asking");
    assert_string_equal(t.items[1].phase, "sending");
    assert_string_equal(t.items[2].stage, "deploy");
    assert_true(t.items[0].ms >= 2 * SOME_US / 1000 - 1);
    assert_int_equal(sum(&t), t.since_ms - t.began_ms);
    timings_release(&t);
}

static void test_nothing_was_entered(void **state)
{
    (void)state;
    AUTO_PTR(ui) ui = nowhere();
    struct timings t;
    timings_begin(&t);
    timings_tell(&t, ui, NULL);
    assert_int_equal(t.count, 0);
    timings_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phases_add_up),
        cmocka_unit_test(test_nothing_was_entered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
