#include "base/spool.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "fake/check.h"

enum { FEW = 10, MANY = 200 * 1000, ROOM = 1 << 20 };

/* Bytes of which no piece looks like its neighbour. */
static char *sample(size_t len)
{
    char *bytes = xcalloc(len, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    return bytes;
}

static void expect_bytes(struct spool *s, const char *want, size_t len)
{
    AUTO(buf) got = BUF_INIT(ROOM);
    assert_int_equal(spool_size(s), len);
    check_ok(spool_read(s, &got));
    assert_int_equal(got.len, len);
    if (len > 0)
        assert_memory_equal(got.bytes, want, len);
}

static size_t count_files(const char *dir)
{
    size_t count = 0;
    DIR *at = opendir(dir);
    assert_non_null(at);
    for (const struct dirent *d; (d = readdir(at));)
        count += d->d_name[0] != '.';
    closedir(at);
    return count;
}

static void test_nothing_is_nothing(void **state)
{
    (void)state;
    struct spool_budget budget = { .left = 0 };
    AUTO_PTR(spool) s = spool_new("/absent", &budget);
    expect_bytes(s, "", 0);
    check_ok(spool_add(s, "", 0));
    expect_bytes(s, "", 0);
    spool_free(NULL);
}

/* A folder that is absent shows that no file is asked for. */
static void test_held_while_the_budget_allows_it(void **state)
{
    (void)state;
    struct spool_budget budget = { .left = FEW };
    struct spool *s = spool_new("/absent", &budget);
    check_ok(spool_add(s, "01234", 5));
    check_ok(spool_add(s, "56789", 5));
    assert_int_equal(budget.left, 0);
    expect_bytes(s, "0123456789", FEW);
    expect_bytes(s, "0123456789", FEW);
    check_errno(spool_add(s, "x", 1), RW9001_FILE, ENOENT);
    check_says(spool_add(s, "x", 1), RW9001_FILE, "/absent");
    expect_bytes(s, "0123456789", FEW); /* what was refused has not been counted */
    spool_free(s);
    assert_int_equal(budget.left, FEW);
}

static void test_one_byte_too_many_moves_all_to_a_file(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    struct spool_budget budget = { .left = FEW };
    struct spool *s = spool_new(dir, &budget);
    check_ok(spool_add(s, "0123456789", FEW));
    check_ok(spool_add(s, "a", 1));
    assert_int_equal(budget.left, FEW); /* others may have it now */
    check_ok(spool_add(s, "b", 1));     /* would be held, but for the order of the bytes */
    assert_int_equal(budget.left, FEW);
    expect_bytes(s, "0123456789ab", FEW + 2);
    assert_int_equal(count_files(dir), 0);
    spool_free(s);
    assert_int_equal(budget.left, FEW);
    assert_int_equal(count_files(dir), 0);
}

static void test_more_than_one_piece(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR bytes = sample(MANY);
    struct spool_budget budget = { .left = FEW };
    AUTO_PTR(spool) s = spool_new(dir, &budget);
    for (size_t at = 0; at < MANY; at += MANY / FEW)
        check_ok(spool_add(s, bytes + at, MANY / FEW));
    expect_bytes(s, bytes, MANY);
    expect_bytes(s, bytes, MANY);
    check_ok(spool_add(s, "x", 1)); /* reading has not moved the end */
    assert_int_equal(spool_size(s), MANY + 1);
}

static void test_read_tells_when_there_is_no_room(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    struct spool_budget budget = { .left = FEW };
    AUTO_PTR(spool) s = spool_new(dir, &budget);
    AUTO(buf) out = BUF_INIT(FEW + 2);
    buf_adds(&out, "abc");
    check_ok(spool_add(s, "0123456789", FEW));
    check_error(spool_read(s, &out), RW9002_FILE_TOO_LARGE);
    assert_string_equal(buf_text(&out), "abc");
    out.max = FEW + 3;
    check_ok(spool_read(s, &out));
    assert_string_equal(buf_text(&out), "abc0123456789");
}

struct taker {
    size_t calls;
    size_t least; /* the call that fails */
};

static struct err *take_until(void *ctx, const void *bytes, size_t len)
{
    struct taker *t = ctx;
    assert_non_null(bytes);
    assert_true(len > 0);
    return ++t->calls == t->least ? err_new(RW9003_SOCKET, "enough") : NULL;
}

static void test_an_error_of_take_ends_it(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR bytes = sample(MANY);
    struct spool_budget budgets[] = { { .left = 0 }, { .left = MANY } };
    for (size_t i = 0; i < COUNT_OF(budgets); i++) {
        AUTO_PTR(spool) s = spool_new(dir, &budgets[i]);
        struct taker t = { .least = i == 0 ? 2 : 1 };
        check_ok(spool_add(s, bytes, MANY));
        check_says(spool_each(s, take_until, &t), RW9003_SOCKET, "enough");
        assert_int_equal(t.calls, t.least);
    }
}

enum { THREADS = 4, ROUNDS = 500, SHARE = 1000 };

static void *hold_and_free(void *arg)
{
    struct spool_budget *budget = arg;
    static const char bytes[SHARE];
    uintptr_t held = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        AUTO_PTR(spool) s = spool_new("/absent", budget);
        struct err *e = spool_add(s, bytes, sizeof bytes);
        held += !e;
        err_free(e);
    }
    return (void *)held;
}

