#include "oci/image.h"

#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "fake/check.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ONES_HEX "1111111111111111111111111111111111111111111111111111111111111111"
#define ONES "sha256:" ONES_HEX
#define TWOS "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define THREES "sha256:3333333333333333333333333333333333333333333333333333333333333333"

#define OCI_TYPE "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define DOCKER_TYPE "application/vnd.docker.distribution.manifest.v2+json"
#define LIST_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"

#define CONFIG "\"config\":{\"mediaType\":\"c\",\"digest\":\"" DIGEST_A "\",\"size\":7}"
#define LAYER(type, digest, more) "{\"mediaType\":\"" type "\",\"digest\":\"" digest "\"" more "}"
#define LAYERS                                                                                                         \
    "\"layers\":[" LAYER("l1", DIGEST_B, ",\"size\":11") "," LAYER("l2", DIGEST_C, ",\"size\":9007199254740993") "]"
#define MANIFESTS "\"manifests\":[" LAYER(OCI_TYPE, DIGEST_A, ",\"size\":1") "]"
#define V2 "{\"schemaVersion\":2,"

static void test_chain_ids(void **state)
{
    (void)state;
    AUTO(strv) diff_ids = { 0 };
    AUTO(strv) chain = { 0 };
    check_ok(oci_chain_ids(&diff_ids, &chain));
    assert_int_equal(chain.count, 0);
    strv_add(&diff_ids, ONES);
    strv_add(&diff_ids, TWOS);
    strv_add(&diff_ids, THREES);
    check_ok(oci_chain_ids(&diff_ids, &chain));
    assert_int_equal(chain.count, 3);
    assert_string_equal(chain.items[0], ONES);
    /* printf %s "$below $diff_id" | sha256sum */
    assert_string_equal(chain.items[1], "sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5");
    assert_string_equal(chain.items[2], "sha256:50127c0d6b338be78246434b4bce23ecf75e505158ea0bbd15effeb162fbf3ec");
}

static struct err *parse(const char *type, const char *text, bool *is_index, struct oci_manifest *out)
{
    return oci_manifest_parse(type, text, strlen(text), is_index, out);
}

static void expect_refused(const char *type, const char *text)
{
    struct oci_manifest m = { 0 };
    bool is_index = false;
    struct err *e = parse(type, text, &is_index, &m);
    if (!e)
        print_error("accepted as %s: %s\n", type, text);
    check_error(e, RW4201_IMAGE_STREAM);
    assert_null(m.media_type);
    assert_null(m.layers);
}

static void expect_sample(const struct oci_manifest *m, const char *type)
{
    assert_string_equal(m->media_type, type);
    assert_string_equal(m->config.media_type, "c");
    assert_string_equal(m->config.digest, DIGEST_A);
    assert_int_equal(m->config.size, 7);
    assert_int_equal(m->layer_count, 2);
    assert_string_equal(m->layers[0].media_type, "l1");
    assert_string_equal(m->layers[0].digest, DIGEST_B);
    assert_int_equal(m->layers[0].size, 11);
    assert_string_equal(m->layers[1].media_type, "l2");
    assert_string_equal(m->layers[1].digest, DIGEST_C);
    assert_int_equal(m->layers[1].size, 9007199254740993); /* no double has it */
}

/* The manifest's own type, else the one it was sent with, else OCI's. */
static void test_parse_reads_all(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        { OCI_TYPE, V2 "\"mediaType\":\"" OCI_TYPE "\"," CONFIG "," LAYERS "}", OCI_TYPE },
        { DOCKER_TYPE, V2 "\"mediaType\":\"" DOCKER_TYPE "\"," CONFIG "," LAYERS "}", DOCKER_TYPE },
        { "", V2 "\"mediaType\":\"" DOCKER_TYPE "\"," CONFIG "," LAYERS "}", DOCKER_TYPE },
        { DOCKER_TYPE, V2 CONFIG "," LAYERS "}", DOCKER_TYPE },
        { "", V2 LAYERS "," CONFIG "}", OCI_TYPE },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(oci_manifest) m = { 0 };
        bool is_index = true;
        check_ok(parse(rows[i][0], rows[i][1], &is_index, &m));
        assert_false(is_index);
        expect_sample(&m, rows[i][2]);
    }
}

