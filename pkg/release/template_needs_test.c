#include "fake/check.h"

#include <string.h>

#include "doc/doc.h"
#include "release/template_needs.h"

static const char WORKLOAD[] =
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
    "\"namespace\":\"shop\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\","
    "\"envFrom\":[{\"configMapRef\":{\"name\":\"new\"}}]}]}}}}";
static const char TEMPLATE[] =
    "{\"spec\":{\"containers\":[{\"name\":\"web\",\"envFrom\":[{\"configMapRef\":{\"name\":\"old\"}}],\"env\":["
    "{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"old\",\"key\":\"a\"}}},"
    "{\"name\":\"B\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"keys\",\"key\":\"b\"}}},"
    "{\"name\":\"C\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"spare\",\"key\":\"c\",\"optional\":true}}}]}],"
    "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"files\"}}]}}";

/* Of the older template alone, each once, and not what may be missing. */
static void test_template_needs(void **state)
{
    AUTO(template_needs) needs = { 0 };
    DOC_AUTO workload = NULL;
    DOC_AUTO template = NULL;
    (void)state;
    check_ok(doc_parse_json(WORKLOAD, strlen(WORKLOAD), "workload", &workload));
    check_ok(doc_parse_json(TEMPLATE, strlen(TEMPLATE), "template", &template));
    template_needs_add(workload, template, &needs);
    AUTO_STR config_maps = strv_join(&needs.config_maps, " ");
    AUTO_STR secrets = strv_join(&needs.secrets, " ");
    assert_string_equal(config_maps, "old files");
    assert_string_equal(secrets, "keys");
    assert_string_equal(doc_text(workload, "/spec/template/spec/containers/0/envFrom/0/configMapRef/name"), "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
