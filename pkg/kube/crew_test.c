/* Many objects: side by side, and in pages. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kube/apply.h"
#include "kube/crew.h"

enum { MANY = 40 };

/* A server that answers from a script, and a client of it. */
struct peer {
    struct apiserver server;
    struct kube_client *client;
};

static void peer_release(struct peer *p)
{
    kube_client_freep(&p->client);
    apiserver_stop(&p->server);
}

static void peer_start(struct peer *p, const struct apiserver_answer *script, size_t count)
{
    *p = (struct peer){ .client = NULL };
    apiserver_start(&p->server, script, count);
    AUTO_STR server = xasprintf("http://127.0.0.1:%d", p->server.port);
    char source[] = "test";
    struct kube_config config = { .source = source, .server = server };
    check_ok(kube_open(&config, NULL, &p->client));
}

/* Of one that is asked for nothing. */
static void peer_start_idle(struct peer *p)
{
    static const struct apiserver_answer script[] = { APISERVER_VERSION };
    peer_start(p, script, COUNT_OF(script));
}

/* One piece of work: fails with this code, or does what it is told. */
struct piece {
    enum err_code code;
    size_t number;
    bool asks;
    bool ran;
    struct kube_client *by;
};

static struct err *do_piece(struct kube_client *c, void *item)
{
    struct piece *p = item;
    p->ran = true;
    p->by = c;
    if (p->code)
        return err_new(p->code, "piece %zu", p->number);
    if (!p->asks)
        return NULL;
    DOC_AUTO pod = NULL;
    AUTO_STR name = xasprintf("p%zu", p->number);
    TRY(kube_get(c, (struct kube_id){ "v1", "Pod", "shop", name }, &pod));
    return str_eq(doc_text(pod, "/kind"), "Pod") ? NULL : err_new(RW9003_SOCKET, "no pod");
}

static void fill(struct piece *pieces, size_t count, bool asks)
{
    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct piece){ .number = i, .asks = asks };
}

static size_t count_ran(const struct piece *pieces, size_t count)
{
    size_t ran = 0;
    for (size_t i = 0; i < count; i++)
        ran += pieces[i].ran;
    return ran;
}

static struct err *crew(struct kube_client *c, struct piece *pieces, size_t count, bool stops)
{
    const struct kube_crew work = {
        .items = pieces, .count = count, .size = sizeof *pieces, .run = do_piece, .stops = stops
    };
    return kube_crew(c, &work);
}

static void count_notice(void *ctx, const char *line)
{
    (void)line;
    ++*(int *)ctx;
}

/* Each is asked for once, and a warning that all answers have is told once. */
static void test_each_is_done_once(void **state)
{
    (void)state;
    struct apiserver_answer script[MANY + 1] = { APISERVER_VERSION };
    struct piece pieces[MANY];
    int notices = 0;
    AUTO(peer) p;
    for (size_t i = 1; i <= MANY; i++)
        script[i] = (struct apiserver_answer){ "GET /api/v1/namespaces/shop/pods/p", 200, "{\"kind\":\"Pod\"}",
                                               "Warning: 299 - \"old\"\r\n", false };
    peer_start(&p, script, COUNT_OF(script));
    kube_on_notice(p.client, count_notice, &notices);
    fill(pieces, MANY, true);
    check_ok(crew(p.client, pieces, MANY, false));
    assert_int_equal(count_ran(pieces, MANY), MANY);
    assert_int_equal(notices, 1);
}

static void test_few_are_done_by_the_client_itself(void **state)
{
    (void)state;
    AUTO(peer) p;
    struct piece pieces[KUBE_CREW_SHARE];
    peer_start_idle(&p);
    fill(pieces, KUBE_CREW_SHARE, false);
    check_ok(crew(p.client, pieces, 0, false));
    check_ok(crew(p.client, pieces, KUBE_CREW_SHARE, false));
    for (size_t i = 0; i < KUBE_CREW_SHARE; i++)
        assert_ptr_equal(pieces[i].by, p.client);
}

static void test_errors_come_in_the_order_of_the_items(void **state)
{
    (void)state;
    AUTO(peer) p;
    struct piece pieces[MANY];
    size_t expected = 1;
    peer_start_idle(&p);
    fill(pieces, MANY, false);
    for (size_t i = 1; i < MANY; i += 2)
        pieces[i].code = RW5401_OBJECT_REJECTED;
    AUTO_PTR(err) e = crew(p.client, pieces, MANY, false);
    for (const struct err *each = e; each; each = err_sibling(each)) {
        AUTO_STR says = xasprintf("piece %zu", expected);
        assert_string_equal(err_get_message(each), says);
        expected += 2;
    }
    assert_int_equal(expected, MANY + 1);
    assert_int_equal(count_ran(pieces, MANY), MANY);
}

