#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "doc/doc.h"

static const char object[] = "metadata: {labels: {app.kubernetes.io/name: x, app: y}, finalizers: [a/b, c], "
                             "annotations: {a.b: {c: 1}, a: {b.c: 2}}}\n"
                             "data: {\"a]b\": 1, my.key: 2, \"x[0]\": 3}\n"
                             "spec:\n"
                             "  replicas: 2\n"
                             "  ports: [{port: 80, protocol: UDP}, {port: 80, protocol: TCP, targetPort: 8080}]\n"
                             "  template: {spec: {containers: [{name: sidecar}, {name: web, image: i, env: [{name: A, "
                             "value: \"1\"}, {name: 'q\"]', value: \"2\"}]}]}}\n";

static void expect_pointer(const json_t *tree, const char *field, const char *wanted)
{
    AUTO_STR got = doc_pointer_of_field(tree, field);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s gives \"%s\", wanted \"%s\"", field, got, wanted);
}

static void test_field_pointers(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *pointer;
    } cases[] = {
        { "", "" },
        { ".", "" },
        { ".spec.replicas", "/spec/replicas" },
        { "spec.replicas", "/spec/replicas" },
        { ".spec.template.spec.containers[name=\"web\"].env[name=\"A\"].value",
          "/spec/template/spec/containers/1/env/0/value" },
        { ".spec.template.spec.containers[name=\"web\"].env[name=\"q\\\"]\"].value",
          "/spec/template/spec/containers/1/env/1/value" },
        { "spec.template.spec.containers[1].image", "/spec/template/spec/containers/1/image" },
        { ".spec.ports[port=80,protocol=\"TCP\"].targetPort", "/spec/ports/1/targetPort" },
        { ".spec.ports[port=80,protocol=\"UDP\"]", "/spec/ports/0" },
        { ".metadata.finalizers[=\"c\"]", "/metadata/finalizers/1" },
        { ".metadata.labels.app.kubernetes.io/name", "/metadata/labels/app.kubernetes.io~1name" },
        { ".metadata.labels.app", "/metadata/labels/app" },
        { "metadata.labels[app.kubernetes.io/name]", "/metadata/labels/app.kubernetes.io~1name" },
        { ".metadata.annotations.a.b.c", "/metadata/annotations/a.b/c" },
        { "data[my.key]", "/data/my.key" },
        { ".data.x[0]", "/data/x[0]" },
        /* what is not there: the deepest value on the way */
        { ".spec.template.spec.containers[name=\"web\"].command", "/spec/template/spec/containers/1" },
        { ".spec.template.spec.containers[name=\"gone\"].image", "/spec/template/spec/containers" },
        { ".spec.template.spec.containers[7].image", "/spec/template/spec/containers" },
        { ".spec.ports[port=81,protocol=\"TCP\"]", "/spec/ports" },
        { ".spec.ports[port=80,protocol", "/spec/ports" },
        { ".spec.ports[port=80,", "/spec/ports" },
        { ".spec.ports[", "/spec/ports" },
        { ".spec.ports[]", "/spec/ports" },
        { ".spec.ports[port=\"80]", "/spec/ports" },
        { ".spec.replicas.x", "/spec/replicas" },
        { ".spec.replicas[0]", "/spec/replicas" },
        { ".spe", "" },
        { "<nil>", "" },
    };
    AUTO(doc_list) list = { 0 };
    struct err *e = doc_parse_yaml(object, strlen(object), "f", &list);
    assert_null(e);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_pointer(list.items[0].root, cases[i].field, cases[i].pointer);
    expect_pointer(NULL, ".spec", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
