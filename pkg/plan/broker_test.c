#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "plan/broker.h"

/* tests/data/plan/broker/<name>.yaml: services: a list of Services; kafkas: of Kafka resources, may be left out;
 * address: what is chosen, or candidates: what the refusal has to name ("" for none). */
static void check_file(const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(doc) file = { 0 };
    AUTO_STR address = NULL;
    assert_null(fs_read(AT_FDCWD, path, LIMIT_MANIFEST, &text));
    assert_null(doc_parse_yaml_one(buf_text(&text), text.len, path, &file));
    AUTO_PTR(err) e = broker_choose(doc_get(file.root, "/services"), doc_get(file.root, "/kafkas"), &address);
    const char *wanted = doc_text(file.root, "/address");
    if (wanted) {
        assert_null(e);
        assert_string_equal(address, wanted);
        return;
    }
    assert_non_null(e);
    assert_int_equal(err_get_code(e), RW5201_KAFKA_NOT_FOUND);
    assert_non_null(strstr(err_get_cause(e), doc_text(file.root, "/candidates")));
}

static void test_broker_choose_by_files(void **state)
{
    static const char DIRECTORY[] = "tests/data/plan/broker";
    AUTO(strv) names = { 0 };
    (void)state;
    assert_null(fs_list(AT_FDCWD, DIRECTORY, &names));
    assert_true(names.count >= 10);
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = fs_join(DIRECTORY, names.items[i]);
        check_file(path);
    }
}

static void assert_address(const char *text, const char *service, const char *namespace, int64_t port, bool bare)
{
    struct broker_address a = { 0 };
    assert_true(broker_in_cluster(text, "home", &a));
    assert_string_equal(a.service, service);
    assert_string_equal(a.namespace, namespace);
    assert_int_equal(a.port, port);
    assert_int_equal(a.is_bare, bare);
    broker_address_release(&a);
}

static void test_broker_in_cluster_takes_names_apart(void **state)
{
    (void)state;
    assert_address("mq:9092", "mq", "home", 9092, false);
    assert_address("mq", "mq", "home", 0, false);
    assert_address("mq.streaming:9092", "mq", "streaming", 9092, true);
    assert_address("mq.streaming.svc:9092", "mq", "streaming", 9092, false);
    assert_address("mq.streaming.svc.cluster.local:9092", "mq", "streaming", 9092, false);
    assert_address("mq-0.brokers.streaming.svc.cluster.local:9092", "brokers", "streaming", 9092, false);
}

static void test_broker_in_cluster_leaves_the_world_alone(void **state)
{
    static const char *const outside[] = {
        "",     ":9092",    "10.1.2.3:9092",           "[::1]:9092",    "localhost:9092",     "mq:port",
        "mq:0", "mq:70000", "broker.example.com:9092", "a.b.c.d.svc:1", "svc.cluster.local:1"
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        struct broker_address a = { 0 };
        bool inside = broker_in_cluster(outside[i], "home", &a);
        broker_address_release(&a);
        if (inside)
            fail_msg("%s was taken for a name inside the cluster", outside[i]);
    }
}

static bool has_ready(const char *slices, const char *service)
{
    DOC_AUTO tree = NULL;
    assert_null(doc_parse_json(slices, strlen(slices), "slices", &tree));
    return broker_has_ready(tree, service);
}

static void test_broker_has_ready(void **state)
{
    (void)state;
    static const char label[] = "\"metadata\":{\"labels\":{\"kubernetes.io/service-name\":\"mq\"}}";
    AUTO_STR none = xasprintf("[{%s,\"endpoints\":null},{%s}]", label, label);
    AUTO_STR starting = xasprintf("[{%s,\"endpoints\":[{\"conditions\":{\"ready\":false}}]}]", label);
    AUTO_STR second =
        xasprintf("[{%s},{%s,\"endpoints\":[{\"conditions\":{\"ready\":false}},{\"conditions\":{\"ready\":true}}]}]",
                  label, label);
    AUTO_STR unsaid = xasprintf("[{%s,\"endpoints\":[{\"conditions\":{}}]}]", label);
    assert_false(has_ready("[]", "mq"));
    assert_false(has_ready(none, "mq"));
    assert_false(has_ready(starting, "mq"));
    assert_true(has_ready(second, "mq"));
    assert_false(has_ready(second, "other"));
    assert_true(has_ready(unsaid, "mq"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broker_choose_by_files),
        cmocka_unit_test(test_broker_has_ready),
        cmocka_unit_test(test_broker_in_cluster_takes_names_apart),
        cmocka_unit_test(test_broker_in_cluster_leaves_the_world_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