/* Of those that others had begun meanwhile all are finished. */
static void test_none_is_begun_after_an_error_that_stops(void **state)
{
    (void)state;
    AUTO(peer) p;
    struct piece pieces[MANY * 10];
    peer_start_idle(&p);
    fill(pieces, COUNT_OF(pieces), false);
    pieces[0].code = RW5401_OBJECT_REJECTED;
    for (size_t i = 1; i < COUNT_OF(pieces); i++)
        pieces[i].code = RW5409_CONFLICT;
    AUTO_PTR(err) e = crew(p.client, pieces, COUNT_OF(pieces), true);
    assert_non_null(e);
    check_between((int64_t)count_ran(pieces, COUNT_OF(pieces)), 1, KUBE_CREW + 1);
}

static void test_what_meets_all_is_told_once(void **state)
{
    (void)state;
    AUTO(peer) p;
    struct piece pieces[MANY * 10];
    peer_start_idle(&p);
    fill(pieces, COUNT_OF(pieces), false);
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        pieces[i].code = RW9009_INTERRUPTED;
    AUTO_PTR(err) e = crew(p.client, pieces, COUNT_OF(pieces), false);
    assert_true(kube_meets_all(e));
    assert_null(err_sibling(e));
    check_between((int64_t)count_ran(pieces, COUNT_OF(pieces)), 1, KUBE_CREW + 1);
}

/* A namespace that was found missing is not tried again for each object, by no client of the crew. */
static struct err *dry_run(struct kube_client *c, void *item)
{
    (void)item;
    DOC_AUTO object = doc_object();
    DOC_AUTO live = NULL;
    doc_set_text(object, "/apiVersion", "v1");
    doc_set_text(object, "/kind", "ConfigMap");
    doc_set_text(object, "/metadata/name", "a");
    doc_set_text(object, "/metadata/namespace", "shop");
    TRY(kube_apply(c, object, KUBE_DRY_RUN, &live, NULL));
    return str_eq(doc_text(live, "/metadata/namespace"), "shop") ? NULL : err_new(RW9003_SOCKET, "another namespace");
}

static void test_missing_namespace_is_known_to_all(void **state)
{
    (void)state;
    struct apiserver_answer script[MANY + 2] = {
        APISERVER_VERSION,
        { "GET /api/v1/namespaces/shop ", 404, "{\"kind\":\"Status\"}", NULL, false },
    };
    for (size_t i = 2; i < COUNT_OF(script); i++)
        script[i] = (struct apiserver_answer){ "PATCH /api/v1/namespaces/kube-public/configmaps/a?", 201,
                                               "{\"metadata\":{\"namespace\":\"kube-public\"}}", NULL, false };
    AUTO(peer) p;
    bool exists = true;
    peer_start(&p, script, COUNT_OF(script));
    check_ok(kube_namespace_exists(p.client, "shop", &exists));
    assert_false(exists);
    const struct kube_crew work = { .items = script, .count = MANY, .size = 1, .run = dry_run };
    check_ok(kube_crew(p.client, &work));
}

/* ---------------------------------------------------------------- pages */

static struct err *take_names(void *ctx, json_t *items)
{
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (items, i, item)
        strv_addf(ctx, "%s %s", doc_text(item, "/kind"), doc_text(item, "/metadata/name"));
    return NULL;
}

#define LIST "GET /api/v1/namespaces/shop/pods?limit=500"
#define FIRST_PAGE                                                                                                     \
    "{\"metadata\":{\"resourceVersion\":\"5\",\"continue\":\"a b\"},\"items\":[{\"metadata\":{\"name\":\"x\"}}]}"

static void read_pages(const struct apiserver_answer *script, size_t count, const char *names, bool expect_whole)
{
    AUTO(peer) p;
    AUTO(strv) seen = { 0 };
    const struct kube_id collection = { .api_version = "v1", .kind = "Pod", .namespace = "shop" };
    bool whole = !expect_whole;
    peer_start(&p, script, count);
    check_ok(kube_list_pages(p.client, collection, take_names, &seen, &whole));
    AUTO_STR all = strv_join(&seen, ",");
    assert_string_equal(all, names);
    assert_int_equal(whole, expect_whole);
}

static void test_pages(void **state)
{
    (void)state;
    static const struct apiserver_answer two[] = {
        APISERVER_VERSION,
        { LIST " ", 200, FIRST_PAGE, NULL, false },
        { LIST "&continue=a%20b ", 200,
          "{\"metadata\":{\"resourceVersion\":\"5\",\"continue\":\"\"},\"items\":[{\"metadata\":{\"name\":\"y\"}}]}",
          NULL, false },
    };
    read_pages(two, COUNT_OF(two), "Pod x,Pod y", true);
}

static void test_pages_that_the_server_forgets(void **state)
{
    (void)state;
    static const struct apiserver_answer gone[] = {
        APISERVER_VERSION,
        { LIST " ", 200, FIRST_PAGE, NULL, false },
        { LIST "&continue=a%20b ", 410, "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}", NULL, false },
    };
    read_pages(gone, COUNT_OF(gone), "Pod x", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_done_once),
        cmocka_unit_test(test_few_are_done_by_the_client_itself),
        cmocka_unit_test(test_errors_come_in_the_order_of_the_items),
        cmocka_unit_test(test_none_is_begun_after_an_error_that_stops),
        cmocka_unit_test(test_what_meets_all_is_told_once),
        cmocka_unit_test(test_missing_namespace_is_known_to_all),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_pages_that_the_server_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
