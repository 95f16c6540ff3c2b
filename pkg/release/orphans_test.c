#include "fake/check.h"

#include <stdlib.h>

#include "release/orphans.h"
#include "release/service_set.h"

static void add_parent(json_t *parents, const char *service, const char *namespace)
{
    AUTO(service_set) s = { 0 };
    check_ok(service_set_init(&s, "/home/ana/shop", service, namespace));
    doc_append(parents, service_set_parent(&s));
}

static void check_orphans(const json_t *parents, const char *wanted)
{
    struct service services[] = { { .name = xstrdup("api") }, { .name = xstrdup("job"), .build_only = true } };
    const struct workspace w = { .services = services, .service_count = COUNT_OF(services) };
    AUTO(strv) names = { 0 };
    orphans_in(parents, &w, &names);
    AUTO_STR all = strv_join(&names, " ");
    assert_string_equal(all, wanted);
    free(services[0].name);
    free(services[1].name);
}

static void test_services_that_are_there(void **state)
{
    (void)state;
    DOC_AUTO parents = doc_array();
    check_orphans(parents, "");
    add_parent(parents, "api", "shop");
    check_orphans(parents, "");
}

static void test_services_that_are_gone(void **state)
{
    (void)state;
    DOC_AUTO parents = doc_array();
    add_parent(parents, "web", "shop");
    add_parent(parents, "api", "shop");
    add_parent(parents, "feed", "shop");
    check_orphans(parents, "web feed");
}

/* Deployed to two namespaces, it is one service all the same. */
static void test_service_of_two_namespaces(void **state)
{
    (void)state;
    DOC_AUTO parents = doc_array();
    add_parent(parents, "web", "shop");
    add_parent(parents, "web", "shop-2");
    check_orphans(parents, "web");
}

static void test_service_whose_manifests_are_gone(void **state)
{
    (void)state;
    DOC_AUTO parents = doc_array();
    add_parent(parents, "job", "shop");
    check_orphans(parents, "job");
}

static void test_what_is_no_set_of_rwml(void **state)
{
    (void)state;
    DOC_AUTO parents = doc_array();
    doc_append(parents, doc_object());
    check_orphans(parents, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_that_are_there),   cmocka_unit_test(test_services_that_are_gone),
        cmocka_unit_test(test_service_of_two_namespaces), cmocka_unit_test(test_service_whose_manifests_are_gone),
        cmocka_unit_test(test_what_is_no_set_of_rwml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
