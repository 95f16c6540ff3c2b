/* Live objects as an API server has them after an apply of rwml's, tests/data/kube/unchanged/<case>.json. What
 * was applied is read back out of them by their field set; then every change of it, one by one, has to be seen. */
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/owners.h"

static const char DIRECTORY[] = "tests/data/kube/unchanged";

static json_t *live_of(const char *name)
{
    AUTO_STR path = xasprintf("%s/%s.json", DIRECTORY, name);
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    DOC_AUTO tree = NULL;
    check_ok(fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text));
    check_ok(doc_parse_json(buf_text(&text), text.len, name, &tree));
    return doc_ref(doc_key(tree, "before"));
}

static bool has_keys(const json_t *item, const char *keys_text)
{
    DOC_AUTO keys = NULL;
    const char *key;
    json_t *value;
    check_ok(doc_parse_json(keys_text, strlen(keys_text), "keys", &keys));
    DOC_EACH_KEY (keys, key, value)
        if (!doc_equal(doc_key(item, key), value))
            return false;
    return true;
}

static json_t *owned_part(const json_t *fields, const json_t *live);

static json_t *owned_items(const json_t *fields, const json_t *live)
{
    json_t *out = doc_array();
    size_t i;
    json_t *item, *below;
    const char *key;
    DOC_EACH_ITEM (live, i, item)
        DOC_EACH_KEY (fields, key, below)
            if (str_starts(key, "k:") && has_keys(item, key + 2))
                doc_append(out, owned_part(below, item));
    return out;
}

static json_t *owned_part(const json_t *fields, const json_t *live)
{
    const char *key;
    json_t *below;
    if (doc_count(fields) == 0)
        return doc_copy(live);
    if (doc_is_array(live))
        return owned_items(fields, live);
    json_t *out = doc_object();
    DOC_EACH_KEY (fields, key, below)
        if (str_starts(key, "f:"))
            doc_set_key(out, key + 2, owned_part(below, doc_key(live, key + 2)));
    return out;
}

/* The manifest of a live object. */
static json_t *manifest_of(const json_t *live)
{
    static const char *const address[] = { "/apiVersion", "/kind", "/metadata/name", "/metadata/namespace" };
    json_t *out = doc_object();
    const json_t *fields = kube_owned_fields(live, KUBE_MANAGER);
    if (doc_count(fields) > 0) {
        doc_unref(out);
        out = owned_part(fields, live);
    }
    for (size_t i = 0; i < COUNT_OF(address); i++)
        doc_set_text(out, address[i], doc_text(live, address[i]));
    return out;
}

static const char *const CASES[] = { "configmap", "deployment", "job", "service", "statefulset" };

static void test_applied_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        DOC_AUTO live = live_of(CASES[i]);
        DOC_AUTO manifest = manifest_of(live);
        if (!kube_is_applied(live, manifest))
            fail_msg("%s: what was applied does not count as applied", CASES[i]);
        doc_set(manifest, "/metadata/creationTimestamp", doc_null()); /* as generators write it */
        assert_true(kube_is_applied(live, manifest));
    }
}

struct changes {
    const char *name;
    const json_t *live;
    json_t *manifest;
    size_t count;
};

/* Changed there, in the manifest alone and in the live object alone. */
static void expect_seen(struct changes *c, const char *pointer, const char *what, json_t *changed_steal,
                        const json_t *live)
{
    DOC_AUTO changed = changed_steal;
    if (kube_is_applied(live, changed))
        fail_msg("%s: %s %s is not seen", c->name, pointer, what);
    c->count++;
}

static bool is_address(const char *pointer)
{
    static const char *const address[] = { "/kind", "/metadata/name", "/metadata/namespace" };
    for (size_t i = 0; i < COUNT_OF(address); i++)
        if (strcmp(address[i], pointer) == 0)
            return true;
    return false;
}

static void change_value(struct changes *c, const char *pointer)
{
    DOC_AUTO live = doc_copy(c->live);
    json_t *other = doc_copy(c->manifest), *without = doc_copy(c->manifest);
    doc_set(other, pointer, doc_string("another value"));
    expect_seen(c, pointer, "changed", other, c->live);
    doc_remove(without, pointer);
    expect_seen(c, pointer, "removed", without, c->live);
    if (strcmp(pointer, "/apiVersion") == 0)
        return;
    doc_set(live, pointer, doc_string("another value"));
    expect_seen(c, pointer, "changed by somebody", doc_copy(c->manifest), live);
}