static void test_parse_knows_an_index(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { OCI_INDEX_TYPE, V2 "\"mediaType\":\"" OCI_INDEX_TYPE "\"," MANIFESTS "}" },
        { LIST_TYPE, V2 MANIFESTS "}" },
        { "", V2 "\"manifests\":[]}" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct oci_manifest m = { 0 };
        bool is_index = false;
        check_ok(parse(rows[i][0], rows[i][1], &is_index, &m));
        assert_true(is_index);
        assert_null(m.media_type);
    }
}

/* CVE-2021-41190: one peer would read an index, another one a manifest. */
static void test_parse_refuses_what_could_be_either(void **state)
{
    (void)state;
    expect_refused("", V2 CONFIG "," LAYERS "," MANIFESTS "}");
    expect_refused("", V2 LAYERS "," MANIFESTS "}");
    expect_refused("", V2 CONFIG "," MANIFESTS "}");
    expect_refused("", V2 CONFIG "," LAYERS ",\"manifests\":[]}");
    expect_refused("", V2 MANIFESTS ",\"layers\":[]}");
    expect_refused(OCI_INDEX_TYPE, V2 "\"mediaType\":\"" OCI_TYPE "\"," CONFIG "," LAYERS "}");
    expect_refused(OCI_TYPE, V2 "\"mediaType\":\"" OCI_INDEX_TYPE "\"," MANIFESTS "}");
    expect_refused(DOCKER_TYPE, V2 "\"mediaType\":\"" OCI_TYPE "\"," CONFIG "," LAYERS "}");
    expect_refused(OCI_INDEX_TYPE, V2 CONFIG "," LAYERS "}");
    expect_refused(OCI_TYPE, V2 MANIFESTS "}");
    expect_refused(DOCKER_TYPE, V2 MANIFESTS "}");
}

static void test_parse_refuses_what_is_neither(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "{",
        "null",
        "[]",
        "2",
        "{}",
        V2 "\"mediaType\":\"" OCI_TYPE "\"}",
        "{" CONFIG "," LAYERS "}",
        "{\"schemaVersion\":1," CONFIG "," LAYERS "}",
        "{\"schemaVersion\":\"2\"," CONFIG "," LAYERS "}",
        "{\"schemaVersion\":1,\"fsLayers\":[]}",
        V2 CONFIG "," LAYERS, /* cut */
        V2 CONFIG "," LAYERS "} {}",
        V2 LAYERS "}",
        V2 "\"config\":null," LAYERS "}",
        V2 "\"config\":{}," LAYERS "}",
        V2 CONFIG ",\"layers\":{}}",
        V2 CONFIG ",\"layers\":\"" DIGEST_B "\"}",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_refused("", rows[i]);
}

static void test_parse_refuses_a_broken_layer(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "null",
        "{}",
        "\"" DIGEST_B "\"",
        "{\"mediaType\":\"l\"}",
        "{\"digest\":\"" DIGEST_B "\"}",
        "{\"mediaType\":7,\"digest\":\"" DIGEST_B "\"}",
        LAYER("l", DIGEST_B "0", ""),
        LAYER("l", "sha256:bb", ""),
        LAYER("l", "sha512:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", ""),
        LAYER("l", "sha256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", ""),
        LAYER("l", DIGEST_B, ",\"size\":-1"),
        LAYER("l", DIGEST_B, ",\"size\":\"7\""),
        LAYER("l", DIGEST_B, ",\"size\":1.5"),
        LAYER("l", DIGEST_B, ",\"size\":null"),
        LAYER("l", DIGEST_B, ",\"size\":18446744073709551616"),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR first = xasprintf(V2 CONFIG ",\"layers\":[%s]}", rows[i]);
        AUTO_STR second = xasprintf(V2 CONFIG ",\"layers\":[" LAYER("l", DIGEST_C, "") ",%s]}", rows[i]);
        expect_refused("", first);
        expect_refused("", second);
    }
}

