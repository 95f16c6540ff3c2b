/* Credentials that the API server stops accepting in mid-work, against a server that answers from a script: every
 * kind of request logs in again, once, and goes on. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "kube/call.h"
#include "kube/log.h"
#include "kube/mirror.h"
#include "kube/plugin.h"
#include "kube/stream.h"

#define REFUSED 401, "{\"kind\":\"Status\",\"message\":\"Unauthorized\"}", NULL, false

/* A server, and a client whose token was read before the file got another one, or whose plugin counts its runs. */
struct login {
    struct apiserver server;
    char *dir;
    struct kube_client *client;
};

static void login_release(struct login *l)
{
    kube_client_freep(&l->client);
    apiserver_stop(&l->server);
    free(l->dir);
}

static void start(struct login *l, const struct apiserver_answer *script, size_t count)
{
    *l = (struct login){ .dir = scratch_new() };
    apiserver_start(&l->server, script, count);
}

static void open_with_file(struct login *l, const char *token)
{
    AUTO(kube_config) config = { .source = xstrdup("test"), .token = xstrdup("old") };
    config.server = xasprintf("http://127.0.0.1:%d", l->server.port);
    config.token_file = xasprintf("%s/token", l->dir);
    scratch_write(l->dir, "token", token);
    check_ok(kube_open(&config, NULL, &l->client));
}

static void open_with_plugin(struct login *l)
{
    AUTO(kube_config) config = { .source = xstrdup("test"), .plugin = xcalloc(1, sizeof *config.plugin) };
    AUTO_STR script =
        xasprintf("#!/bin/sh\n"
                  "echo x >>%s/runs\n"
                  "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v\",\"status\":{\"token\":\"'$(wc -l "
                  "<%s/runs)'\"}}'\n",
                  l->dir, l->dir);
    config.server = xasprintf("http://127.0.0.1:%d", l->server.port);
    config.plugin->command = xasprintf("%s/plugin", l->dir);
    config.plugin->api_version = xstrdup("v");
    config.plugin->interaction = KUBE_NEVER;
    scratch_write(l->dir, "plugin", script);
    assert_int_equal(chmod(config.plugin->command, 0700), 0);
    check_ok(kube_open(&config, NULL, &l->client));
}

static void expect_runs(const struct login *l, size_t count)
{
    AUTO(buf) runs = BUF_INIT(LIMIT_CONFIG);
    AUTO_STR path = xasprintf("%s/runs", l->dir);
    check_ok(fs_read(AT_FDCWD, path, LIMIT_CONFIG, &runs));
    assert_int_equal(runs.len, 2 * count);
}

/* ---------------------------------------------------------------- one request */

static const struct kube_id POD = { "v1", "Pod", "shop", "web" };

#define GET_POD "GET /api/v1/namespaces/shop/pods/web "

static void test_request_by_a_new_token(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION,
                                                      { GET_POD, REFUSED },
                                                      { GET_POD, 200, "{\"kind\":\"Pod\"}", NULL, false } };
    AUTO(login) l;
    DOC_AUTO pod = NULL;
    start(&l, script, COUNT_OF(script));
    open_with_file(&l, "new\n");
    check_ok(kube_get(l.client, POD, &pod));
    assert_non_null(pod);
}

static void test_request_by_the_same_token(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION, { GET_POD, REFUSED } };
    AUTO(login) l;
    DOC_AUTO pod = NULL;
    start(&l, script, COUNT_OF(script));
    open_with_file(&l, "old\n");
    check_says(kube_get(l.client, POD, &pod), RW5104_CLUSTER_REFUSED, "Unauthorized");
}

/* A plugin that always has another token is not asked for ever. */
static void test_request_by_a_plugin(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION, { GET_POD, REFUSED }, { GET_POD, REFUSED } };
    AUTO(login) l;
    DOC_AUTO pod = NULL;
    start(&l, script, COUNT_OF(script));
    open_with_plugin(&l);
    expect_runs(&l, 1);
    check_error(kube_get(l.client, POD, &pod), RW5104_CLUSTER_REFUSED);
    expect_runs(&l, 2);
}

/* ---------------------------------------------------------------- watches */

#define LIST(kind) "GET /api/v1/namespaces/shop/" kind " "
#define WATCH(kind) "GET /api/v1/namespaces/shop/" kind "?watch=1"
#define NOTHING 200, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}", NULL, false
#define ADDED                                                                                                          \
    200, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"a\",\"resourceVersion\":\"6\"}}}\n", NULL, false

static struct err *wait_for_one(struct kube_mirror *m, size_t entry)
{
    int64_t deadline_ms = clock_after(10000);
    while (doc_count(kube_mirror_items(m, entry)) == 0 && clock_ms() < deadline_ms)
        TRY(kube_mirror_wait(m, deadline_ms, NULL));
    assert_int_equal(doc_count(kube_mirror_items(m, entry)), 1);
    return NULL;
}

