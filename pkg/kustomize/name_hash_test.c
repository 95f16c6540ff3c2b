#include "kustomize/name_hash.h"

#include <string.h>

#include "doc/doc.h"
#include "fake/check.h"

/* What `kubectl kustomize` makes of generators with these pairs. */
static void expect_hash(const char *json, const char *wanted)
{
    json_t *object = NULL;
    char hash[NAME_HASH_ROOM];
    check_ok(doc_parse_json(json, strlen(json), "object", &object));
    check_ok(name_hash(object, hash));
    doc_unref(object);
    assert_string_equal(hash, wanted);
}

static void test_hash_of_nothing(void **state)
{
    (void)state;
    expect_hash("{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"nothing\"}}", "6ct58987ht");
    expect_hash("{\"kind\":\"Secret\",\"type\":\"Opaque\",\"data\":{},\"metadata\":{\"name\":\"empty\"}}",
                "46f8b28mk5");
}

static void test_hash_of_odd_characters(void **state)
{
    (void)state;
    expect_hash("{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},"
                "\"data\":{\"odd\":\"a\\bb\\fc\\u0001d\\u001fe\x7F"
                "f\\tg\\r\\nh\"}}",
                "km9d2k87fh");
}

/* The order of keys, and what belongs to other fields, do not count. */
static void test_hash_of_what_is_not_content(void **state)
{
    (void)state;
    expect_hash("{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\",\"labels\":{\"a\":\"b\"}},\"immutable\":true,"
                "\"data\":{\"b\":\"2\",\"a\":\"<1>&\"}}",
                "tbdck2tmb8");
    expect_hash("{\"data\":{\"a\":\"<1>&\",\"b\":\"2\"},\"metadata\":{\"name\":\"c\"},\"kind\":\"ConfigMap\"}",
                "tbdck2tmb8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_of_nothing),
        cmocka_unit_test(test_hash_of_odd_characters),
        cmocka_unit_test(test_hash_of_what_is_not_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