/* Docker 20.10 leaves a size of 0 out. */
static void test_a_size_left_out_is_0(void **state)
{
    (void)state;
    static const char layers[] = LAYER("l", DIGEST_B, ",\"size\":0") "," LAYER("l", DIGEST_C, "");
    AUTO_STR text = xasprintf(V2 "\"config\":" LAYER("c", DIGEST_A, "") ",\"layers\":[%s]}", layers);
    AUTO(oci_manifest) m = { 0 };
    bool is_index = true;
    check_ok(parse("", text, &is_index, &m));
    assert_int_equal(m.config.size, 0);
    assert_int_equal(m.layer_count, 2);
    assert_int_equal(m.layers[0].size, 0);
    assert_int_equal(m.layers[1].size, 0);
}

/* An empty list of Go's may be written as null. */
static void test_an_image_of_no_layers(void **state)
{
    (void)state;
    static const char *const rows[] = { V2 CONFIG ",\"layers\":[]}", V2 CONFIG ",\"layers\":null}" };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(oci_manifest) m = { 0 };
        bool is_index = true;
        check_ok(parse("", rows[i], &is_index, &m));
        assert_false(is_index);
        assert_int_equal(m.layer_count, 0);
        AUTO_STR text = oci_manifest_text(&m);
        assert_string_equal(text, V2 "\"mediaType\":\"" OCI_TYPE "\"," CONFIG ",\"layers\":[]}");
    }
}

static void test_text_and_back(void **state)
{
    (void)state;
    AUTO(oci_manifest) m = { 0 };
    AUTO(oci_manifest) again = { 0 };
    bool is_index = true;
    check_ok(parse(DOCKER_TYPE, V2 "\"annotations\":{\"a\":\"b\"}," CONFIG "," LAYERS "}", &is_index, &m));
    AUTO_STR text = oci_manifest_text(&m);
    assert_string_equal(text, V2 "\"mediaType\":\"" DOCKER_TYPE "\"," CONFIG "," LAYERS "}");
    check_ok(parse(DOCKER_TYPE, text, &is_index, &again));
    assert_false(is_index);
    expect_sample(&again, DOCKER_TYPE);
}

static void test_config_diff_ids(void **state)
{
    (void)state;
    static const char text[] = "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST_B "\",\"" DIGEST_A "\"]}}";
    AUTO(strv) ids = { 0 };
    check_ok(oci_config_diff_ids(text, strlen(text), &ids));
    AUTO_STR joined = strv_join(&ids, " ");
    assert_string_equal(joined, DIGEST_B " " DIGEST_A);
}

static void test_config_diff_ids_refuses(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "{\"rootfs\":{\"diff_ids\":[\"" DIGEST_A "\"]}",
        "{\"rootfs\":{\"diff_ids\":[\"" DIGEST_A "\",\"sha256:b\"]}}",
        "{\"rootfs\":{\"diff_ids\":[\"" DIGEST_A "\",7]}}",
        "{\"rootfs\":{\"diff_ids\":[null]}}",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(strv) ids = { 0 };
        check_error(oci_config_diff_ids(rows[i], strlen(rows[i]), &ids), RW4201_IMAGE_STREAM);
        assert_int_equal(ids.count, 0);
    }
}

static void test_config_text(void **state)
{
    (void)state;
    static const char config[] =
        "{\"os\":\"linux\",\"config\":{\"Env\":[\"A=1\"],\"Healthcheck\":{\"Interval\":3000000000}}}";
    AUTO(strv) ids = { 0 };
    AUTO(strv) again = { 0 };
    AUTO_STR text = NULL;
    strv_add(&ids, DIGEST_B);
    strv_add(&ids, DIGEST_A);
    check_ok(oci_config_text(config, &ids, &text));
    assert_true(str_starts(
        text, "{\"os\":\"linux\",\"config\":{\"Env\":[\"A=1\"],\"Healthcheck\":{\"Interval\":3000000000}},"));
    check_ok(oci_config_diff_ids(text, strlen(text), &again));
    assert_true(strv_equal(&ids, &again));
    check_error(oci_config_text("{", &ids, &text), RW4201_IMAGE_STREAM);
}

