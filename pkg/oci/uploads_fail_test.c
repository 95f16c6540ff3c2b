#include "oci/uploads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "fake/check.h"
#include "fake/pusher.h"

enum { SMALL = 5, LARGE = 256 * 1024 + 1, ABOVE_BUDGET = PUSHER_BUDGET + 1000 };

#define OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"

/* Waits until there is one: a connection may be closed before its error is told. */
static struct err *error_of(struct pusher *p)
{
    struct err *e = NULL;
    for (int64_t deadline = clock_after(20000); !e && clock_ms() < deadline; usleep(1000))
        e = oci_endpoint_error(p->endpoint);
    return e;
}

static void expect_all_refused(struct pusher *p)
{
    AUTO_STR uploads = xasprintf("%sblobs/uploads/", p->base);
    AUTO_STR blob = xasprintf("%sblobs/" OTHER, p->base);
    AUTO_STR manifest = xasprintf("%smanifests/latest", p->base);
    AUTO_STR before = pusher_log(p);
    pusher_expect(p, 403, "GET", "/v2/", NULL, 0);
    pusher_expect(p, 403, "POST", uploads, "", 0);
    pusher_expect(p, 403, "HEAD", blob, NULL, 0);
    pusher_expect(p, 403, "PUT", manifest, "{}", 2);
    expect_log(p, before);
}

/* An answer in the middle of a body can't be given: the connection is closed, status 0. */
static void expect_failure(const char *function, size_t len, int status, const char *log_ends)
{
    AUTO(pusher) p = { .streams = true, .fails = function };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, len, 0);
    AUTO(blob) another = blob_new(&p, SMALL, 1);
    AUTO(answer) a = pusher_ask(&p, "PUT", b.put, "", b.bytes, b.len);
    AUTO_STR says = xasprintf("%s failed", function);
    assert_int_equal(a.status, status);
    assert_int_equal(strstr(a.body, "\"DENIED\"") != NULL, status == 403);
    pusher_until(&p, log_ends ? log_ends : b.told);
    expect_all_refused(&p);
    pusher_expect(&p, 403, "PUT", another.put, another.bytes, another.len);
    check_says(error_of(&p), RW9003_SOCKET, says);
}

static void test_the_host_fails(void **state)
{
    (void)state;
    expect_failure("stream", LARGE, 0, NULL);
    expect_failure("write", LARGE, 0, "end broken\n");
    expect_failure("end", LARGE, 403, "end whole\n");
    expect_failure("keep", SMALL, 403, NULL);
}

static void test_a_lie_and_the_host_s_own_error_are_both_told(void **state)
{
    (void)state;
    AUTO(pusher) p = { .streams = true, .fails = "end" };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, LARGE, 0);
    AUTO_STR put = pusher_put(b.location, OTHER);
    pusher_expect(&p, 403, "PUT", put, b.bytes, b.len);
    AUTO_PTR(err) e = error_of(&p);
    assert_int_equal(err_get_code(e), RW4201_IMAGE_STREAM);
    assert_non_null(err_sibling(e));
    assert_int_equal(err_get_code(err_sibling(e)), RW9003_SOCKET);
}

static void test_the_first_error_is_kept(void **state)
{
    (void)state;
    AUTO(pusher) p = { .fails = "keep" };
    pusher_start(&p);
    AUTO(blob) lie = blob_new(&p, SMALL, 0);
    AUTO_STR put = pusher_put(lie.location, OTHER);
    AUTO_STR head = pusher_head(&p, "PUT", put, "Content-Length: 5\r\nConnection: close\r\n");
    AUTO_FD slow = pusher_connect(&p); /* let in before anything has failed */
    pusher_say_text(slow, head);
    pusher_say(slow, lie.bytes, 1);
    while (p.budget.left == PUSHER_BUDGET)
        usleep(1000);
    AUTO(blob) b = blob_new(&p, SMALL, 1);
    pusher_expect(&p, 403, "PUT", b.put, b.bytes, b.len);
    pusher_say(slow, lie.bytes + 1, SMALL - 1);
    AUTO(answer) a = pusher_hear(slow);
    assert_int_equal(a.status, 403);
    check_says(oci_endpoint_error(p.endpoint), RW9003_SOCKET, "keep failed");
    assert_null(oci_endpoint_error(p.endpoint));
}

/* Several at once. */

