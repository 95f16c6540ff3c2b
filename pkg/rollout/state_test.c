/* The cases are files, tests/data/rollout/<case>.json; README.md there tells their form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "rollout/state.h"

static const char DIRECTORY[] = "tests/data/rollout";
#define CASES_AT_LEAST 134

static json_t *load(const char *name)
{
    AUTO_STR path = xasprintf("%s/%s", DIRECTORY, name);
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    AUTO_PTR(err) e = fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text);
    assert_null(e);
    json_t *tree = NULL;
    e = doc_parse_json(buf_text(&text), text.len, name, &tree);
    if (e)
        fail_msg("%s: %s: %s", name, err_get_message(e), err_get_where(e));
    return tree;
}

/* A case with "base" is that other case, with its own keys in place of the base's, and the values
 * of "set" put where their pointers say. */
static json_t *load_case(const char *name)
{
    json_t *own = load(name);
    const char *base_name = doc_text(own, "/base");
    if (!base_name)
        return own;
    json_t *tree = load(base_name);
    const char *key;
    json_t *value;
    DOC_EACH_KEY (own, key, value)
        doc_set_key(tree, key, doc_ref(value));
    DOC_EACH_KEY (doc_key(own, "set"), key, value)
        doc_set(tree, key, doc_ref(value));
    doc_unref(own);
    return tree;
}

static void read_options(const json_t *tree, struct rollout_options *o)
{
    *o = ROLLOUT_OPTIONS_DEFAULT;
    o->settle_ms = doc_i64(tree, "/options/settle_ms", o->settle_ms);
    o->restart_budget = (int)doc_i64(tree, "/options/restart_budget", o->restart_budget);
    o->budget_ms = doc_i64(tree, "/options/budget_ms", o->budget_ms);
}

static size_t read_images(const json_t *tree, struct rollout_image *images, size_t room)
{
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (doc_key(tree, "images"), i, item) {
        assert_true(i < room);
        images[i] = (struct rollout_image){ doc_text(item, "/container"), doc_text(item, "/name"),
                                            doc_text(item, "/config_digest") };
    }
    return i;
}

static const char *outcome_name(enum rollout_outcome outcome)
{
    switch (outcome) {
    case ROLLOUT_PROGRESSING:
        return "progressing";
    case ROLLOUT_READY:
        return "ready";
    case ROLLOUT_FAILED:
        return "failed";
    }
    return "?";
}

static bool has_part(const char *name, const json_t *expect, const char *key, const char *got)
{
    const char *want = doc_text(expect, key);
    bool ok = !want || (got && strstr(got, want));
    if (!ok)
        print_error("%s: %s: \"%s\" does not hold \"%s\"\n", name, key, got ? got : "(none)", want);
    return ok;
}

static bool is_text(const char *name, const json_t *expect, const char *key, const char *got)
{
    const char *want = doc_text(expect, key);
    bool ok = !want || str_eq(want, got);
    if (!ok)
        print_error("%s: %s is \"%s\", wanted \"%s\"\n", name, key, got, want);
    return ok;
}

static bool is_number(const char *name, const json_t *expect, const char *key, int64_t got)
{
    int64_t want = doc_i64(expect, key, got);
    if (want != got)
        print_error("%s: %s is %d, wanted %d\n", name, key, (int)got, (int)want);
    return want == got;
}

static bool is_expected(const char *name, const json_t *expect, const struct rollout_verdict *v)
{
    bool ok = str_eq(doc_text(expect, "/outcome"), outcome_name(v->outcome));
    if (!ok)
        print_error("%s: %s: %s (%s)\n", name, outcome_name(v->outcome), v->reason, v->cause ? v->cause : "no cause");
    ok = has_part(name, expect, "/reason", v->reason) && ok;
    ok = has_part(name, expect, "/cause", v->cause) && ok;
    ok = has_part(name, expect, "/container", v->container) && ok;
    ok = is_text(name, expect, "/stuck", v->stuck ? v->stuck : "") && ok;
    ok = is_number(name, expect, "/code", v->code) && ok;
    ok = is_number(name, expect, "/exit_code", v->exit_code) && ok;
    ok = is_number(name, expect, "/ready", v->ready) && ok;
    ok = is_number(name, expect, "/settled", v->settled) && ok;
    ok = is_number(name, expect, "/wanted", v->wanted) && ok;
    ok = is_number(name, expect, "/old_ready", v->old_ready) && ok;
    ok = is_number(name, expect, "/log_previous", v->log_previous) && ok;
    ok = is_number(name, expect, "/paused", v->paused) && ok;
    ok = is_number(name, expect, "/proved", v->proved) && ok;
    return is_number(name, expect, "/asks_for_events", v->events_uid != NULL) && ok;
}

static bool passes(const char *name)
{
    DOC_AUTO tree = load_case(name);
    struct rollout_options options;
    struct rollout_image images[4];
    read_options(tree, &options);
    struct rollout_snapshot s = {
        .workload = doc_is_object(doc_key(tree, "workload")) ? doc_key(tree, "workload") : NULL,
        .owned = doc_key(tree, "owned"),
        .pods = doc_key(tree, "pods"),
        .events = doc_key(tree, "events"),
        .deadline_passed = doc_bool(tree, "/deadline_passed", false),
        .images = images,
        .image_count = read_images(tree, images, COUNT_OF(images)),
    };
    assert_true(clock_parse_rfc3339(doc_text(tree, "/now"), &s.now_s));
    AUTO(rollout_verdict) verdict;
    rollout_judge(&s, &options, &verdict);
    return is_expected(name, doc_key(tree, "expect"), &verdict);
}

static void test_judge_cases(void **state)
{
    (void)state;
    AUTO(strv) names = { 0 };
    AUTO_PTR(err) e = fs_list(AT_FDCWD, DIRECTORY, &names);
    assert_null(e);
    int cases = 0, failed = 0;
    for (size_t i = 0; i < names.count; i++) {
        if (!str_ends(names.items[i], ".json"))
            continue;
        failed += !passes(names.items[i]);
        cases++;
    }
    assert_int_equal(failed, 0);
    assert_true(cases >= CASES_AT_LEAST);
}

/* Whatever is missing from an object, a verdict comes out, and never READY. */
static void test_judge_empty_objects(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod", "PersistentVolumeClaim",
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        DOC_AUTO workload = doc_object();
        doc_set_text(workload, "/kind", kinds[i]);
        DOC_AUTO pods = doc_array();
        doc_append(pods, doc_object());
        struct rollout_snapshot s = { .workload = workload, .owned = pods, .pods = pods, .now_s = 1 };
        struct rollout_options options = ROLLOUT_OPTIONS_DEFAULT;
        AUTO(rollout_verdict) verdict;
        rollout_judge(&s, &options, &verdict);
        assert_non_null(verdict.reason);
        if (strcmp(kinds[i], "DaemonSet") != 0) /* desired: 0 nodes */
            assert_int_not_equal(verdict.outcome, ROLLOUT_READY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_cases),
        cmocka_unit_test(test_judge_empty_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
