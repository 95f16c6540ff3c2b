#include "flow/registry.h"

#include <string.h>

#include "doc/tree.h"
#include "fake/check.h"

static struct err *parse(const char *hosting, char **host)
{
    DOC_AUTO map = doc_object();
    doc_set(map, "/data", doc_object());
    doc_set_text(map, "/data/localRegistryHosting.v1", hosting);
    return registry_parse(map, host);
}

static void test_what_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *hosting;
        enum err_code code;
        const char *says;
    } cases[] = {
        { NULL, RW1004_CONFIG_TYPE, "has no localRegistryHosting.v1" },
        { "", RW1004_CONFIG_TYPE, "/host" },
        { "help: \"https://kind.sigs.k8s.io\"\n", RW1004_CONFIG_TYPE, "/host" },
        { "host: 5001\n", RW1004_CONFIG_TYPE, "/host" },
        { "host:\n- localhost:5001\n", RW1004_CONFIG_TYPE, "/host" },
        { "localhost:5001", RW1004_CONFIG_TYPE, "" },
        { "host: \"localhost:5001\n", RW1107_YAML_SYNTAX, "" },
        { "host: a\n---\nhost: b\n", RW1107_YAML_SYNTAX, "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR host = NULL;
        check_says(parse(cases[i].hosting, &host), cases[i].code, cases[i].says);
        assert_null(host);
    }
}

/* As kind's documented script writes it, and with all that KEP-1755 has. */
static void test_what_is_named(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "host: \"localhost:5001\"\nhelp: \"https://kind.sigs.k8s.io/docs/user/local-registry/\"\n",
        "host: localhost:5001\nhostFromContainerRuntime: kind-registry:5000\nhostFromClusterNetwork: r:5000\n",
        "{\"host\": \"localhost:5001\"}",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR host = NULL;
        check_ok(parse(rows[i], &host));
        assert_string_equal(host, "localhost:5001");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_malformed),
        cmocka_unit_test(test_what_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
