/* Live objects as an API server has them, the way it keeps the two names of a pod's ServiceAccount in step. */
#include "fake/check.h"

#include <string.h>

#include "doc/doc.h"
#include "kube/apply.h"

static const char POD[] = "/spec/template/spec";

static json_t *parsed(const char *text)
{
    json_t *tree = NULL;
    check_ok(doc_parse_json(text, strlen(text), "object", &tree));
    return tree;
}

/* pod: the fields of the template's spec; owned: of them those that `manager` has applied, beside `paused`. */
static json_t *live_of(const char *pod, const char *manager, const char *owned)
{
    AUTO_STR text = xasprintf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
                              "\"namespace\":\"shop\",\"managedFields\":[{\"manager\":\"%s\",\"operation\":\"Apply\","
                              "\"apiVersion\":\"apps/v1\",\"fieldsV1\":{\"f:spec\":{\"f:paused\":{},"
                              "\"f:template\":{\"f:spec\":{\"f:hostNetwork\":{}%s}}}}}]},"
                              "\"spec\":{\"paused\":true,\"template\":{\"spec\":{\"hostNetwork\":true%s}}}}",
                              manager, owned, pod);
    return parsed(text);
}

static json_t *manifest_of(const char *pod)
{
    AUTO_STR text = xasprintf("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
                              "\"namespace\":\"shop\"},\"spec\":{\"paused\":true,\"template\":{\"spec\":"
                              "{\"hostNetwork\":true%s}}}}",
                              pod);
    return parsed(text);
}

static const char BOTH[] = ",\"serviceAccount\":\"old\",\"serviceAccountName\":\"old\"";
static const char OWNED[] = ",\"f:serviceAccountName\":{}";
static const char OWNED_BOTH[] = ",\"f:serviceAccount\":{},\"f:serviceAccountName\":{}";

static void test_account_is_taken_out(void **state)
{
    (void)state;
    DOC_AUTO live = live_of(BOTH, "rwml", OWNED);
    DOC_AUTO manifest = manifest_of("");
    DOC_AUTO first = kube_without_account(live, manifest, POD);
    assert_string_equal(doc_text(first, "/spec/template/spec/serviceAccount"), "");
    assert_string_equal(doc_text(first, "/spec/template/spec/serviceAccountName"), "");
    assert_true(doc_bool(first, "/spec/template/spec/hostNetwork", false));
    assert_null(doc_get(manifest, "/spec/template/spec/serviceAccount"));
}

/* As an apply leaves it that had the one name no more: all that is applied is there, and the old name, too. */
static void test_account_that_came_back(void **state)
{
    (void)state;
    DOC_AUTO live = live_of(BOTH, "rwml", "");
    DOC_AUTO manifest = manifest_of("");
    assert_true(kube_is_applied(live, manifest));
    DOC_AUTO first = kube_without_account(live, manifest, POD);
    assert_non_null(first);
}

/* A second run has nothing to do; one after a run that was cut short in between writes the object alone. */
static void test_account_that_is_out(void **state)
{
    (void)state;
    DOC_AUTO live = live_of("", "rwml", "");
    DOC_AUTO half = live_of("", "rwml", OWNED_BOTH);
    DOC_AUTO manifest = manifest_of("");
    assert_true(kube_is_applied(live, manifest));
    assert_null(kube_without_account(live, manifest, POD));
    assert_null(kube_without_account(half, manifest, POD));
    assert_false(kube_is_applied(half, manifest));
    assert_false(kube_unchanged(half, live));
    assert_true(kube_unchanged(live, live));
}

static void test_account_that_is_wanted(void **state)
{
    (void)state;
    DOC_AUTO live = live_of(BOTH, "rwml", OWNED);
    DOC_AUTO named = manifest_of(",\"serviceAccountName\":\"new\"");
    DOC_AUTO by_its_old_name = manifest_of(",\"serviceAccount\":\"new\"");
    DOC_AUTO of_another = live_of(BOTH, "other-tool", OWNED);
    DOC_AUTO of_kubectl = live_of(BOTH, "kubectl-client-side-apply", OWNED);
    DOC_AUTO manifest = manifest_of("");
    DOC_AUTO first = kube_without_account(of_kubectl, manifest, POD);
    assert_null(kube_without_account(live, named, POD));
    assert_null(kube_without_account(live, by_its_old_name, POD));
    assert_null(kube_without_account(of_another, manifest, POD));
    assert_non_null(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_is_taken_out),
        cmocka_unit_test(test_account_that_came_back),
        cmocka_unit_test(test_account_that_is_out),
        cmocka_unit_test(test_account_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