/* Two of four fit at once: none may take what another has, and all of it comes back. */
static void test_threads_share_a_budget(void **state)
{
    (void)state;
    struct spool_budget budget = { .left = 2 * SHARE };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_and_free, &budget), 0);
    uintptr_t all = 0;
    for (size_t i = 0; i < THREADS; i++) {
        void *held = NULL;
        pthread_join(threads[i], &held);
        all += (uintptr_t)held; /* of one thread it may be none: that is the scheduler's */
    }
    assert_in_range(all, 1, THREADS * ROUNDS);
    assert_int_equal(budget.left, 2 * SHARE);
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_a_disk_that_gives_no_file(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    struct spool_budget budget = { .left = FEW };
    AUTO_PTR(spool) s = spool_new(dir, &budget);
    check_ok(spool_add(s, "0123456789", FEW));
    fault_set("spool.open=1*error(EMFILE)");
    check_errno(spool_add(s, "x", 1), RW9001_FILE, EMFILE);
    assert_int_equal(budget.left, 0);
    check_ok(spool_add(s, "x", 1));
    expect_bytes(s, "0123456789x", FEW + 1);
}

static void test_a_disk_that_fills_up(void **state)
{
    (void)state;
    static const char *const settings[] = { "spool.write=error(ENOSPC)", "spool.write=1*off->error(ENOSPC)",
                                            "spool.write=1*short->error(ENOSPC)" };
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        AUTO_STR dir = scratch_new();
        struct spool_budget budget = { .left = FEW };
        struct spool *s = spool_new(dir, &budget);
        check_ok(spool_add(s, "0123456789", FEW));
        fault_set(settings[i]);
        check_says(spool_add(s, "abc", 3), RW9001_FILE, dir);
        assert_int_equal(spool_size(s), FEW);
        spool_free(s);
        assert_int_equal(budget.left, FEW);
    }
}

static void test_short_and_interrupted_calls_go_on(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    struct spool_budget budget = { .left = 3 };
    AUTO_PTR(spool) s = spool_new(dir, &budget);
    check_ok(spool_add(s, "012", 3));
    fault_set("spool.write=1*short->1*error(EINTR)->short;spool.read=1*error(EINTR)->2*short");
    check_ok(spool_add(s, "3456789", 7));
    expect_bytes(s, "0123456789", FEW);
}

static void test_a_disk_that_gives_nothing_back(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(buf) out = BUF_INIT(ROOM);
    struct spool_budget budget = { .left = 0 };
    AUTO_PTR(spool) s = spool_new(dir, &budget);
    check_ok(spool_add(s, "0123456789", FEW));
    fault_set("spool.read=1*short->error(EIO)");
    check_errno(spool_read(s, &out), RW9001_FILE, EIO);
    check_says(spool_read(s, &out), RW9001_FILE, dir);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_nothing),
        cmocka_unit_test(test_held_while_the_budget_allows_it),
        cmocka_unit_test(test_one_byte_too_many_moves_all_to_a_file),
        cmocka_unit_test(test_more_than_one_piece),
        cmocka_unit_test(test_read_tells_when_there_is_no_room),
        cmocka_unit_test(test_an_error_of_take_ends_it),
        cmocka_unit_test(test_threads_share_a_budget),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_a_disk_that_gives_no_file, teardown_fault),
        cmocka_unit_test_teardown(test_a_disk_that_fills_up, teardown_fault),
        cmocka_unit_test_teardown(test_short_and_interrupted_calls_go_on, teardown_fault),
        cmocka_unit_test_teardown(test_a_disk_that_gives_nothing_back, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
