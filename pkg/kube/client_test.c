/* Against a server that answers from a script, for what a real API server can't be made to do: refuse,
 * cut, overload, forget. */
#include "fake/apiserver.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/mirror.h"
#include "kube/pod.h"

static int notices;

static void count_notice(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
    notices++;
}

static struct err *open_port(int port, struct kube_client **out)
{
    AUTO_STR server = xasprintf("http://127.0.0.1:%d", port);
    char source[] = "test";
    struct kube_config config = { .source = source, .server = server };
    notices = 0;
    TRY(kube_open(&config, NULL, out));
    kube_on_notice(*out, count_notice, NULL);
    return NULL;
}

static const struct kube_id POD = { "v1", "Pod", "shop", "web" };

static void test_open(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_client) c = NULL;
    check_ok(open_port(s.port, &c));
    assert_non_null(c);
    kube_client_freep(&c);
    apiserver_stop(&s);
}

static void test_open_refused_is_told_at_once(void **state)
{
    (void)state;
    struct apiserver s;
    apiserver_start(&s, NULL, 0);
    apiserver_stop(&s);
    AUTO_PTR(kube_client) c = NULL;
    int64_t start = clock_ms();
    check_error(open_port(s.port, &c), RW5103_CLUSTER_UNREACHABLE);
    check_between(clock_ms() - start, 0, 2000);
}

static void open_fails(const struct apiserver_answer *answer, enum err_code code)
{
    struct apiserver s;
    apiserver_start(&s, answer, 1);
    AUTO_PTR(kube_client) c = NULL;
    check_error(open_port(s.port, &c), code);
    apiserver_stop(&s);
}

static void test_open_refusals(void **state)
{
    (void)state;
    open_fails(
        &(struct apiserver_answer){ "GET", 401, "{\"kind\":\"Status\",\"message\":\"Unauthorized\"}", NULL, false },
        RW5104_CLUSTER_REFUSED);
    open_fails(&(struct apiserver_answer){ "GET", 403, "{\"kind\":\"Status\",\"message\":\"no\"}", NULL, false },
               RW5104_CLUSTER_REFUSED);
    open_fails(&(struct apiserver_answer){ "GET", 404, "<html>not here</html>", NULL, false }, RW5105_CLUSTER_PROTOCOL);
    open_fails(&(struct apiserver_answer){ "GET", 200, "hello", NULL, false }, RW5105_CLUSTER_PROTOCOL);
    open_fails(&(struct apiserver_answer){ "GET", 200, "{\"Version\":\"docker\"}", NULL, false },
               RW5105_CLUSTER_PROTOCOL);
}

#define GET_POD "GET /api/v1/namespaces/shop/pods/web "

static void get_pod(const struct apiserver_answer *script, size_t count, enum err_code code, const char *says,
                    int want_notices)
{
    struct apiserver s;
    apiserver_start(&s, script, count);
    AUTO_PTR(kube_client) c = NULL;
    check_ok(open_port(s.port, &c));
    DOC_AUTO pod = NULL;
    if (says)
        check_says(kube_get(c, POD, &pod), code, says);
    else
        check_ok(kube_get(c, POD, &pod));
    assert_int_equal(doc_is_object(pod), says == NULL);
    assert_int_equal(notices, want_notices);
    kube_client_freep(&c);
    apiserver_stop(&s);
}

static void test_get_repeats_what_passes(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { GET_POD, 503, "overloaded", NULL, false },
        { GET_POD, 200, "{\"kind\":\"Po", NULL, true },
        { GET_POD, 0, NULL, NULL, false },
        { GET_POD, 200, "{\"kind\":\"Pod\"}", NULL, false },
    };
    get_pod(script, COUNT_OF(script), 0, NULL, 3);
}

static void test_get_gives_up(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { GET_POD, 429, "Too many requests, please try again later.", "Retry-After: 0\r\n", false },
        { GET_POD, 429, "Too many requests, please try again later.", "Retry-After: 0\r\n", false },
        { GET_POD, 429, "Too many requests, please try again later.", "Retry-After: 0\r\n", false },
        { GET_POD, 429, "Too many requests, please try again later.", "Retry-After: 0\r\n", false },
        { GET_POD, 429, "Too many requests, please try again later.", "Retry-After: 0\r\n", false },
    };
    get_pod(script, COUNT_OF(script), RW5103_CLUSTER_UNREACHABLE, "429 after 5 tries: Too many requests", 4);
}

