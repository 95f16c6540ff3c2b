/* The rule, and each of those that keep to it, against a server that answers from a script. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kube/apply.h"
#include "kube/log.h"
#include "kube/mirror.h"
#include "kube/outage.h"

static const char POD_LOGS[] = "log shop";

static void test_a_refusal_at_first_is_final(void **state)
{
    (void)state;
    AUTO(kube_outage) o = { 0 };
    assert_false(kube_outage_excuses(&o, POD_LOGS, 1000));
    kube_outage_served(&o, "log other");
    assert_false(kube_outage_excuses(&o, POD_LOGS, 1000));
}

static void test_what_was_given_before_is_waited_for(void **state)
{
    (void)state;
    AUTO(kube_outage) o = { 0 };
    kube_outage_served(&o, POD_LOGS);
    assert_true(kube_outage_excuses(&o, POD_LOGS, 1000));
    assert_true(kube_outage_excuses(&o, POD_LOGS, 1000 + KUBE_OUTAGE_MS - 1));
    assert_false(kube_outage_excuses(&o, POD_LOGS, 1000 + KUBE_OUTAGE_MS));
    assert_false(kube_outage_excuses(&o, POD_LOGS, 1000 + 9 * KUBE_OUTAGE_MS)); /* and stays so */
    kube_outage_served(&o, POD_LOGS);
    assert_true(kube_outage_excuses(&o, POD_LOGS, 1000 + 10 * KUBE_OUTAGE_MS)); /* until it is given again */
}

static void test_after_a_loss_all_is_waited_for(void **state)
{
    (void)state;
    AUTO(kube_outage) o = { 0 };
    assert_false(kube_outage_is_near(&o, 1000));
    kube_outage_lost(&o, 1000);
    assert_true(kube_outage_is_near(&o, 1000 + KUBE_OUTAGE_MS - 1));
    assert_true(kube_outage_excuses(&o, POD_LOGS, 2000));
    assert_false(kube_outage_is_near(&o, 1000 + KUBE_OUTAGE_MS));
    assert_false(kube_outage_excuses(&o, POD_LOGS, 1000 + KUBE_OUTAGE_MS));
}

static void test_a_second_outage_has_its_own_time(void **state)
{
    (void)state;
    AUTO(kube_outage) o = { 0 };
    kube_outage_lost(&o, 1000);
    assert_true(kube_outage_excuses(&o, POD_LOGS, 2000));
    int64_t later_ms = 2000 + 5 * KUBE_OUTAGE_MS;
    kube_outage_lost(&o, later_ms);
    assert_true(kube_outage_excuses(&o, POD_LOGS, later_ms + 1000));
    assert_true(kube_outage_excuses(&o, POD_LOGS, later_ms + KUBE_OUTAGE_MS - 1));
}

#define NOT_YOU "{\"message\":\"pods is forbidden: User \\\"me\\\" cannot get resource \\\"pods\\\"\"}"
#define GET_POD "GET /api/v1/namespaces/shop/pods/web "
#define LIST "GET /api/v1/namespaces/shop/pods "
#define WATCH "GET /api/v1/namespaces/shop/pods?watch=1&allowWatchBookmarks=true&resourceVersion="
#define NO_PODS "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}"
#define ADDED(name, version)                                                                                           \
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"" name "\",\"resourceVersion\":\"" version "\"}}}\n"

static struct kube_client *start(struct apiserver *s, const struct apiserver_answer *script, size_t count)
{
    apiserver_start(s, script, count);
    AUTO_STR address = xasprintf("http://127.0.0.1:%d", s->port);
    char source[] = "test";
    const struct kube_config config = { .source = source, .server = address };
    struct kube_client *c = NULL;
    check_ok(kube_open(&config, NULL, &c));
    return c;
}

static void stop(struct apiserver *s, struct kube_client *c)
{
    kube_client_free(c);
    apiserver_stop(s);
}

static void test_call_to_a_server_that_starts(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { GET_POD, 200, "{\"kind\":\"Po", NULL, true }, /* it is lost */
        { GET_POD, 403, NOT_YOU, NULL, false },
        { GET_POD, 401, "{\"message\":\"Unauthorized\"}", NULL, false },
        { GET_POD, 503, "apiserver not ready", NULL, false },
        { GET_POD, 403, NOT_YOU, NULL, false },
        { GET_POD, 403, NOT_YOU, NULL, false }, /* more often than a server that answers is asked */
        { GET_POD, 200, "{\"kind\":\"Pod\"}", NULL, false },
    };
    struct apiserver s;
    struct kube_client *c = start(&s, script, COUNT_OF(script));
    DOC_AUTO pod = NULL;
    check_ok(kube_get(c, (struct kube_id){ "v1", "Pod", "shop", "web" }, &pod));
    assert_true(doc_is_object(pod));
    stop(&s, c);
}

