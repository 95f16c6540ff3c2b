#include "pods/exit.h"

#include "doc/doc.h"
#include "fake/check.h"

/* One pod of owner u: containers app and side, an init container setup; a code of -1: it has not ended. */
static json_t *pod_of(const char *owner, int app, int side, int setup)
{
    const struct {
        const char *pointer;
        const char *name;
        int code;
    } rows[] = { { "/status/containerStatuses", "app", app },
                 { "/status/containerStatuses", "side", side },
                 { "/status/initContainerStatuses", "setup", setup } };
    json_t *pod = doc_object();
    doc_set(pod, "/metadata/ownerReferences", doc_array());
    doc_set(pod, "/metadata/ownerReferences/-", doc_object());
    doc_set_text(pod, "/metadata/ownerReferences/0/uid", owner);
    doc_set(pod, "/status/containerStatuses", doc_array());
    doc_set(pod, "/status/initContainerStatuses", doc_array());
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *status = doc_object();
        doc_set_text(status, "/name", rows[i].name);
        if (rows[i].code >= 0)
            doc_set(status, "/state/terminated/exitCode", doc_integer(rows[i].code));
        doc_append(doc_get(pod, rows[i].pointer), status);
    }
    return pod;
}

static int code_of(json_t *first_steal, json_t *second_steal)
{
    DOC_AUTO pods = doc_array();
    doc_append(pods, first_steal);
    if (second_steal)
        doc_append(pods, second_steal);
    return pods_exit_code(pods, "u", "app");
}

static void test_the_code_of_the_container_that_counts(void **state)
{
    (void)state;
    assert_int_equal(code_of(pod_of("u", 3, 1, 0), NULL), 3);
    assert_int_equal(code_of(pod_of("u", 0, 0, 0), NULL), 0);
    assert_int_equal(code_of(pod_of("u", 0, -1, 0), NULL), 0);
    assert_int_equal(code_of(pod_of("u", -1, -1, -1), NULL), -1);
    assert_int_equal(code_of(pod_of("u", 255, 0, 0), NULL), 255);
}

static void test_another_one_failed(void **state)
{
    (void)state;
    assert_int_equal(code_of(pod_of("u", 0, 7, 0), NULL), 7);
    assert_int_equal(code_of(pod_of("u", -1, -1, 9), NULL), 9);
    assert_int_equal(code_of(pod_of("u", 0, 7, 0), pod_of("u", 4, 0, 0)), 4);
}

static void test_pods_of_others_do_not_count(void **state)
{
    (void)state;
    assert_int_equal(code_of(pod_of("other", 5, 5, 5), NULL), -1);
    assert_int_equal(code_of(pod_of("other", 5, 5, 5), pod_of("u", 6, 0, 0)), 6);
    assert_int_equal(pods_exit_code(NULL, "u", "app"), -1);
}

static void test_a_code_that_is_none(void **state)
{
    (void)state;
    DOC_AUTO pods = doc_array();
    json_t *pod = pod_of("u", 1, 0, 0);
    doc_set(pod, "/status/containerStatuses/0/state/terminated/exitCode", doc_integer(4294967));
    doc_append(pods, pod);
    assert_int_equal(pods_exit_code(pods, "u", "app"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_code_of_the_container_that_counts),
        cmocka_unit_test(test_another_one_failed),
        cmocka_unit_test(test_pods_of_others_do_not_count),
        cmocka_unit_test(test_a_code_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