static void test_get_does_not_wait_for_ever(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION,
                                                      { GET_POD, 429, "", "Retry-After: 120\r\n", false } };
    get_pod(script, COUNT_OF(script), RW5103_CLUSTER_UNREACHABLE, "asks to wait 120 s", 0);
}

static void test_get_does_not_repeat_a_verdict(void **state)
{
    (void)state;
    static const struct apiserver_answer forbidden[] = { APISERVER_VERSION,
                                                         { GET_POD, 403, "{\"message\":\"not you\"}", NULL, false } };
    get_pod(forbidden, COUNT_OF(forbidden), RW5104_CLUSTER_REFUSED, "not you", 0);
    static const struct apiserver_answer broken[] = { APISERVER_VERSION, { GET_POD, 200, "not json", NULL, false } };
    get_pod(broken, COUNT_OF(broken), RW5105_CLUSTER_PROTOCOL, "cannot read the answer", 0);
}

static void test_get_refuses_names_that_are_paths(void **state)
{
    (void)state;
    static const char *const names[] = { "..", ".", "a/b", "%2e%2e", "a\nb", "" };
    static const struct apiserver_answer script[] = { APISERVER_VERSION };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_client) c = NULL;
    check_ok(open_port(s.port, &c));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        DOC_AUTO pod = NULL;
        check_error(kube_get(c, (struct kube_id){ "v1", "Pod", "shop", names[i] }, &pod), RW5001_OBJECT_INVALID);
        check_error(kube_get(c, (struct kube_id){ "v1", "Pod", names[i], "a" }, &pod), RW5001_OBJECT_INVALID);
    }
    kube_client_freep(&c);
    apiserver_stop(&s); /* and none was asked for */
}

static json_t *config_map(void)
{
    json_t *object = doc_object();
    doc_set_text(object, "/apiVersion", "v1");
    doc_set_text(object, "/kind", "ConfigMap");
    doc_set_text(object, "/metadata/name", "a");
    doc_set_text(object, "/metadata/namespace", "shop");
    return object;
}

#define PATCH "PATCH /api/v1/namespaces/shop/configmaps/a?"
#define DONE "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\"}}"

static void apply(const struct apiserver_answer *script, size_t count, enum kube_apply_mode mode, enum err_code code)
{
    struct apiserver s;
    apiserver_start(&s, script, count);
    AUTO_PTR(kube_client) c = NULL;
    check_ok(open_port(s.port, &c));
    DOC_AUTO object = config_map();
    DOC_AUTO live = NULL;
    if (code)
        check_error(kube_apply(c, object, mode, &live, NULL), code);
    else
        check_ok(kube_apply(c, object, mode, &live, NULL));
    assert_true(code || str_eq(doc_text(live, "/metadata/namespace"), "shop"));
    kube_client_freep(&c);
    apiserver_stop(&s);
}

static void test_apply_repeats_what_passes(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { PATCH "fieldManager=rwml&fieldValidation=Strict ", 0, NULL, NULL, false }, /* outcome unknown: sent again */
        { PATCH, 500, "{\"message\":\"failed calling webhook \\\"x\\\"\"}", NULL, false },
        { PATCH, 409, "{\"reason\":\"Conflict\",\"message\":\"the object has been modified\"}", NULL, false },
        { PATCH, 200, DONE, NULL, false },
    };
    apply(script, COUNT_OF(script), KUBE_WRITE, 0);
}

static void test_apply_does_not_repeat_a_verdict(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"message\":\"failed to create typed patch object (shop/a; /v1, Kind=ConfigMap): .timeout: field not "
        "declared in schema\"}";
    static const struct apiserver_answer script[] = { APISERVER_VERSION, { PATCH, 500, schema, NULL, false } };
    apply(script, COUNT_OF(script), KUBE_WRITE, RW5401_OBJECT_REJECTED);
    static const struct apiserver_answer large[] = { APISERVER_VERSION, { PATCH, 413, "", NULL, false } };
    apply(large, COUNT_OF(large), KUBE_WRITE, RW5401_OBJECT_REJECTED);
}