static void get_pods(const struct apiserver_answer *script, size_t count, int tries, const char *says)
{
    struct apiserver s;
    struct kube_client *c = start(&s, script, count);
    for (int i = 1; i <= tries; i++) {
        DOC_AUTO pod = NULL;
        if (says && i == tries)
            check_says(kube_get(c, (struct kube_id){ "v1", "Pod", "shop", "web" }, &pod), RW5104_CLUSTER_REFUSED, says);
        else
            check_ok(kube_get(c, (struct kube_id){ "v1", "Pod", "shop", "web" }, &pod));
    }
    stop(&s, c);
}

/* The connection that was kept is dead, which nobody notices: the next one is made in its place. */
static void test_call_that_went_well_before(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { GET_POD, 200, "{\"kind\":\"Pod\"}", NULL, false },
        { GET_POD, 403, NOT_YOU, NULL, false },
        { GET_POD, 200, "{\"kind\":\"Pod\"}", NULL, false },
    };
    get_pods(script, COUNT_OF(script), 2, NULL);
}

static void test_call_that_never_went_well(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION, { GET_POD, 403, NOT_YOU, NULL, false } };
    get_pods(script, COUNT_OF(script), 1, "cannot get resource");
}

/* A verdict on the object, however near the outage. */
static void test_denial_after_a_loss(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { GET_POD, 200, "{\"kind\":\"Po", NULL, true },
        { GET_POD, 200, "{\"kind\":\"Pod\"}", NULL, false },
        { GET_POD, 403, "{\"message\":\"admission webhook \\\"x\\\" denied the request: no\"}", NULL, false },
    };
    get_pods(script, COUNT_OF(script), 2, "denied the request");
}

static void test_write_to_a_server_whose_admission_starts(void **state)
{
    (void)state;
    static const char early[] = "{\"message\":\"configmaps \\\"a\\\" is forbidden: not yet ready to handle request\"}";
    static const char patch[] = "PATCH /api/v1/namespaces/shop/configmaps/a?";
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { patch, 403, early, NULL, false },
        { patch, 200, "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\"}}", NULL, false },
    };
    struct apiserver s;
    struct kube_client *c = start(&s, script, COUNT_OF(script));
    DOC_AUTO object = doc_object();
    doc_set_text(object, "/apiVersion", "v1");
    doc_set_text(object, "/kind", "ConfigMap");
    doc_set_text(object, "/metadata/name", "a");
    doc_set_text(object, "/metadata/namespace", "shop");
    check_ok(kube_apply(c, object, KUBE_WRITE, NULL, NULL));
    stop(&s, c);
}

static void test_watch_that_is_refused_at_first(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { LIST, 200, NO_PODS, NULL, false },
        { WATCH "5&", 403, NOT_YOU, NULL, false },
    };
    struct apiserver s;
    struct kube_client *c = start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_mirror) m = NULL;
    size_t entry;
    check_ok(kube_mirror_new(c, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &entry));
    check_says(kube_mirror_wait(m, clock_after(5000), NULL), RW5104_CLUSTER_REFUSED, "does not let us watch Pod (403)");
    kube_mirror_freep(&m);
    stop(&s, c);
}

static void test_watch_of_a_server_that_starts(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { LIST, 200, NO_PODS, NULL, false },
        { WATCH "5&", 200, ADDED("a", "6"), NULL, false }, /* ended in good order */
        { WATCH "6&", 403, NOT_YOU, NULL, false },
        { WATCH "6&", 401, "{\"message\":\"Unauthorized\"}", NULL, false },
        { WATCH "6&", 500, "", NULL, false },
        { WATCH "6&", 200, ADDED("b", "7"), NULL, false },
    };
    struct apiserver s;
    struct kube_client *c = start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_mirror) m = NULL;
    size_t entry;
    bool changed = true;
    check_ok(kube_mirror_new(c, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &entry));
    while (changed && doc_count(kube_mirror_items(m, entry)) < 2)
        check_ok(kube_mirror_wait(m, clock_after(10000), &changed));
    assert_int_equal(doc_count(kube_mirror_items(m, entry)), 2);
    kube_mirror_freep(&m);
    stop(&s, c);
}

