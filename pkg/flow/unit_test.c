#include "flow/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake/check.h"

static const char NAME[] = "shop";

static const char JOB[] =
    "apiVersion: batch/v1\n"
    "kind: Job\n"
    "metadata: {name: migrate, labels: {app: shop}}\n"
    "spec:\n"
    "  backoffLimit: 4\n"
    "  suspend: true\n"
    "  completions: 2\n"
    "  podFailurePolicy: {rules: [{action: Ignore}]}\n"
    "  template:\n"
    "    spec:\n"
    "      restartPolicy: OnFailure\n"
    "      initContainers: [{name: proxy, image: p, restartPolicy: Always}, {name: setup, image: s}]\n"
    "      containers: [{name: app, image: shop:dev, command: [python], args: [-m, app]}]\n";

static const char CRON_JOB[] = "apiVersion: batch/v1\n"
                               "kind: CronJob\n"
                               "metadata: {name: nightly, namespace: night, labels: {app: shop}}\n"
                               "spec:\n"
                               "  schedule: '0 3 * * *'\n"
                               "  suspend: true\n"
                               "  jobTemplate:\n"
                               "    metadata: {labels: {part: batch}}\n"
                               "    spec:\n"
                               "      template:\n"
                               "        metadata: {annotations: {kubectl.kubernetes.io/default-container: second}}\n"
                               "        spec:\n"
                               "          restartPolicy: OnFailure\n"
                               "          containers: [{name: app, image: a}, {name: second, image: b, args: [old]}]\n";

static const char SERVICE[] = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";

struct shelf {
    struct service service;
    struct plan_item item;
};

static void shelf_release(struct shelf *s)
{
    manifest_set_release(&s->item.manifests);
}

static void shelf_fill(struct shelf *s, const char *first, const char *second)
{
    AUTO_STR dir = scratch_new();
    AUTO(strv) files = { 0 };
    scratch_write(dir, "a.yaml", first);
    scratch_write(dir, "b.yaml", second);
    strv_add(&files, "a.yaml");
    strv_add(&files, "b.yaml");
    AUTO_FD root = open(dir, O_RDONLY | O_DIRECTORY);
    s->service.name = (char *)(uintptr_t)NAME;
    s->item.service = &s->service;
    check_ok(manifest_load(root, &files, NULL, "default", &s->item.manifests));
}

static void assert_json(json_t *tree_steal, const char *text)
{
    DOC_AUTO tree = tree_steal;
    AUTO_STR got = doc_dump(tree);
    assert_string_equal(got, text);
}

static json_t *job_of(const struct manifest_object *unit, const char *container, bool keep, const char *argument)
{
    AUTO(strv) arguments = { 0 };
    if (argument)
        strv_add(&arguments, argument);
    return unit_job(unit, &(struct unit_wish){ "new", container, &arguments, keep });
}

static void test_a_job_runs_once(void **state)
{
    AUTO(shelf) s = { 0 };
    const struct manifest_object *unit = NULL;
    (void)state;
    shelf_fill(&s, JOB, SERVICE);
    check_ok(unit_find(&s.item, "shop", &unit));
    assert_json(
        job_of(unit, "app", false, NULL),
        "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{\"name\":\"new\",\"namespace\":\"default\","
        "\"labels\":{\"app\":\"shop\"}},\"spec\":{\"backoffLimit\":0,\"completions\":2,\"template\":{\"spec\":{"
        "\"restartPolicy\":"
        "\"Never\",\"initContainers\":[{\"name\":\"proxy\",\"image\":\"p\",\"restartPolicy\":\"Always\"},{"
        "\"name\":\"setup\",\"image\":\"s\"}],\"containers\":[{\"name\":\"app\",\"image\":\"shop:dev\","
        "\"command\":[\"python\"],\"args\":[\"-m\",\"app\"]}]}},"
        "\"ttlSecondsAfterFinished\":3600}}");
    DOC_AUTO kept = job_of(unit, "proxy", true, "x y");
    assert_null(doc_get(kept, "/spec/ttlSecondsAfterFinished"));
    assert_string_equal(doc_text(kept, "/spec/template/spec/initContainers/0/args/0"), "x y");
    assert_int_equal(doc_count(doc_get(kept, "/spec/template/spec/containers/0/args")), 2);
    assert_false(unit_runs_alone(kept));
    /* The manifest's own object is as it was. */
    assert_int_equal(doc_i64(unit->tree, "/spec/backoffLimit", -1), 4);
}

static void test_a_cron_job_runs_once(void **state)
{
    AUTO(shelf) s = { 0 };
    const struct manifest_object *unit = NULL;
    const char *container = NULL;
    (void)state;
    shelf_fill(&s, CRON_JOB, SERVICE);
    check_ok(unit_find(&s.item, "nightly", &unit));
    check_ok(unit_container(unit, NULL, &container));
    assert_string_equal(container, "second");
    DOC_AUTO job = job_of(unit, container, false, "new");
    assert_string_equal(doc_text(job, "/metadata/namespace"), "night");
    assert_string_equal(doc_text(job, "/metadata/labels/part"), "batch");
    assert_null(doc_get(job, "/metadata/labels/app"));
    assert_null(doc_get(job, "/spec/schedule"));
    assert_string_equal(doc_text(job, "/spec/template/spec/containers/1/args/0"), "new");
    check_ok(unit_container(unit, "app", &container));
    assert_string_equal(container, "app");
    check_says(unit_container(unit, "third", &container), RW1018_NO_CONTAINER, "it has: app, second");
}

static void test_what_can_not_be_run(void **state)
{
    AUTO(shelf) none = { 0 };
    AUTO(shelf) two = { 0 };
    const struct manifest_object *unit = NULL;
    const char *container = NULL;
    (void)state;
    shelf_fill(&none, SERVICE, "# nothing\n");
    check_says(unit_find(&none.item, "shop", &unit), RW1017_NO_UNIT, "neither a Job nor a CronJob");
    shelf_fill(&two, JOB, CRON_JOB);
    check_says(unit_find(&two.item, "shop", &unit), RW1014_AMBIGUOUS, "Job/migrate, CronJob/nightly");
    check_ok(unit_find(&two.item, "nightly", &unit));
    check_ok(unit_find(&two.item, "migrate", &unit));
    check_ok(unit_container(unit, "proxy", &container)); /* a sidecar */
    check_says(unit_container(unit, "setup", &container), RW1018_NO_CONTAINER, "it has: app, proxy");
}

static void test_names_stay_short(void **state)
{
    (void)state;
    AUTO_STR usual = unit_new_name("nightly", "0123456789");
    assert_string_equal(usual, "nightly-run-012345");
    AUTO_STR longest = unit_new_name("a23456789.123456789.123456789.123456789.123456789.1-longer", "abcdef99");
    assert_string_equal(longest, "a23456789.123456789.123456789.123456789.123456789.1-run-abcdef");
    assert_in_range(strlen(longest), 1, 63);
}

static void test_one_container_of_one_pod_is_alone(void **state)
{
    (void)state;
    DOC_AUTO job = doc_object();
    doc_set(job, "/spec/template/spec/containers", doc_array());
    doc_set(job, "/spec/template/spec/containers/-", doc_object());
    assert_true(unit_runs_alone(job));
    doc_set(job, "/spec/parallelism", doc_integer(2));
    assert_false(unit_runs_alone(job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_runs_once),
        cmocka_unit_test(test_a_cron_job_runs_once),
        cmocka_unit_test(test_what_can_not_be_run),
        cmocka_unit_test(test_names_stay_short),
        cmocka_unit_test(test_one_container_of_one_pod_is_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