/* Only a dry run goes elsewhere when there is no namespace. */
static void test_apply_without_namespace(void **state)
{
    (void)state;
    static const char missing[] =
        "{\"message\":\"namespaces \\\"shop\\\" not found\",\"details\":{\"kind\":\"namespaces\"}}";
    static const struct apiserver_answer dry[] = {
        APISERVER_VERSION,
        { PATCH "fieldManager=rwml&fieldValidation=Strict&dryRun=All ", 404, missing, NULL, false },
        { "PATCH /api/v1/namespaces/kube-public/configmaps/a?fieldManager=rwml&fieldValidation=Strict&dryRun=All ", 201,
          "{\"metadata\":{\"namespace\":\"kube-public\"}}", NULL, false },
    };
    apply(dry, COUNT_OF(dry), KUBE_DRY_RUN, 0);
    static const struct apiserver_answer written[] = { APISERVER_VERSION, { PATCH, 404, missing, NULL, false } };
    apply(written, COUNT_OF(written), KUBE_WRITE, RW5401_OBJECT_REJECTED);
}

static void test_kinds_are_looked_up_once(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { "GET /apis/example.org/v1 ", 200,
          "{\"resources\":[{\"name\":\"topics/status\",\"kind\":\"Topic\",\"namespaced\":true},"
          "{\"name\":\"topics\",\"kind\":\"Topic\",\"namespaced\":true}]}",
          NULL, false },
        { "GET /apis/gone.org/v1 ", 404, "{\"message\":\"the server could not find the requested resource\"}", NULL,
          false },
    };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_client) c = NULL;
    check_ok(open_port(s.port, &c));
    struct kube_kind kind = { 0 };
    for (int i = 0; i < 2; i++) {
        check_ok(kube_kind_find(c, "example.org/v1", "Topic", &kind));
        assert_string_equal(kind.plural, "topics");
        assert_true(kind.namespaced);
    }
    check_ok(kube_kind_find(c, "apps/v1", "Deployment", &kind));
    assert_string_equal(kind.plural, "deployments");
    check_says(kube_kind_find(c, "gone.org/v1", "Deploymnet", &kind), RW5001_OBJECT_INVALID, "apps/v1 Deployment");
    kube_client_freep(&c);
    apiserver_stop(&s);
}

static void test_logs_and_events(void **state)
{
    (void)state;
    static const char log[] = "GET /api/v1/namespaces/shop/pods/web/log?container=c&tailLines=20&limitBytes=131072";
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { log, 200, "one\ntwo\n", NULL, false },
        { log, 400, "{\"message\":\"container is waiting to start\"}", NULL, false },
        { log, 200, "unable to retrieve container logs for containerd://1", NULL, false },
        { log, 200, "failed to try resolving symlinks in path \"/var/log/pods/a/1.log\": no such file", NULL, false },
        { "GET /api/v1/namespaces/shop/events?fieldSelector=involvedObject.uid%3Du ", 200,
          "{\"items\":[{\"reason\":\"b\",\"lastTimestamp\":\"2026-01-01T00:00:02Z\"},{\"reason\":\"a\","
          "\"lastTimestamp\":null,\"eventTime\":\"2026-01-01T00:00:01.5Z\"}]}",
          NULL, false },
    };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_client) c = NULL;
    check_ok(open_port(s.port, &c));
    static const char *const want[] = { "one\ntwo\n", "", "", "" };
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        AUTO(buf) text = { 0 };
        check_ok(kube_logs(c, "shop", "web", "c", i == 1, 20, &text));
        assert_string_equal(buf_text(&text), want[i]);
    }
    DOC_AUTO events = NULL;
    check_ok(kube_events(c, "shop", "u", &events));
    assert_string_equal(doc_text(events, "/0/reason"), "a");
    assert_string_equal(doc_text(events, "/1/reason"), "b");
    kube_client_freep(&c);
    apiserver_stop(&s);
}

#define LIST "GET /api/v1/namespaces/shop/pods "
#define WATCH "GET /api/v1/namespaces/shop/pods?watch=1&allowWatchBookmarks=true&resourceVersion="
#define EVENT(type, name, version)                                                                                     \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name "\",\"uid\":\"" name                           \
    "\",\"resourceVersion\":\"" version "\"}}}\n"

