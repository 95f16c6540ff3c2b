#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "kube/config.h"

/* "PEM CA", "PEM CERT", "PEM KEY" in base64. */
#define CA "UEVNIENB"
#define CERT "UEVNIENFUlQ="
#define KEY "UEVNIEtFWQ=="

static const char GOOD[] = "apiVersion: v1\n"
                           "kind: Config\n"
                           "current-context: kind-a\n"
                           "clusters:\n"
                           "- name: kind-a\n"
                           "  cluster: {server: 'https://127.0.0.1:4001', certificate-authority-data: " CA "}\n"
                           "contexts:\n"
                           "- name: kind-a\n"
                           "  context: {cluster: kind-a, user: kind-a}\n"
                           "users:\n"
                           "- name: kind-a\n"
                           "  user: {client-certificate-data: " CERT ", client-key-data: " KEY "}\n";

static struct err *parse(const char *text, struct kube_config *out)
{
    return kube_config_parse(text, strlen(text), "admin.conf", NULL, out);
}

/* One user (or cluster) entry within an otherwise good file. */
static struct err *parse_with(const char *cluster, const char *user, struct kube_config *out)
{
    AUTO_STR text = xasprintf("current-context: c\n"
                              "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                              "clusters: [{name: k, cluster: {%s}}]\n"
                              "users:\n"
                              "- name: u\n"
                              "  user: {%s}\n",
                              cluster, user);
    return parse(text, out);
}

static const char SERVER[] = "server: 'https://127.0.0.1:1'";

static void test_parse_reads_all(void **state)
{
    (void)state;
    AUTO(kube_config) c = { 0 };
    check_ok(kube_config_parse(GOOD, strlen(GOOD), "admin.conf", "https://127.0.0.1:5", &c));
    assert_string_equal(c.server, "https://127.0.0.1:5");
    assert_string_equal(c.context, "kind-a");
    assert_string_equal(c.ca_pem, "PEM CA");
    assert_string_equal(c.client_cert_pem, "PEM CERT");
    assert_string_equal(c.client_key_pem, "PEM KEY");
    assert_null(c.token);
    assert_false(c.insecure);
}

static void test_parse_options(void **state)
{
    (void)state;
    AUTO(kube_config) c = { 0 };
    check_ok(parse_with("server: 'https://a:1', tls-server-name: b, insecure-skip-tls-verify: true, proxy-url: ''",
                        "token: secret-token, exec: null, username: ''", &c));
    assert_string_equal(c.tls_server_name, "b");
    assert_true(c.insecure);
    assert_string_equal(c.token, "secret-token");
}

static void test_parse_names_what_is_unsupported(void **state)
{
    (void)state;
    static const char *const users[][2] = {
        { "auth-provider: {name: gcp}", "auth-provider" },
        { "exec: {command: get-token}", "unknown apiVersion" },
        { "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: get-token}", "unknown apiVersion" },
        { "exec: {apiVersion: client.authentication.k8s.io/v1, command: get-token}", "without interactiveMode" },
        { "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Maybe}",
          "interactiveMode" },
        { "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}", "without command" },
        { "token: t, username: u", "only one can be used" },
        { "token: t, act-as-groups: [system:masters]", "nobody" },
    };
    AUTO(kube_config) c = { 0 };
    for (size_t i = 0; i < COUNT_OF(users); i++)
        check_says(parse_with(SERVER, users[i][0], &c), RW5101_KUBECONFIG, users[i][1]);
    check_says(parse_with("server: 'https://127.0.0.1:1', proxy-url: 'https://p'", "token: t", &c), RW5101_KUBECONFIG,
               "a proxy");
    check_says(parse_with("server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true, "
                          "certificate-authority-data: " CA,
                          "token: t", &c),
               RW5101_KUBECONFIG, "forbids");
}

/* Errors tell the place and never a value. */
static void test_parse_errors_are_silent_about_values(void **state)
{
    (void)state;
    static const char *const users[] = {
        "client-key-data: '!hunter22', client-certificate-data: " CERT,
        "client-key-data: " KEY,
        "token: [hunter22]",
        "tokenFile: /nonexistent/hunter",
        "token: hunter22, token: hunter22",
        "token: \"hunter22",
        "username: u, password: [hunter22]",
        "username: u, password: hunter22, token: hunter22",
    };
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        AUTO(kube_config) c = { 0 };
        AUTO_PTR(err) e = parse_with(SERVER, users[i], &c);
        assert_non_null(e);
        assert_int_equal(err_get_code(e), RW5101_KUBECONFIG);
        assert_null(strstr(err_get_message(e), "hunter22"));
        assert_true(!err_get_cause(e) || !strstr(err_get_cause(e), "hunter22"));
    }
}

static void test_parse_missing_parts(void **state)
{
    (void)state;
    AUTO(kube_config) c = { 0 };
    check_says(parse("clusters: []\n", &c), RW5101_KUBECONFIG, "no current-context");
    check_says(parse("current-context: a\n", &c), RW5101_KUBECONFIG, "lacks its own current-context");
    check_says(parse("current-context: a\ncontexts: [{name: a, context: {cluster: gone}}]\n", &c), RW5101_KUBECONFIG,
               "names a cluster that is not there");
    check_says(parse_with("insecure-skip-tls-verify: true", "token: t", &c), RW5101_KUBECONFIG, "names no server");
}

