/* The id was made by other tools, see below; tests/e2e has kubectl make one, too. */
#include "fake/apiserver.h"
#include "fake/case.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "doc/doc.h"
#include "kube/applyset.h"

/* printf %s rwml-web.shop.ConfigMap. | openssl sha256 -binary | basenc --base64url | tr -d = */
static const char ID[] = "applyset-QtXEbwSOCeqRydeXmflpUdCGg7N62yBaREoODngZnQg-v1";

static void add(struct applyset *s, const char *api_version, const char *kind, const char *namespace)
{
    applyset_add(s, (struct kube_id){ api_version, kind, namespace, "x" });
}

static void make(struct applyset *s)
{
    check_ok(applyset_init(s, "shop", "rwml-web", "rwml/v1"));
    add(s, "v1", "Service", "shop");
    add(s, "apps/v1", "Deployment", "shop");
    add(s, "v1", "ConfigMap", "other");
    add(s, "v1", "ConfigMap", "shop");
    add(s, "rbac.authorization.k8s.io/v1", "ClusterRole", NULL);
}

static void test_parent(void **state)
{
    (void)state;
    AUTO(applyset) s = { 0 };
    make(&s);
    DOC_AUTO parent = applyset_parent(&s);
    const json_t *notes = doc_get(parent, "/metadata/annotations");
    assert_string_equal(doc_text(parent, "/metadata/labels/applyset.kubernetes.io~1id"), ID);
    assert_string_equal(doc_text(notes, "/applyset.kubernetes.io~1tooling"), "rwml/v1");
    assert_string_equal(doc_text(notes, "/applyset.kubernetes.io~1contains-group-kinds"),
                        "ClusterRole.rbac.authorization.k8s.io,ConfigMap,Deployment.apps,Service");
    assert_string_equal(doc_text(notes, "/applyset.kubernetes.io~1additional-namespaces"), "other");
}

static void test_parent_reads_back(void **state)
{
    (void)state;
    AUTO(applyset) s = { 0 };
    AUTO(applyset) back = { 0 };
    make(&s);
    DOC_AUTO parent = applyset_parent(&s);
    applyset_read(parent, &back);
    assert_true(applyset_equal(&s, &back));
    assert_string_equal(back.id, s.id);
    assert_string_equal(back.tooling, s.tooling);
    assert_string_equal(back.namespace, "shop");
    assert_string_equal(back.name, "rwml-web");
}

static void test_read_of_a_plain_object(void **state)
{
    (void)state;
    AUTO(applyset) s = { 0 };
    applyset_read(NULL, &s);
    assert_null(s.id);
    assert_null(s.tooling);
    assert_int_equal(s.kinds.count + s.namespaces.count, 0);
}

static void test_covers(void **state)
{
    (void)state;
    AUTO(applyset) wide = { 0 };
    AUTO(applyset) narrow = { 0 };
    make(&wide);
    check_ok(applyset_init(&narrow, "shop", "rwml-web", "rwml/v1"));
    add(&narrow, "v1", "Service", "shop");
    assert_true(applyset_covers(&wide, &narrow));
    assert_false(applyset_covers(&narrow, &wide));
    assert_false(applyset_equal(&wide, &narrow));
    applyset_add_all(&narrow, &wide);
    assert_true(applyset_equal(&wide, &narrow));
}

static void test_add_all_names_the_other_home(void **state)
{
    (void)state;
    AUTO(applyset) here = { 0 };
    AUTO(applyset) there = { 0 };
    check_ok(applyset_init(&here, "shop", "rwml-web", "rwml/v1"));
    check_ok(applyset_init(&there, "old", "rwml-web", "rwml/v1"));
    applyset_add_all(&here, &there);
    assert_int_equal(here.namespaces.count, 1);
    assert_string_equal(here.namespaces.items[0], "old");
}

static void test_join(void **state)
{
    (void)state;
    DOC_AUTO object = doc_object();
    assert_null(applyset_of(object));
    applyset_join(object, "applyset-x-v1");
    assert_string_equal(applyset_of(object), "applyset-x-v1");
    applyset_join(object, NULL);
    assert_null(applyset_of(object));
    assert_null(doc_get(object, "/spec"));
}

#define SELECTED "?labelSelector=applyset.kubernetes.io%2Fpart-of%3Dapplyset-"
#define NO_ITEMS "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}"
#define OWNED                                                                                                          \
    "\"managedFields\":[{\"manager\":\"rwml\",\"operation\":\"Apply\",\"fieldsV1\":{\"f:metadata\":{\"f:labels\":"     \
    "{\"f:applyset.kubernetes.io/part-of\":{}}}}}]"
