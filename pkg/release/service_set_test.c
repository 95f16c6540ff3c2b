#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "release/removal.h"
#include "release/service_set.h"

static void make(struct service_set *s, const char *root, const char *service)
{
    check_ok(service_set_init(s, root, service, "shop"));
}

static void test_reads_back(void **state)
{
    (void)state;
    AUTO(service_set) s = { 0 };
    AUTO(service_set) back = { 0 };
    make(&s, "/home/ana/shop", "web");
    s.members = xstrdup("sha256:1");
    DOC_AUTO parent = service_set_parent(&s);
    assert_true(service_set_read(parent, &back));
    assert_string_equal(back.service, "web");
    assert_string_equal(back.root, "/home/ana/shop");
    assert_string_equal(back.members, "sha256:1");
    assert_string_equal(back.set.id, s.set.id);
    assert_true(service_set_is_ours(&back, s.workspace));
}

static void test_open_set_has_no_members(void **state)
{
    (void)state;
    AUTO(service_set) s = { 0 };
    make(&s, "/home/ana/shop", "web");
    DOC_AUTO parent = service_set_parent(&s);
    assert_null(doc_get(parent, "/metadata/annotations/rwml~1members"));
}

static void test_two_checkouts_are_two_workspaces(void **state)
{
    (void)state;
    AUTO(service_set) a = { 0 };
    AUTO(service_set) b = { 0 };
    make(&a, "/home/ana/shop", "web");
    make(&b, "/home/ana/shop-2", "web");
    assert_string_equal(a.set.id, b.set.id);
    assert_false(service_set_is_ours(&b, a.workspace));
}

static void check_name(const char *service, const char *name)
{
    AUTO(service_set) s = { 0 };
    make(&s, "/w", service);
    assert_true(str_starts(s.set.name, name));
    assert_string_equal(s.service, service);
    assert_true(strlen(s.set.name) < 253);
}

static void test_names_of_parents(void **state)
{
    (void)state;
    AUTO(service_set) upper = { 0 };
    AUTO(service_set) lower = { 0 };
    check_name("web", "rwml-web");
    check_name("My_Service", "rwml-my-service-");
    make(&upper, "/w", "Web");
    make(&lower, "/w", "web");
    assert_string_equal(lower.set.name, "rwml-web");
    assert_string_not_equal(upper.set.name, lower.set.name);
}

static void refuses(const char *parent, const char *cause, const char *next)
{
    DOC_AUTO tree = NULL;
    check_ok(doc_parse_json(parent, strlen(parent), "parent", &tree));
    AUTO_PTR(err) e = service_set_refuse(tree, "deploy", "web");
    assert_int_equal(err_get_code(e), RW5402_OTHER_SET);
    assert_non_null(strstr(err_get_cause(e), cause));
    assert_non_null(strstr(err_get_next(e, 0), next));
}

#define PARENT(labels, annotations)                                                                                    \
    "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"rwml-web\",\"namespace\":\"shop\",\"labels\":{" labels           \
    "},\"annotations\":{" annotations "}}}"
#define WITH_ID "\"applyset.kubernetes.io/id\":\"applyset-x-v1\""

static void test_refusals_name_whose_it_is(void **state)
{
    (void)state;
    refuses(PARENT(WITH_ID, "\"applyset.kubernetes.io/tooling\":\"rwml/v1\",\"rwml/service\":\"web\","
                            "\"rwml/root\":\"/home/bea/shop\""),
            "/home/bea/shop", "--adopt web");
    refuses(PARENT(WITH_ID, "\"applyset.kubernetes.io/tooling\":\"kubectl/v1.31\""), "kubectl/v1.31", "get configmap");
    refuses(PARENT("", ""), "somebody else's ConfigMap", "get configmap");
}

static void test_order_of_removal(void **state)
{
    (void)state;
    static const char text[] = "[{\"kind\":\"Namespace\"},{\"kind\":\"ConfigMap\"},{\"kind\":\"Deployment\"},"
                               "{\"kind\":\"Widget\"},{\"kind\":\"Service\"}]";
    DOC_AUTO objects = NULL;
    check_ok(doc_parse_json(text, strlen(text), "objects", &objects));
    DOC_AUTO ordered = removal_order(objects);
    static const char *const kinds[] = { "Widget", "Deployment", "Service", "ConfigMap", "Namespace" };
    assert_int_equal(doc_count(ordered), COUNT_OF(kinds));
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_string_equal(doc_text(doc_at(ordered, i), "/kind"), kinds[i]);
}

static void test_what_only_goes_when_named(void **state)
{
    (void)state;
    assert_string_equal(removal_option("PersistentVolumeClaim"), "--volumes");
    assert_string_equal(removal_option("Namespace"), "--namespaces");
    assert_string_equal(removal_option("CustomResourceDefinition"), "--definitions");
    assert_null(removal_option("Deployment"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_open_set_has_no_members),
        cmocka_unit_test(test_two_checkouts_are_two_workspaces),
        cmocka_unit_test(test_names_of_parents),
        cmocka_unit_test(test_refusals_name_whose_it_is),
        cmocka_unit_test(test_order_of_removal),
        cmocka_unit_test(test_what_only_goes_when_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
