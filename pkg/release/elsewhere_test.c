/* The cases are in tests/data/release/elsewhere. A script's command: NAME=VALUE … ? APIVERSION KIND NAMESPACE NAME,
 * "-" for no namespace; the answer is a service other than web, or nobody. */
#include "fake/check.h"
#include "fake/txtar.h"

#include <string.h>

#include "base/buf.h"
#include "release/elsewhere.h"

struct question {
    struct strv set;
    struct strv words; /* of the object */
};

static void question_release(struct question *q)
{
    strv_release(&q->set);
    strv_release(&q->words);
}

static void read_question(const char *command, struct question *q)
{
    AUTO_STR copy = xstrdup(command);
    char *rest = copy, *word;
    bool behind = false;
    while ((word = strsep(&rest, " "))) {
        if (strcmp(word, "?") == 0)
            behind = true;
        else
            strv_add(behind ? &q->words : &q->set, word);
    }
    assert_int_equal(q->words.count, 4);
}

static struct kube_id id_of(const struct question *q)
{
    char *const *w = q->words.items;
    return (struct kube_id){ w[0], w[1], strcmp(w[2], "-") == 0 ? NULL : w[2], w[3] };
}

static void run(void *ctx, const char *command, struct buf *out)
{
    char *const nothing[] = { NULL };
    const struct strv no_files = { 0 };
    AUTO(question) q = { 0 };
    AUTO(strv) except = { 0 };
    AUTO(elsewhere) e = { 0 };
    struct plan plan = { 0 };
    read_question(command, &q);
    strv_add(&except, "web");
    check_ok(workspace_open(ctx, &plan.workspace));
    const struct request request = { .directory = ctx, .set = &q.set, .var_files = &no_files, .environment = nothing };
    elsewhere_read(&request, &plan, &except, &e);
    const char *found = elsewhere_find(&e, id_of(&q));
    buf_addf(out, "%s\n", found ? found : "nobody");
    assert_false(elsewhere_has(&e, "web", id_of(&q)));
    assert_true(!found || elsewhere_has(&e, found, id_of(&q)));
    plan_release(&plan);
}

static void run_case(const char *path, const struct txtar *t)
{
    AUTO_STR dir = scratch_new();
    txtar_unpack(t, dir);
    txtar_replay(path, t, run, dir);
}

static void test_elsewhere_cases(void **state)
{
    (void)state;
    txtar_each("tests/data/release/elsewhere", 2, run_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elsewhere_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