static void change_list(struct changes *c, const char *pointer, const json_t *list)
{
    json_t *turned = doc_copy(c->manifest), *longer = doc_copy(c->manifest);
    AUTO_STR first = xasprintf("%s/0", pointer);
    AUTO_STR last = xasprintf("%s/%zu", pointer, doc_count(list) - 1);
    AUTO_STR end = xasprintf("%s/-", pointer);
    doc_set(longer, end, doc_copy(doc_at(list, 0)));
    expect_seen(c, pointer, "with one more", longer, c->live);
    doc_set(turned, first, doc_copy(doc_get(c->manifest, last)));
    doc_set(turned, last, doc_copy(doc_get(c->manifest, first)));
    if (doc_count(list) > 1)
        expect_seen(c, pointer, "in another order", turned, c->live);
    else
        doc_unref(turned);
}

static void change_all(struct changes *c, const char *pointer, const json_t *value)
{
    const char *key;
    json_t *below;
    if (doc_is_object(value)) {
        json_t *more = doc_copy(c->manifest);
        AUTO_STR added = doc_pointer_add(pointer, "added");
        doc_set(more, added, doc_string("x"));
        expect_seen(c, pointer, "with one more field", more, c->live);
    }
    if (*pointer && !is_address(pointer) && strcmp(pointer, "/metadata") != 0)
        change_value(c, pointer);
    DOC_EACH_KEY (value, key, below) {
        AUTO_STR at = doc_pointer_add(pointer, key);
        change_all(c, at, below);
    }
    if (!doc_is_array(value) || doc_count(value) == 0)
        return;
    change_list(c, pointer, value);
    for (size_t i = 0; i < doc_count(value); i++) {
        AUTO_STR at = xasprintf("%s/%zu", pointer, i);
        change_all(c, at, doc_at(value, i));
    }
}

static void test_every_change_is_seen(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        DOC_AUTO live = live_of(CASES[i]);
        DOC_AUTO manifest = manifest_of(live);
        struct changes c = { CASES[i], live, manifest, 0 };
        change_all(&c, "", manifest);
        count += c.count;
    }
    assert_true(count > 200);
}

/* What kubectl applied, what nobody applied, and what another apiVersion's field set tells. */
static void test_others_are_asked_for(void **state)
{
    (void)state;
    DOC_AUTO of_kubectl = live_of("kubectl");
    DOC_AUTO live = live_of("deployment");
    DOC_AUTO manifest = manifest_of(live);
    assert_false(kube_is_applied(of_kubectl, manifest));
    assert_false(kube_is_applied(NULL, manifest));
    doc_set_text(live, "/metadata/managedFields/0/apiVersion", "apps/v2");
    DOC_AUTO entries = doc_copy(doc_get(live, "/metadata/managedFields"));
    for (size_t i = 0; i < doc_count(entries); i++)
        doc_set_text(doc_at(entries, i), "/apiVersion", "apps/v2");
    doc_set(live, "/metadata/managedFields", doc_ref(entries));
    assert_false(kube_is_applied(live, manifest));
    doc_remove(live, "/metadata/managedFields");
    assert_false(kube_is_applied(live, manifest));
}

/* An object of which nothing but its address is applied, so that no field set tells of it. */
static void test_bare_object(void **state)
{
    (void)state;
    DOC_AUTO live = live_of("serviceaccount");
    DOC_AUTO manifest = manifest_of(live);
    assert_true(kube_is_applied(live, manifest));
    doc_set_text(manifest, "/metadata/labels/a", "b");
    assert_false(kube_is_applied(live, manifest));
}

/* The server keeps stringData in another place than where it is owned. */
static void test_string_data_is_asked_for(void **state)
{
    (void)state;
    DOC_AUTO live = live_of("secret");
    DOC_AUTO manifest = doc_copy(live);
    doc_remove(manifest, "/metadata/managedFields");
    doc_set_text(manifest, "/stringData/other", "x");
    assert_false(kube_is_applied(live, manifest));
}