static void test_watch_by_a_plugin(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION, { LIST("pods"), NOTHING }, { WATCH("pods"), REFUSED }, { WATCH("pods"), ADDED }
    };
    AUTO(login) l;
    AUTO_PTR(kube_mirror) m = NULL;
    size_t pods;
    start(&l, script, COUNT_OF(script));
    open_with_plugin(&l);
    check_ok(kube_mirror_new(l.client, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &pods));
    check_ok(wait_for_one(m, pods));
    expect_runs(&l, 2);
    kube_mirror_freep(&m);
}

/* Two streams that one token opened are refused one behind the other: the second needs no login of its own. */
static void test_one_login_for_all_that_are_refused(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION };
    AUTO(login) l;
    bool changed = false;
    start(&l, script, COUNT_OF(script));
    open_with_plugin(&l);
    unsigned login = l.client->login;
    for (int i = 0; i < 2; i++) {
        check_ok(kube_client_renew(l.client, login, &changed));
        assert_true(changed);
        expect_runs(&l, 2);
    }
    check_ok(kube_client_renew(l.client, l.client->login, &changed));
    assert_true(changed);
    expect_runs(&l, 3);
}

/* Several threads, each with a client that was made from the first. */
static void test_one_login_for_clients_made_from_one(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION };
    AUTO(login) l;
    bool changed = false;
    start(&l, script, COUNT_OF(script));
    open_with_plugin(&l);
    AUTO_PTR(kube_client) a = kube_again(l.client);
    AUTO_PTR(kube_client) b = kube_again(l.client);
    check_ok(kube_client_stay_logged_in(a));
    check_ok(kube_client_stay_logged_in(b));
    expect_runs(&l, 1);
    check_ok(kube_client_renew(a, a->login, &changed));
    assert_true(changed);
    check_ok(kube_client_renew(b, b->login, &changed));
    assert_true(changed);
    check_ok(kube_client_stay_logged_in(l.client));
    expect_runs(&l, 2);
    assert_int_equal(b->login, a->login);
    assert_int_equal(l.client->login, a->login);
}

static void test_watch_that_stays_refused(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION, { LIST("pods"), NOTHING }, { WATCH("pods"), REFUSED }, { WATCH("pods"), REFUSED }
    };
    AUTO(login) l;
    AUTO_PTR(kube_mirror) m = NULL;
    size_t pods;
    start(&l, script, COUNT_OF(script));
    open_with_plugin(&l);
    check_ok(kube_mirror_new(l.client, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &pods));
    check_error(wait_for_one(m, pods), RW5104_CLUSTER_REFUSED);
    expect_runs(&l, 2);
    kube_mirror_freep(&m);
}

/* ---------------------------------------------------------------- logs */

#define LOG "GET /api/v1/namespaces/shop/pods/web/log?"

static void ignore_line(void *ctx, const char *line, size_t len, bool cut)
{
    (void)ctx;
    (void)line;
    (void)len;
    (void)cut;
}

static void take_end(void *ctx, enum kube_log_end end, struct err *reason)
{
    *(int *)ctx = (int)end;
    err_free(reason);
}

static struct err *read_log(struct login *l, int *end)
{
    const struct kube_log_query query = { .namespace = "shop", .pod = "web", .container = "c", .tail = -1 };
    struct kube_log *log = NULL;
    bool changed = false;
    check_ok(kube_log_open(l->client, &query, (struct kube_log_taker){ ignore_line, take_end, end }, &log));
    struct err *e = NULL;
    for (int64_t deadline_ms = clock_after(10000); !e && *end < 0 && clock_ms() < deadline_ms;)
        e = kube_stream_step(l->client, deadline_ms, &changed);
    kube_log_close(log);
    return e;
}

/* Whoever reads it opens it again, as after a cut. */
static void test_log_by_a_new_token(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION,
                                                      { LOG, REFUSED },
                                                      { LOG, 200, "x\n", NULL, false } };
    AUTO(login) l;
    int end = -1;
    start(&l, script, COUNT_OF(script));
    open_with_file(&l, "new\n");
    check_ok(read_log(&l, &end));
    assert_int_equal(end, KUBE_LOG_BROKEN);
    end = -1;
    check_ok(read_log(&l, &end));
    assert_int_equal(end, KUBE_LOG_COMPLETE);
}

static void test_log_by_the_same_token(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION, { LOG, REFUSED } };
    AUTO(login) l;
    int end = -1;
    start(&l, script, COUNT_OF(script));
    open_with_file(&l, "old\n");
    check_error(read_log(&l, &end), RW5104_CLUSTER_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_by_a_new_token),
        cmocka_unit_test(test_request_by_the_same_token),
        cmocka_unit_test(test_request_by_a_plugin),
        cmocka_unit_test(test_watch_by_a_plugin),
        cmocka_unit_test(test_one_login_for_all_that_are_refused),
        cmocka_unit_test(test_one_login_for_clients_made_from_one),
        cmocka_unit_test(test_watch_that_stays_refused),
        cmocka_unit_test(test_log_by_a_new_token),
        cmocka_unit_test(test_log_by_the_same_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