static void test_an_upload_is_one_request_s_at_a_time(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, SMALL, 0);
    AUTO_STR head = pusher_head(&p, "PATCH", b.location, "Content-Length: 5\r\nConnection: close\r\n");
    AUTO_FD slow = pusher_connect(&p);
    pusher_say_text(slow, head);
    pusher_say(slow, b.bytes, 1);
    while (p.budget.left == PUSHER_BUDGET)
        usleep(1000);
    pusher_expect(&p, 404, "PATCH", b.location, "x", 1);
    pusher_expect(&p, 404, "PUT", b.put, "", 0);
    pusher_expect(&p, 404, "DELETE", b.location, NULL, 0);
    pusher_say(slow, b.bytes + 1, SMALL - 1);
    AUTO(answer) a = pusher_hear(slow);
    assert_int_equal(a.status, 202);
    pusher_expect(&p, 201, "PUT", b.put, "", 0);
    expect_logged(&p, "keep", &b, "");
}

static void test_uploads_have_an_end(void **state)
{
    (void)state;
    enum { AT_ONCE = 256 };
    AUTO(pusher) p = { 0 };
    pusher_start(&p);
    AUTO_STR uploads = xasprintf("%sblobs/uploads/", p.base);
    AUTO_STR first = pusher_upload(&p);
    for (size_t i = 1; i < AT_ONCE; i++)
        pusher_expect(&p, 202, "POST", uploads, "", 0);
    pusher_expect(&p, 403, "POST", uploads, "", 0);
    pusher_expect(&p, 204, "DELETE", first, NULL, 0);
    pusher_expect(&p, 202, "POST", uploads, "", 0);
    assert_null(oci_endpoint_error(p.endpoint));
}

enum { THREADS = 8, ROUNDS = 6 };

struct worker {
    struct pusher *p;
    unsigned seed;
    size_t created;
    pthread_t thread;
};

/* Half of it by PATCH, the rest by PUT; held, put aside in a file, and offered to the host. */
static void *push_some(void *arg)
{
    static const size_t lengths[] = { 2, 30 * 1000, ABOVE_BUDGET, 3 * LARGE };
    struct worker *w = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        AUTO(blob) b = blob_new(w->p, lengths[(i + w->seed) % COUNT_OF(lengths)], w->seed);
        size_t patched = i % 2 ? 0 : b.len / 2;
        if (patched > 0)
            pusher_expect(w->p, 202, "PATCH", b.location, b.bytes, patched);
        AUTO(answer) a = pusher_ask(w->p, "PUT", b.put, "", b.bytes + patched, b.len - patched);
        w->created += a.status == 201;
    }
    return NULL;
}

static size_t count_lines(const char *log, const char *start)
{
    size_t count = 0;
    for (; *log; log += strcspn(log, "\n") + 1)
        count += str_starts(log, start);
    return count;
}

static void test_uploads_from_threads(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    struct worker workers[THREADS] = { 0 };
    pusher_start(&p);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .p = &p, .seed = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, push_some, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].created, ROUNDS);
    }
    AUTO_STR log = pusher_log(&p);
    assert_int_equal(count_lines(log, "keep "), THREADS * ROUNDS);
    assert_null(oci_endpoint_error(p.endpoint));
    assert_int_equal(p.budget.left, PUSHER_BUDGET);
}

#ifdef RWML_FAULT
static int teardown_fault(void **state)
{
    (void)state;
    fault_set(NULL);
    return 0;
}

static void test_a_disk_that_is_full(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    fault_set("spool.write=error(ENOSPC)"); /* before there are threads that read it */
    pusher_start(&p);
    AUTO(blob) b = blob_new(&p, ABOVE_BUDGET, 0);
    AUTO(answer) a = pusher_ask(&p, "PATCH", b.location, "", b.bytes, b.len);
    assert_int_equal(a.status, 0);
    expect_all_refused(&p);
    check_errno(oci_endpoint_error(p.endpoint), RW9001_FILE, ENOSPC);
}

static void test_an_upload_without_a_name(void **state)
{
    (void)state;
    AUTO(pusher) p = { 0 };
    fault_set("entropy.get=3*off->error(EIO)"); /* behind the endpoint's own names */
    pusher_start(&p);
    AUTO_STR uploads = xasprintf("%sblobs/uploads/", p.base);
    pusher_expect(&p, 403, "POST", uploads, "", 0);
    check_errno(oci_endpoint_error(p.endpoint), RW9005_RESOURCES, EIO);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_host_fails),
        cmocka_unit_test(test_a_lie_and_the_host_s_own_error_are_both_told),
        cmocka_unit_test(test_the_first_error_is_kept),
        cmocka_unit_test(test_an_upload_is_one_request_s_at_a_time),
        cmocka_unit_test(test_uploads_have_an_end),
        cmocka_unit_test(test_uploads_from_threads),
#ifdef RWML_FAULT
        cmocka_unit_test_teardown(test_a_disk_that_is_full, teardown_fault),
        cmocka_unit_test_teardown(test_an_upload_without_a_name, teardown_fault),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
