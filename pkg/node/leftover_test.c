#include "node/leftover.h"

#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "fake/check.h"
#include "fake/docker.h"

#define NAME "127.0.0.1:4567/rwml-push/0123:rwml"
#define NOTE "push-127.0.0.1:4567+rwml-push+0123:rwml"

static struct err *clear(struct docker *d, const char *dir)
{
    return leftover_clear(d->engine, dir, (struct net_wait){ .deadline_ms = clock_after(10000) });
}

static bool noted(const char *dir)
{
    AUTO_STR path = fs_join(dir, NOTE);
    return fs_exists(AT_FDCWD, path);
}

static void test_a_push_that_ends_leaves_no_note(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(leftover) l = { 0 };
    check_ok(leftover_note(dir, NAME, &l));
    assert_true(noted(dir));
    check_ok(leftover_forget(&l));
    assert_false(noted(dir));
}

static void test_a_push_that_lives_keeps_its_name(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(leftover) l = { 0 };
    AUTO(docker) d = { 0 };
    docker_start(&d);
    check_ok(leftover_note(dir, NAME, &l));
    check_ok(clear(&d, dir));
    assert_true(noted(dir));
    AUTO_STR heard = docker_stop(&d);
    assert_null(strstr(heard, "DELETE"));
}

static void test_the_name_of_a_push_that_was_killed_goes(void **state)
{
    (void)state;
    static const int answers[] = { 200, 404 }; /* it may have been killed before it gave the name */
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        AUTO_STR dir = scratch_new();
        AUTO(docker) d = { 0 };
        scratch_write(dir, NOTE, "");
        scratch_write(dir, "0123.lock", "");
        docker_json(&d, answers[i], "[]");
        docker_start(&d);
        check_ok(clear(&d, dir));
        assert_false(noted(dir));
        AUTO_STR heard = docker_stop(&d);
        assert_non_null(strstr(heard, "DELETE /images/" NAME "?noprune=1 "));
    }
}

/* It is tried again by the next push. */
static void test_a_name_that_cannot_be_removed(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(docker) d = { 0 };
    scratch_write(dir, NOTE, "");
    docker_json(&d, 500, "{\"message\":\"busy\"}");
    docker_start(&d);
    check_ok(clear(&d, dir));
    assert_true(noted(dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_push_that_ends_leaves_no_note),
        cmocka_unit_test(test_a_push_that_lives_keeps_its_name),
        cmocka_unit_test(test_the_name_of_a_push_that_was_killed_goes),
        cmocka_unit_test(test_a_name_that_cannot_be_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
