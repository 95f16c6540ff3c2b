/* The cases are files, tests/data/kube/refusal/<case>.json; README.md there tells their form. */
#include "fake/case.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/reject.h"

static const char DIRECTORY[] = "tests/data/kube/refusal";
#define CASES_AT_LEAST 15

static bool has_part(const char *name, const json_t *expect, const char *key, const char *got)
{
    const char *want = doc_text(expect, key);
    bool ok = !want || (got && strstr(got, want));
    if (!ok)
        print_error("%s: %s: \"%s\" does not hold \"%s\"\n", name, key, got ? got : "(none)", want);
    return ok;
}

static bool lacks(const char *name, const char *word, const char *text)
{
    bool ok = !word || !text || !strstr(text, word);
    if (!ok)
        print_error("%s: \"%s\" holds \"%s\"\n", name, text, word);
    return ok;
}

static bool has_fields(const char *name, const json_t *expect, const struct kube_refusal *r)
{
    size_t i;
    json_t *field;
    DOC_EACH_ITEM (doc_key(expect, "fields"), i, field) {
        const char *got = i < r->fields.count ? r->fields.items[i] : "(none)";
        if (!str_eq(doc_text(field, ""), got)) {
            print_error("%s: field %zu is %s, wanted %s\n", name, i, got, doc_text(field, ""));
            return false;
        }
    }
    return i == 0 || i == r->fields.count;
}

static bool is_expected(const char *name, const json_t *expect, const struct kube_refusal *r, const struct err *e)
{
    const char *never = doc_text(expect, "/not");
    bool ok = doc_i64(expect, "/code", err_get_code(e)) == (int64_t)err_get_code(e);
    ok = has_part(name, expect, "/message", err_get_message(e)) && ok;
    ok = has_part(name, expect, "/cause", err_get_cause(e)) && ok;
    ok = has_part(name, expect, "/detail", err_get_detail(e)) && ok;
    ok = lacks(name, never, err_get_message(e)) && ok;
    ok = lacks(name, never, err_get_cause(e)) && ok;
    ok = lacks(name, never, err_get_detail(e)) && ok;
    ok = has_fields(name, expect, r) && ok;
    ok = doc_i64(expect, "/immutable", 0) == kube_is_immutable(e) && ok;
    return doc_i64(expect, "/by_kubectl", 0) == kube_refusal_by_inherited(r) && ok;
}

static bool passes(const char *name)
{
    DOC_AUTO tree = case_json_in(DIRECTORY, name);
    const json_t *object = doc_key(tree, "object");
    const json_t *status = doc_key(tree, "status");
    AUTO(kube_refusal) refusal;
    kube_refusal_read(object, status, doc_text(status, "/message"), &refusal);
    AUTO_PTR(err) e = kube_refusal_error(&refusal, object, doc_key(tree, "live"), (int)doc_i64(status, "/code", 0));
    bool ok = is_expected(name, doc_key(tree, "expect"), &refusal, e);
    if (!ok)
        print_error("%s: not as expected: %s (%s)\n", name, err_get_message(e), err_get_cause(e));
    return ok;
}

static void test_refusal_cases(void **state)
{
    (void)state;
    case_each(DIRECTORY, CASES_AT_LEAST, passes);
}

static void test_refusal_without_status(void **state)
{
    (void)state;
    DOC_AUTO object = doc_object();
    doc_set_text(object, "/kind", "ConfigMap");
    doc_set_text(object, "/metadata/name", "a");
    AUTO(kube_refusal) refusal;
    kube_refusal_read(object, NULL, "HTTP 413", &refusal);
    check_says(kube_refusal_error(&refusal, object, NULL, 413), RW5401_OBJECT_REJECTED, "HTTP 413");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusal_cases),
        cmocka_unit_test(test_refusal_without_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
