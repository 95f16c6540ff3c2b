#include "oci/reference.h"

#include <string.h>

#include "fake/check.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_full_and_familiar(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        { "orders", "docker.io/library/orders:latest", "orders:latest" },
        { "orders:dev", "docker.io/library/orders:dev", "orders:dev" },
        { "team/orders:dev", "docker.io/team/orders:dev", "team/orders:dev" },
        { "docker.io/library/orders:dev", "docker.io/library/orders:dev", "orders:dev" },
        { "index.docker.io/orders:dev", "docker.io/library/orders:dev", "orders:dev" },
        { "localhost/orders:dev", "localhost/orders:dev", "localhost/orders:dev" },
        { "localhost:5000/a/b", "localhost:5000/a/b:latest", "localhost:5000/a/b:latest" },
        { "ghcr.io/x/y:1.2", "ghcr.io/x/y:1.2", "ghcr.io/x/y:1.2" },
        { "a__b--c:X_1", "docker.io/library/a__b--c:X_1", "a__b--c:X_1" },
        { "python@sha256:" HEX64, "docker.io/library/python@sha256:" HEX64, "python@sha256:" HEX64 },
        { "python:3.12@sha256:" HEX64, "docker.io/library/python:3.12@sha256:" HEX64, "python:3.12@sha256:" HEX64 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR full = NULL;
        AUTO_STR familiar = NULL;
        assert_null(oci_full_name(rows[i][0], &full));
        assert_null(oci_familiar_name(rows[i][0], &familiar));
        assert_string_equal(full, rows[i][1]);
        assert_string_equal(familiar, rows[i][2]);
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       ":dev",
                                       "Orders",
                                       "orders:",
                                       "orders:-x",
                                       "a//b",
                                       "a/",
                                       "/a",
                                       "orders@",
                                       "orders@sha256:0",
                                       "tra des",
                                       "a/../b",
                                       "-x/y.z",
                                       "orders:a b",
                                       "a..b",
                                       "a:b:c",
                                       "_a",
                                       "a-",
                                       "a\nb",
                                       "ghcr.io/A/b",
                                       "${X}:latest",
                                       "orders:\x01",
                                       ("x@md5:" HEX64) };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct oci_ref r = { 0 };
        struct err *e = oci_ref_parse(bad[i], &r);
        if (!e)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(err_get_code(e), RW5001_OBJECT_INVALID);
        assert_non_null(err_get_cause(e));
        err_free(e);
    }
}

static void test_parse_refuses_what_is_too_long(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct oci_ref r = { 0 };
    struct err *e = oci_ref_parse(text, &r);
    assert_non_null(e);
    err_free(e);
}

static void test_content_name(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "orders:dev", "orders:dev-0123456789ab" },
        { "orders", "orders:latest-0123456789ab" },
        { "ghcr.io/x/y:1", "ghcr.io/x/y:1-0123456789ab" },
        { "orders:dev@sha256:" HEX64, "orders:dev-0123456789ab" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR name = NULL;
        assert_null(oci_content_name(rows[i][0], "sha256:" HEX64, &name));
        assert_string_equal(name, rows[i][1]);
    }
}

static void test_content_name_keeps_to_the_longest_tag(void **state)
{
    (void)state;
    char text[16 + OCI_TAG_MAX] = "orders:";
    memset(text + 7, 't', OCI_TAG_MAX);
    AUTO_STR name = NULL;
    assert_null(oci_content_name(text, "sha256:" HEX64, &name));
    assert_int_equal(strlen(name), 7 + OCI_TAG_MAX);
    assert_true(str_ends(name, "-0123456789ab"));
}

static void test_content_name_wants_a_digest(void **state)
{
    (void)state;
    char *name = NULL;
    struct err *e = oci_content_name("orders:dev", "sha256:0123", &name);
    assert_non_null(e);
    assert_null(name);
    err_free(e);
}

static void test_registry(void **state)
{
    (void)state;
    static const struct {
        const char *reference;
        const char *registry;
        bool is_loopback;
    } rows[] = {
        { "orders:dev", NULL, false },
        { "shop/orders:dev", NULL, false },
        { "docker.io/shop/orders:dev", NULL, false },
        { "index.docker.io/shop/orders", NULL, false },
        { "localhost:5001/Orders:dev", NULL, false },
        { "localhost:5001/orders:dev", "localhost:5001", true },
        { "localhost/shop/orders:dev", "localhost", true },
        { "127.0.0.1:5000/orders", "127.0.0.1:5000", true },
        { "127.example.com/orders", "127.example.com", false },
        { "localhost.example.com:5000/orders", "localhost.example.com:5000", false },
        { "ghcr.io/x/y:1@sha256:" HEX64, "ghcr.io", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR registry = oci_registry(rows[i].reference);
        if (!str_eq(registry, rows[i].registry))
            fail_msg("%s: %s", rows[i].reference, registry ? registry : "none");
        if (registry)
            assert_int_equal(oci_registry_is_loopback(registry), rows[i].is_loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_and_familiar),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_refuses_what_is_too_long),
        cmocka_unit_test(test_content_name),
        cmocka_unit_test(test_content_name_keeps_to_the_longest_tag),
        cmocka_unit_test(test_content_name_wants_a_digest),
        cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