#define TWO_ITEMS                                                                                                      \
    "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"," OWNED          \
    "}},{\"metadata\":{\"name\":\"b\",\"uid\":\"v\"}}]}"

/* tests/data/kube/members/<case>.json: an object with a set's label, and whether it is a member. */
static void test_has(void **state)
{
    static const char DIRECTORY[] = "tests/data/kube/members";
    AUTO(strv) names = { 0 };
    (void)state;
    check_ok(fs_list(AT_FDCWD, DIRECTORY, &names));
    assert_true(names.count >= 8);
    for (size_t i = 0; i < names.count; i++) {
        DOC_AUTO tree = case_json_in(DIRECTORY, names.items[i]);
        bool wanted = doc_bool(tree, "/member", false);
        if (applyset_has(doc_get(tree, "/object")) != wanted)
            fail_msg("%s: is %s member", names.items[i], wanted ? "no" : "a");
    }
}

/* Of each kind in each namespace; of kinds in no namespace once; of a kind that has gone nothing; and nothing that
 * only has the label. */
static void test_members(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { "GET /apis/rbac.authorization.k8s.io/v1/clusterroles" SELECTED, 200, NO_ITEMS, NULL, false },
        { "GET /api/v1/namespaces/shop/configmaps" SELECTED, 200, TWO_ITEMS, NULL, false },
        { "GET /api/v1/namespaces/other/configmaps" SELECTED, 200, NO_ITEMS, NULL, false },
        { "GET /apis/gone.example.com ", 404, "{\"kind\":\"Status\"}", NULL, false },
    };
    struct apiserver server;
    AUTO(applyset) s = { 0 };
    AUTO_PTR(kube_client) c = NULL;
    DOC_AUTO members = NULL;
    apiserver_start(&server, script, COUNT_OF(script));
    AUTO_STR address = xasprintf("http://127.0.0.1:%d", server.port);
    char source[] = "test";
    check_ok(kube_open(&(struct kube_config){ .source = source, .server = address }, NULL, &c));
    check_ok(applyset_init(&s, "shop", "rwml-web", "rwml/v1"));
    add(&s, "rbac.authorization.k8s.io/v1", "ClusterRole", NULL);
    add(&s, "v1", "ConfigMap", "other");
    add(&s, "gone.example.com/v1", "Widget", "shop");
    check_ok(applyset_members(c, &s, &members));
    assert_int_equal(doc_count(members), 1);
    assert_string_equal(doc_text(members, "/0/kind"), "ConfigMap");
    assert_string_equal(doc_text(members, "/0/metadata/uid"), "u");
    kube_client_freep(&c);
    apiserver_stop(&server);
}

/* ---------------------------------------------------------------- whose set it is */

#define SOUGHT "?labelSelector=applyset.kubernetes.io%2Fid%3Da "
#define HERE(kind) "GET /api/v1/namespaces/shop/" kind SOUGHT
#define EVERYWHERE(kind) "GET /api/v1/" kind SOUGHT
#define LIST_OF(items) 200, "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[" items "]}", NULL, false
#define FORBIDDEN 403, "{\"kind\":\"Status\",\"message\":\"no\"}", NULL, false
#define PARENT(name) "{\"metadata\":{\"name\":\"" name "\"}}"

static struct err *find(const struct apiserver_answer *script, size_t count, const char *namespace, json_t **out)
{
    struct apiserver server;
    AUTO(kube_config) config = { .source = xstrdup("test") };
    AUTO_PTR(kube_client) c = NULL;
    apiserver_start(&server, script, count);
    config.server = xasprintf("http://127.0.0.1:%d", server.port);
    check_ok(kube_open(&config, NULL, &c));
    struct err *e = applyset_find(c, "a", namespace, out);
    kube_client_freep(&c);
    apiserver_stop(&server);
    return e;
}

static void test_find_near_first(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION,
                                                      { HERE("configmaps"), LIST_OF(PARENT("rwml-web")) } };
    DOC_AUTO parent = NULL;
    check_ok(find(script, COUNT_OF(script), "shop", &parent));
    assert_string_equal(doc_text(parent, "/metadata/name"), "rwml-web");
}

static void test_find_elsewhere(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION,
                                                      { HERE("configmaps"), LIST_OF("") },
                                                      { HERE("secrets"), FORBIDDEN },
                                                      { EVERYWHERE("configmaps"), LIST_OF("") },
                                                      { EVERYWHERE("secrets"), LIST_OF(PARENT("other")) } };
    DOC_AUTO parent = NULL;
    check_ok(find(script, COUNT_OF(script), "shop", &parent));
    assert_string_equal(doc_text(parent, "/metadata/name"), "other");
}

static void test_find_out_of_sight(void **state)
{
    (void)state;
    static const struct apiserver_answer script[] = { APISERVER_VERSION,
                                                      { HERE("configmaps"), LIST_OF("") },
                                                      { HERE("secrets"), LIST_OF("") },
                                                      { EVERYWHERE("configmaps"), FORBIDDEN } };
    json_t *parent = NULL;
    check_says(find(script, COUNT_OF(script), "shop", &parent), RW5104_CLUSTER_REFUSED, "403: no");
    assert_null(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parent),
        cmocka_unit_test(test_parent_reads_back),
        cmocka_unit_test(test_read_of_a_plain_object),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_add_all_names_the_other_home),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_has),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_find_near_first),
        cmocka_unit_test(test_find_elsewhere),
        cmocka_unit_test(test_find_out_of_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
