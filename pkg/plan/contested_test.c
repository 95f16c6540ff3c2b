/* The cases are in tests/data/plan/contested. A script's command: NAME=VALUE or nothing; the answer: the lines. */
#include "fake/check.h"
#include "fake/txtar.h"

#include "base/buf.h"
#include "plan/contested.h"

static void run(void *ctx, const char *command, struct buf *out)
{
    char *const nothing[] = { NULL };
    const struct strv none = { 0 };
    AUTO(strv) set = { 0 };
    AUTO(strv) lines = { 0 };
    struct plan plan = { 0 };
    if (*command)
        strv_add(&set, command);
    const struct request request = { .verbs = VERB_DEPLOY,
                                     .directory = ctx,
                                     .services = &none,
                                     .set = &set,
                                     .var_files = &none,
                                     .environment = nothing };
    check_ok(plan_make(&request, &plan));
    check_ok(plan_set_variables(&plan, NULL));
    contested_find(&plan, &lines);
    for (size_t i = 0; i < lines.count; i++)
        buf_addf(out, "%s\n", lines.items[i]);
    plan_release(&plan);
}

static void run_case(const char *path, const struct txtar *t)
{
    AUTO_STR dir = scratch_new();
    txtar_unpack(t, dir);
    txtar_replay(path, t, run, dir);
}

static void test_contested_cases(void **state)
{
    (void)state;
    txtar_each("tests/data/plan/contested", 1, run_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contested_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