/* Follows until there are so many objects, at most 10 s. */
static void wait_for_count(struct kube_mirror *m, size_t entry, size_t count)
{
    int64_t deadline_ms = clock_after(10000);
    while (doc_count(kube_mirror_items(m, entry)) != count) {
        bool changed;
        check_ok(kube_mirror_wait(m, deadline_ms, &changed));
        if (!changed)
            fail_msg("%zu objects, wanted %zu", doc_count(kube_mirror_items(m, entry)), count);
    }
}

static void test_mirror_survives_cuts(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { LIST, 200, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[{\"metadata\":{\"uid\":\"a\"}}]}", NULL,
          false },
        /* half a line, then nothing */
        { WATCH "5&", 200, EVENT("ADDED", "b", "6") "{\"type\":\"ADD", NULL, true },
        /* the same again does not count twice; a bookmark moves the version */
        { WATCH "6&", 200, EVENT("ADDED", "b", "6") EVENT("MODIFIED", "c", "7") EVENT("BOOKMARK", "", "9"), NULL,
          true },
        { WATCH "9&", 503, "try later", NULL, false },
        { WATCH "9&", 200, EVENT("DELETED", "c", "10") EVENT("DELETED", "b", "11") EVENT("DELETED", "a", "12"), NULL,
          false },
    };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_client) c = NULL;
    AUTO_PTR(kube_mirror) m = NULL;
    size_t entry;
    check_ok(open_port(s.port, &c));
    check_ok(kube_mirror_new(c, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &entry));
    wait_for_count(m, entry, 2);
    wait_for_count(m, entry, 3);
    wait_for_count(m, entry, 0);
    kube_mirror_freep(&m);
    kube_client_freep(&c);
    apiserver_stop(&s);
}

static void test_mirror_lists_again_when_history_is_gone(void **state)
{
    (void)state;
    static const char gone[] = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n";
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { LIST, 200, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[{\"metadata\":{\"uid\":\"a\"}}]}", NULL,
          false },
        { WATCH "5&", 200, gone, NULL, false },
        { LIST, 200, "{\"metadata\":{\"resourceVersion\":\"50\"},\"items\":[]}", NULL, false },
        { WATCH "50&", 410, "{\"kind\":\"Status\",\"code\":410}", NULL, false },
        { LIST, 200,
          "{\"metadata\":{\"resourceVersion\":\"60\"},\"items\":[{\"metadata\":{\"uid\":\"x\"}},"
          "{\"metadata\":{\"uid\":\"y\"}}]}",
          NULL, false },
    };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_PTR(kube_client) c = NULL;
    AUTO_PTR(kube_mirror) m = NULL;
    size_t entry, same;
    check_ok(open_port(s.port, &c));
    check_ok(kube_mirror_new(c, &m));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &entry));
    check_ok(kube_mirror_add(m, "v1", "Pod", "shop", &same));
    assert_int_equal(entry, same);
    int64_t start = clock_ms();
    wait_for_count(m, entry, 0);
    wait_for_count(m, entry, 2);
    check_between(clock_ms() - start, 1500, 9000); /* at most one list a second */
    kube_mirror_freep(&m);
    kube_client_freep(&c);
    apiserver_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_open_refused_is_told_at_once),
        cmocka_unit_test(test_open_refusals),
        cmocka_unit_test(test_get_repeats_what_passes),
        cmocka_unit_test(test_get_gives_up),
        cmocka_unit_test(test_get_does_not_wait_for_ever),
        cmocka_unit_test(test_get_does_not_repeat_a_verdict),
        cmocka_unit_test(test_get_refuses_names_that_are_paths),
        cmocka_unit_test(test_apply_repeats_what_passes),
        cmocka_unit_test(test_apply_does_not_repeat_a_verdict),
        cmocka_unit_test(test_apply_without_namespace),
        cmocka_unit_test(test_kinds_are_looked_up_once),
        cmocka_unit_test(test_logs_and_events),
        cmocka_unit_test(test_mirror_survives_cuts),
        cmocka_unit_test(test_mirror_lists_again_when_history_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