/* Every beginning of a good file is read or refused; nothing else happens. */
static void test_parse_cut_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(GOOD); len++) {
        AUTO(kube_config) c = { 0 };
        AUTO_PTR(err) e = kube_config_parse(GOOD, len, "cut", NULL, &c);
        assert_true(!e || err_get_code(e) == RW5101_KUBECONFIG);
    }
}

static void test_load_merges_files(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    scratch_write(dir, "one",
                  "contexts: [{name: kind-a, context: {cluster: kind-a, user: kind-a}}]\n"
                  "users: [{name: kind-a, user: {tokenFile: token}}]\n");
    scratch_write(dir, "two", GOOD);
    scratch_write(dir, "token", "from-file\n");
    AUTO_STR env = xasprintf("%s/missing::%s/one:%s/two", dir, dir, dir);
    AUTO(kube_config) c = { 0 };
    bool found = false;
    check_ok(kube_config_load(env, NULL, "kind-a", &found, &c));
    assert_true(found);
    assert_string_equal(c.token, "from-file");               /* the first file's user, relative to that file */
    assert_string_equal(c.server, "https://127.0.0.1:4001"); /* the second file's cluster */
    assert_null(c.client_key_pem);
}

static void test_load_not_found(void **state)
{
    (void)state;
    AUTO_STR home = scratch_new();
    AUTO(kube_config) c = { 0 };
    bool found = true;
    check_ok(kube_config_load(NULL, home, "kind-a", &found, &c));
    assert_false(found);
    check_ok(kube_config_load("", NULL, "kind-a", &found, &c));
    assert_false(found);
    AUTO_STR folder = fs_join(home, ".kube");
    check_ok(fs_make_dirs(folder, 0700));
    scratch_write(folder, "config", GOOD);
    check_ok(kube_config_load(NULL, home, "kind-b", &found, &c));
    assert_false(found);
    check_ok(kube_config_load(NULL, home, "kind-a", &found, &c));
    assert_true(found);
}

static void expect_match(const char *server, const char *host_ip, int port, bool want)
{
    AUTO(kube_config) c = { .server = xstrdup(server) };
    if (kube_config_matches(&c, host_ip, port) != want)
        fail_msg("%s against %s:%d", server, host_ip ? host_ip : "(none)", port);
}

static void test_matches(void **state)
{
    (void)state;
    expect_match("https://127.0.0.1:6443", "127.0.0.1", 6443, true);
    expect_match("https://localhost:6443/", "0.0.0.0", 6443, true);
    expect_match("https://[::1]:6443", "::", 6443, true);
    expect_match("https://0.0.0.0:6443", "127.0.0.1", 6443, true);
    expect_match("https://[::]:6443", "localhost", 6443, true);
    expect_match("https://127.0.0.1:6443", "192.168.1.5", 6443, false);
    expect_match("https://[::1]:6443", "127.0.0.1", 6443, false);
    expect_match("https://192.168.1.5:6443", "192.168.1.5", 6443, true);
    expect_match("https://127.0.0.1", "127.0.0.1", 443, true);
    expect_match("https://127.0.0.1:6444", "127.0.0.1", 6443, false);
    expect_match("https://192.168.1.5:6443", "127.0.0.1", 6443, false);
    expect_match("https://127.0.0.1.example.org:6443", "127.0.0.1", 6443, false);
    expect_match("https://127.0.0.1:6443@example.org:6443", "127.0.0.1", 6443, false);
    expect_match("https://example.org:6443", "127.0.0.1", 6443, false);
    expect_match("http://127.0.0.1:6443", "127.0.0.1", 6443, false);
    expect_match("https://127.0.0.1:06443x", "127.0.0.1", 6443, false);
    expect_match("https://", "127.0.0.1", 6443, false);
    expect_match(NULL, "127.0.0.1", 6443, false);
}

static void test_wrong_cluster(void **state)
{
    (void)state;
    AUTO(kube_config) c = { .server = xstrdup("https://prod:443"), .context = xstrdup("kind-a") };
    check_says(kube_config_wrong_cluster(&c, "a", "127.0.0.1", 4001), RW5102_WRONG_CLUSTER, "https://127.0.0.1:4001");
    check_says(kube_config_wrong_cluster(&c, "a", "::1", 4001), RW5102_WRONG_CLUSTER, "https://[::1]:4001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_reads_all),
        cmocka_unit_test(test_parse_options),
        cmocka_unit_test(test_parse_names_what_is_unsupported),
        cmocka_unit_test(test_parse_errors_are_silent_about_values),
        cmocka_unit_test(test_parse_missing_parts),
        cmocka_unit_test(test_parse_cut_anywhere),
        cmocka_unit_test(test_load_merges_files),
        cmocka_unit_test(test_load_not_found),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_wrong_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
