#include "fake/check.h"

#include <string.h>

#include "doc/doc.h"
#include "release/removal.h"

static void test_removal_option(void **state)
{
    (void)state;
    assert_string_equal(removal_option("PersistentVolumeClaim"), "--volumes");
    assert_string_equal(removal_option("Namespace"), "--namespaces");
    assert_string_equal(removal_option("CustomResourceDefinition"), "--definitions");
    assert_null(removal_option("Deployment"));
    assert_null(removal_option("ConfigMap"));
}

/* What serves goes before what it needs, and a kind nobody knows first of all. */
static void test_removal_order(void **state)
{
    static const char OBJECTS[] =
        "[{\"kind\":\"Namespace\"},{\"kind\":\"ConfigMap\",\"n\":1},{\"kind\":\"Deployment\"},"
        "{\"kind\":\"Widget\"},{\"kind\":\"ConfigMap\",\"n\":2},{\"kind\":\"Service\"}]";
    static const char *const wanted[] = { "Widget", "Deployment", "Service", "ConfigMap", "ConfigMap", "Namespace" };
    DOC_AUTO objects = NULL;
    (void)state;
    check_ok(doc_parse_json(OBJECTS, strlen(OBJECTS), "objects", &objects));
    DOC_AUTO ordered = removal_order(objects);
    assert_int_equal(doc_count(ordered), COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_string_equal(doc_text(doc_at(ordered, i), "/kind"), wanted[i]);
    assert_int_equal(doc_i64(doc_at(ordered, 3), "/n", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removal_option),
        cmocka_unit_test(test_removal_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