/* A name with what would be special in a pointer or in JSON stays a name. */
static void test_index_text(void **state)
{
    (void)state;
    char type[] = OCI_TYPE;
    const struct oci_descriptor manifest = { .media_type = type, .digest = DIGEST_A, .size = 123 };
    static const char *const names[] = { "docker.io/a~b/c:\"1\"", "docker.io/a:2", NULL };
    AUTO_STR text = oci_index_text(&manifest, names);
    json_t *parsed = NULL;
    check_ok(doc_parse_json(text, strlen(text), "the index", &parsed));
    DOC_AUTO tree = parsed;
    AUTO_STR again = doc_dump(doc_get(tree, "/manifests/0"));
    assert_int_equal(doc_i64(tree, "/schemaVersion", 0), 2);
    assert_int_equal(doc_count(doc_get(tree, "/manifests")), 2);
    assert_string_equal(doc_text(tree, "/manifests/1/digest"), DIGEST_A);
    assert_string_equal(again, "{\"mediaType\":\"" OCI_TYPE "\",\"digest\":\"" DIGEST_A "\",\"size\":123,"
                               "\"annotations\":{\"io.containerd.image.name\":\"docker.io/a~b/c:\\\"1\\\"\"}}");
}

static void test_saved_configs(void **state)
{
    (void)state;
    static const char *const names[] = { ONES_HEX ".json", "blobs/sha256/" ONES_HEX };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO(strv) configs = { 0 };
        AUTO_STR text = xasprintf("[{\"Config\":\"%s\",\"RepoTags\":null},{\"Config\":\"%s\"}]", names[i], names[i]);
        check_ok(oci_saved_configs(text, strlen(text), &configs));
        assert_int_equal(configs.count, 2);
        assert_string_equal(configs.items[1], ONES);
    }
}

static void test_saved_configs_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[",
        "[]",
        "{}",
        "[{}]",
        "[{\"Config\":7}]",
        "{\"Config\":\"" ONES_HEX ".json\"}",
        "[{\"Config\":\"" ONES_HEX "\"}]",
        "[{\"Config\":\"" ONES_HEX ".jso\"}]",
        "[{\"Config\":\"../" ONES_HEX ".json\"}]",
        "[{\"Config\":\"blobs/sha256/\"}]",
        "[{\"Config\":\"blobs/sha256/" ONES_HEX "0\"}]",
        "[{\"Config\":\"blobs/sha256/" ONES_HEX ".json\"}]",
        "[{\"Config\":\"blobs/sha512/" ONES_HEX "\"}]",
        "[{\"Config\":\"" ONES_HEX ".json\"},{}]",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(strv) configs = { 0 };
        AUTO_PTR(err) e = oci_saved_configs(texts[i], strlen(texts[i]), &configs);
        if (err_get_code(e) != RW4201_IMAGE_STREAM)
            fail_msg("%s: RW%d", texts[i], (int)err_get_code(e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_ids),
        cmocka_unit_test(test_config_text),
        cmocka_unit_test(test_parse_reads_all),
        cmocka_unit_test(test_parse_knows_an_index),
        cmocka_unit_test(test_parse_refuses_what_could_be_either),
        cmocka_unit_test(test_parse_refuses_what_is_neither),
        cmocka_unit_test(test_parse_refuses_a_broken_layer),
        cmocka_unit_test(test_a_size_left_out_is_0),
        cmocka_unit_test(test_an_image_of_no_layers),
        cmocka_unit_test(test_text_and_back),
        cmocka_unit_test(test_config_diff_ids),
        cmocka_unit_test(test_config_diff_ids_refuses),
        cmocka_unit_test(test_saved_configs),
        cmocka_unit_test(test_saved_configs_refuses),
        cmocka_unit_test(test_index_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
