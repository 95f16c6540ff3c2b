#include "base/task.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/check.h"

struct item {
    int number;
    int runs;
    atomic_int *running;
    atomic_int *most;
    int company; /* how many have to run at once before one ends, within 10 s */
};

static struct err *run_item(void *arg)
{
    struct item *item = arg;
    int now = atomic_fetch_add(item->running, 1) + 1;
    int most = atomic_load(item->most);
    while (now > most && !atomic_compare_exchange_weak(item->most, &most, now))
        ;
    /* On a busy machine the first is done before the second thread runs: it waits for company. */
    for (int waited = 0; atomic_load(item->most) < item->company && waited < 10000; waited++)
        usleep(1000);
    item->runs++;
    atomic_fetch_sub(item->running, 1);
    return item->number % 3 == 0 ? err_new(RW4003_NODE_FAILED, "%d", item->number) : NULL;
}

enum { ITEMS = 10 };

/* company: so many have to run at once before one of them ends. */
static struct err *run_all(struct item *items, size_t count, size_t width, int company, int *most)
{
    atomic_int running = 0, peak = 0;
    for (size_t i = 0; i < count; i++)
        items[i] = (struct item){ (int)i + 1, 0, &running, &peak, company };
    struct err *e = task_all(items, count, sizeof *items, width, run_item);
    assert_int_equal(atomic_load(&running), 0);
    *most = atomic_load(&peak);
    return e;
}

static void test_errors_come_in_the_order_of_the_items(void **state)
{
    (void)state;
    struct item items[ITEMS];
    int most;
    AUTO_PTR(err) e = run_all(items, ITEMS, 4, 1, &most);
    assert_string_equal(err_get_message(e), "3");
    assert_string_equal(err_get_message(err_sibling(e)), "6");
    assert_string_equal(err_get_message(err_sibling(err_sibling(e))), "9");
    assert_null(err_sibling(err_sibling(err_sibling(e))));
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(items[i].runs, 1); /* an error of one stops no other */
}

static void test_width_holds(void **state)
{
    (void)state;
    struct item items[ITEMS];
    int most;
    err_ignore(run_all(items, ITEMS, 1, 1, &most), "how many ran at once is what counts here");
    assert_int_equal(most, 1);
    err_ignore(run_all(items, ITEMS, 3, 2, &most), "as above");
    check_between(most, 2, 4);
    err_ignore(run_all(items, ITEMS, 0, 2, &most), "as above");
    check_between(most, 2, ITEMS + 1);
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    int most;
    check_ok(run_all(NULL, 0, 4, 1, &most));
}

/* RLIMIT_NPROC doesn't bind root, so a child gives up root first. */
static void test_everything_runs_where_no_thread_can_be_made(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct item items[ITEMS];
        int most;
        struct rlimit none = { 0, 0 };
        if ((getuid() == 0 && setresuid(65534, 65534, 65534) != 0) || setrlimit(RLIMIT_NPROC, &none) != 0)
            _exit(2);
        struct err *e = run_all(items, ITEMS, 4, 1, &most);
        for (size_t i = 0; i < ITEMS; i++)
            if (items[i].runs != 1)
                _exit(3);
        _exit(e && most == 1 ? 0 : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_come_in_the_order_of_the_items),
        cmocka_unit_test(test_width_holds),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_everything_runs_where_no_thread_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