/* A port without its protocol is known by the default, and values of a set by themselves. */
static void test_keys_with_defaults_and_sets(void **state)
{
    (void)state;
    static const char live_text[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x/y\",\"x/z\"],"
        "\"managedFields\":[{\"manager\":\"rwml\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsV1\":{"
        "\"f:metadata\":{\"f:finalizers\":{\"v:\\\"x/y\\\"\":{},\"v:\\\"x/z\\\"\":{}}},"
        "\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:port\":{}}}}}}]},"
        "\"spec\":{\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"targetPort\":80}]}}";
    static const char manifest_text[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x/y\",\"x/z\"]},"
        "\"spec\":{\"ports\":[{\"port\":80}]}}";
    DOC_AUTO live = NULL;
    DOC_AUTO manifest = NULL;
    check_ok(doc_parse_json(live_text, strlen(live_text), "live", &live));
    check_ok(doc_parse_json(manifest_text, strlen(manifest_text), "manifest", &manifest));
    assert_true(kube_is_applied(live, manifest));
    doc_set_text(manifest, "/spec/ports/0/protocol", "UDP");
    assert_false(kube_is_applied(live, manifest));
    doc_remove(manifest, "/spec/ports/0/protocol");
    doc_set_text(manifest, "/metadata/finalizers/1", "x/q");
    assert_false(kube_is_applied(live, manifest));
}

/* What the server fills in where a reference is replaced as a whole; in no other place. */
static bool reference_is_applied(const char *member, const char *live_text, const char *manifest_text)
{
    static const char head[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"";
    AUTO_STR live_json = xasprintf("%s,\"managedFields\":[{\"manager\":\"rwml\",\"operation\":\"Apply\","
                                   "\"apiVersion\":\"v1\",\"fieldsV1\":{\"f:spec\":{\"f:%s\":{}}}}]},"
                                   "\"spec\":{\"%s\":%s}}",
                                   head, member, member, live_text);
    AUTO_STR manifest_json = xasprintf("%s},\"spec\":{\"%s\":%s}}", head, member, manifest_text);
    DOC_AUTO live = NULL;
    DOC_AUTO manifest = NULL;
    check_ok(doc_parse_json(live_json, strlen(live_json), "live", &live));
    check_ok(doc_parse_json(manifest_json, strlen(manifest_json), "manifest", &manifest));
    return kube_is_applied(live, manifest);
}

static void test_references_that_the_server_completes(void **state)
{
    (void)state;
    static const char field[] = "{\"apiVersion\":\"v1\",\"fieldPath\":\"status.podIP\"}";
    static const char resource[] = "{\"divisor\":\"0\",\"resource\":\"limits.cpu\"}";
    assert_true(reference_is_applied("fieldRef", field, "{\"fieldPath\":\"status.podIP\"}"));
    assert_true(reference_is_applied("fieldRef", field, field));
    assert_true(reference_is_applied("resourceFieldRef", resource, "{\"resource\":\"limits.cpu\"}"));
    assert_false(reference_is_applied("fieldRef", field, "{\"fieldPath\":\"status.hostIP\"}"));
    assert_false(reference_is_applied("fieldRef", field, "{\"apiVersion\":\"v2\",\"fieldPath\":\"status.podIP\"}"));
    assert_false(reference_is_applied("fieldRef", field, "\"status.podIP\""));
    assert_false(reference_is_applied("resourceFieldRef", "{\"divisor\":\"1\",\"resource\":\"limits.cpu\"}",
                                      "{\"resource\":\"limits.cpu\"}"));
    assert_false(reference_is_applied("otherRef", field, "{\"fieldPath\":\"status.podIP\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_applied_as_it_is),
        cmocka_unit_test(test_every_change_is_seen),
        cmocka_unit_test(test_others_are_asked_for),
        cmocka_unit_test(test_bare_object),
        cmocka_unit_test(test_string_data_is_asked_for),
        cmocka_unit_test(test_keys_with_defaults_and_sets),
        cmocka_unit_test(test_references_that_the_server_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
