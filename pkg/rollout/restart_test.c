/* The cases are files, tests/data/rollout/restart/<case>.json. */
#include "fake/case.h"
#include "fake/check.h"

#include <string.h>

#include "doc/doc.h"
#include "rollout/restart.h"

static const char DIRECTORY[] = "tests/data/rollout/restart";
#define CASES_AT_LEAST 18

static bool same(const char *name, const char *what, const char *got, const char *wanted)
{
    if (str_eq(got, wanted))
        return true;
    print_error("%s: %s is %s, not %s\n", name, what, got ? got : "nothing", wanted ? wanted : "nothing");
    return false;
}

static bool run_case(const char *name)
{
    DOC_AUTO tree = case_json_in(DIRECTORY, name);
    AUTO(kube_differences) differences = { 0 };
    AUTO(rollout_restart) restart = { 0 };
    const json_t *before = doc_key(tree, "before"), *after = doc_key(tree, "after");
    kube_differences(before, after, KUBE_COMPARE_ALL, &differences);
    rollout_restart_find(before, after, &differences, &restart);
    bool ok = same(name, "words", restart.words, doc_text(tree, "/expect/words"));
    ok = same(name, "field", restart.field, doc_text(tree, "/expect/field")) && ok;
    return (int64_t)restart.more == doc_i64(tree, "/expect/more", 0) && ok;
}

static void test_restart_cases(void **state)
{
    (void)state;
    case_each(DIRECTORY, CASES_AT_LEAST, run_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_restart_cases) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
