/* The cases are files, tests/data/release/immutable/<name>.yaml: live, wanted, and field, which is the one that can't
 * be changed. */
#include "fake/case.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "release/immutable.h"

static const char DIRECTORY[] = "tests/data/release/immutable";
#define CASES_AT_LEAST 4

static bool passes(const char *name)
{
    AUTO_STR path = fs_join(DIRECTORY, name);
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(doc) file = { 0 };
    check_ok(fs_read(AT_FDCWD, path, LIMIT_MANIFEST, &text));
    check_ok(doc_parse_yaml_one(buf_text(&text), text.len, path, &file));
    AUTO_STR field = immutable_field(doc_get(file.root, "/live"), doc_get(file.root, "/wanted"));
    if (str_eq(field, doc_text(file.root, "/field")))
        return true;
    print_error("%s: %s\n", name, field ? field : "(none)");
    return false;
}

static void test_immutable_fields(void **state)
{
    (void)state;
    case_each(DIRECTORY, CASES_AT_LEAST, passes);
}

static void advises(const char *kind, const char *words)
{
    struct kube_id id = { "v1", kind, "shop", "web" };
    AUTO_PTR(err) e = immutable_advise(err_new(RW5401_OBJECT_REJECTED, "x"), id, "rwml deploy web");
    assert_non_null(strstr(err_get_next(e, 0), words));
}

/* What holds data is never to be deleted with it. */
static void test_ways_out(void **state)
{
    (void)state;
    advises("StatefulSet", "--cascade=orphan && rwml deploy web");
    advises("PersistentVolumeClaim", "another name");
    advises("ConfigMap", "another name");
    advises("Deployment", "kubectl -n shop delete Deployment web && rwml deploy web");
}

static json_t *deployment(const char *strategy)
{
    AUTO_STR text = xasprintf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
                              "\"namespace\":\"shop\"},\"spec\":{\"strategy\":%s}}",
                              strategy);
    json_t *tree = NULL;
    check_ok(doc_parse_json(text, strlen(text), "deployment", &tree));
    return tree;
}

static bool advises_strategy(const char *cause, const char *live, const char *wanted)
{
    static const char words[] = "kubectl -n shop patch deployment web --type merge -p '{\"spec\":{\"strategy\":"
                                "{\"type\":\"Recreate\",\"rollingUpdate\":null}}}' && rwml deploy web";
    DOC_AUTO is = deployment(live);
    DOC_AUTO is_to_be = deployment(wanted);
    AUTO_PTR(err) e = err_cause(err_new(RW5401_OBJECT_REJECTED, "x"), "%s", cause);
    e = immutable_advise_strategy(STEAL(&e), is, is_to_be, "rwml deploy web");
    assert_string_equal(err_get_cause(e), cause);
    assert_true(!err_get_next(e, 0) || str_eq(err_get_next(e, 0), words));
    return err_get_next(e, 0) != NULL;
}

/* Only where the default is in the way, and not for somebody who writes both, or is refused for something else. */
static void test_way_out_of_a_strategy(void **state)
{
    static const char cause[] = "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is "
                                "'Recreate' (HTTP 422)";
    static const char rolling[] = "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":1}}";
    static const char recreate[] = "{\"type\":\"Recreate\"}";
    static const char both[] = "{\"type\":\"Recreate\",\"rollingUpdate\":{\"maxSurge\":1}}";
    (void)state;
    assert_true(advises_strategy(cause, rolling, recreate));
    assert_false(advises_strategy(cause, rolling, both));
    assert_false(advises_strategy(cause, recreate, recreate));
    assert_false(advises_strategy("spec.replicas: Invalid value: -1", rolling, recreate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_immutable_fields),
        cmocka_unit_test(test_ways_out),
        cmocka_unit_test(test_way_out_of_a_strategy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