/* A watch that the server is too busy for: not before the time that it asks for, and not at all after much more. */
static void test_watch_of_a_busy_server(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { LIST, 200, NO_PODS, NULL, false },
        { WATCH "5&", 429, "Too many requests", "Retry-After: 1\r\n", false },
        { WATCH "5&", 200, ADDED("a", "6"), NULL, false },
        { WATCH "6&", 429, "Too many requests", "Retry-After: 120\r\n", false },
    };
    struct apiserver s;
    struct kube_client *c = start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_mirror) m = NULL;
    size_t entry;
    bool changed = false;
    check_ok(kube_mirror_new(c, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &entry));
    int64_t began_ms = clock_ms();
    check_ok(kube_mirror_wait(m, clock_after(10000), &changed));
    assert_int_equal(doc_count(kube_mirror_items(m, entry)), 1);
    check_between(clock_ms() - began_ms, 1000, 5000);
    check_says(kube_mirror_wait(m, clock_after(10000), &changed), RW5103_CLUSTER_UNREACHABLE, "(429)");
    kube_mirror_freep(&m);
    stop(&s, c);
}

struct reading {
    int lines;
    bool ended;
    enum kube_log_end end;
};

static void on_line(void *ctx, const char *line, size_t len, bool cut)
{
    struct reading *r = ctx;
    assert_int_equal(len, strlen("one"));
    assert_memory_equal(line, "one", len);
    assert_false(cut);
    r->lines++;
}

static void on_end(void *ctx, enum kube_log_end end, struct err *reason)
{
    struct reading *r = ctx;
    r->ended = true;
    r->end = end;
    err_free(reason);
}

/* Reads to the end; the mirror has no entries, and only moves the log. */
static struct err *read_log(struct kube_client *c, struct kube_mirror *m, struct reading *r)
{
    const struct kube_log_query query = { .namespace = "shop", .pod = "web", .container = "c", .tail = -1 };
    struct kube_log *log = NULL;
    struct err *e = NULL;
    *r = (struct reading){ 0 };
    check_ok(kube_log_open(c, &query, (struct kube_log_taker){ on_line, on_end, r }, &log));
    while (!e && !r->ended)
        e = kube_mirror_wait(m, clock_after(5000), NULL);
    kube_log_close(log);
    return e;
}

static void test_log_of_a_server_that_starts(void **state)
{
    (void)state;
    static const char log[] = "GET /api/v1/namespaces/shop/pods/web/log?container=c&timestamps=true ";
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { log, 403, NOT_YOU, NULL, false },
        { log, 200, "one\n", NULL, false },
        { log, 403, NOT_YOU, NULL, false },
        { log, 200, "one\none\n", NULL, false },
    };
    struct apiserver s;
    struct kube_client *c = start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_mirror) m = NULL;
    struct reading r;
    check_ok(kube_mirror_new(c, &m));
    check_says(read_log(c, m, &r), RW5104_CLUSTER_REFUSED, "does not let us read the log of pod shop/web");
    check_ok(read_log(c, m, &r));
    assert_int_equal(r.lines, 1);
    assert_int_equal(r.end, KUBE_LOG_COMPLETE);
    check_ok(read_log(c, m, &r)); /* to be read again later */
    assert_int_equal(r.end, KUBE_LOG_BROKEN);
    check_ok(read_log(c, m, &r));
    assert_int_equal(r.lines, 2);
    kube_mirror_freep(&m);
    stop(&s, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_at_first_is_final),
        cmocka_unit_test(test_what_was_given_before_is_waited_for),
        cmocka_unit_test(test_after_a_loss_all_is_waited_for),
        cmocka_unit_test(test_a_second_outage_has_its_own_time),
        cmocka_unit_test(test_call_to_a_server_that_starts),
        cmocka_unit_test(test_call_that_went_well_before),
        cmocka_unit_test(test_call_that_never_went_well),
        cmocka_unit_test(test_denial_after_a_loss),
        cmocka_unit_test(test_write_to_a_server_whose_admission_starts),
        cmocka_unit_test(test_watch_that_is_refused_at_first),
        cmocka_unit_test(test_watch_of_a_server_that_starts),
        cmocka_unit_test(test_watch_of_a_busy_server),
        cmocka_unit_test(test_log_of_a_server_that_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
