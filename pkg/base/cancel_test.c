#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"

static void test_no_token_is_never_requested(void **state)
{
    (void)state;
    assert_false(cancel_requested(NULL));
    assert_int_equal(cancel_signal(NULL), 0);
    assert_int_equal(cancel_fd(NULL), -1);
    check_ok(cancel_check(NULL));
    check_ok(cancel_sleep(NULL, 0));
    cancel_free(NULL);
}

static void test_requested_stays_requested(void **state)
{
    (void)state;
    AUTO_PTR(cancel) c = NULL;
    check_ok(cancel_new(&c));
    check_ok(cancel_check(c));
    for (int i = 0; i < 3; i++) {
        cancel_request(c, SIGTERM);
        assert_true(cancel_requested(c));
        assert_int_equal(cancel_signal(c), SIGTERM);
        struct pollfd readable = { .fd = cancel_fd(c), .events = POLLIN };
        assert_int_equal(poll(&readable, 1, 0), 1);
        check_error(cancel_check(c), RW9009_INTERRUPTED);
        check_error(cancel_sleep(c, CLOCK_NEVER), RW9009_INTERRUPTED);
    }
}

static void test_request_leaves_errno_alone(void **state)
{
    (void)state;
    AUTO_PTR(cancel) c = NULL;
    check_ok(cancel_new(&c));
    errno = EXDEV;
    cancel_request(c, 0);
    assert_int_equal(errno, EXDEV);
}

static void *request_soon(void *c)
{
    usleep(50 * 1000);
    cancel_request(c, SIGINT);
    return NULL;
}

static void test_sleep_ends_at_the_request(void **state)
{
    (void)state;
    pthread_t thread;
    AUTO_PTR(cancel) c = NULL;
    check_ok(cancel_new(&c));
    int64_t before = clock_ms();
    assert_int_equal(pthread_create(&thread, NULL, request_soon, c), 0);
    check_error(cancel_sleep(c, clock_after(60000)), RW9009_INTERRUPTED);
    pthread_join(thread, NULL);
    check_between(clock_ms() - before, 40, 20000);
}

static void test_sleep_lasts_till_its_deadline(void **state)
{
    (void)state;
    AUTO_PTR(cancel) c = NULL;
    check_ok(cancel_new(&c));
    int64_t before = clock_ms();
    check_ok(cancel_sleep(c, before + 60));
    check_between(clock_ms() - before, 60, 20000);
    check_ok(cancel_sleep(c, before)); /* past: at once */
}

#ifdef RWML_FAULT
static void test_no_descriptor_left(void **state)
{
    (void)state;
    struct cancel *c = NULL;
    fault_set("cancel.new=error(EMFILE)");
    check_errno(cancel_new(&c), RW9005_RESOURCES, EMFILE);
    fault_set(NULL);
    assert_null(c);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_token_is_never_requested),
        cmocka_unit_test(test_requested_stays_requested),
        cmocka_unit_test(test_request_leaves_errno_alone),
        cmocka_unit_test(test_sleep_ends_at_the_request),
        cmocka_unit_test(test_sleep_lasts_till_its_deadline),
#ifdef RWML_FAULT
        cmocka_unit_test(test_no_descriptor_left),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
