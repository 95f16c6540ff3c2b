#include "fake/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "kube/plugin.h"

#define V1 "client.authentication.k8s.io/v1"

static struct kube_plugin *plugin_new(const char *command)
{
    struct kube_plugin *p = xcalloc(1, sizeof *p);
    p->api_version = xstrdup(V1);
    p->command = xstrdup(command);
    p->interaction = KUBE_NEVER;
    return p;
}

static struct err *read_answer(const char *text)
{
    AUTO(kube_config) c = { .plugin = plugin_new("x") };
    return kube_plugin_read(text, strlen(text), &c);
}

#define ANSWER(status) "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{" status "}}"

static void test_answers(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "", "no JSON" },
        { "hunter22", "no JSON" },
        { "{}", "no ExecCredential" },
        { "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":"
          "\"hunter22\"}}",
          "another apiVersion" },
        { ANSWER(""), "neither a token nor a certificate" },
        { ANSWER("\"token\":7"), "neither a token nor a certificate" },
        { ANSWER("\"clientKeyData\":\"hunter22\""), "a key without" },
        { ANSWER("\"clientCertificateData\":\"hunter22\""), "certificate without key" },
        { ANSWER("\"token\":\"hunter22\",\"expirationTimestamp\":\"hunter22\""), "no time" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        check_says(read_answer(bad[i][0]), RW5106_CREDENTIAL_PLUGIN, bad[i][1]);
        AUTO_PTR(err) e = read_answer(bad[i][0]);
        AUTO_STR words = err_words(e);
        assert_null(strstr(words, "hunter22"));
    }
    check_ok(read_answer(ANSWER("\"token\":\"t\",\"expirationTimestamp\":\"2030-01-01T01:00:00+01:00\"")));
    check_ok(read_answer(ANSWER("\"clientKeyData\":\"k\",\"clientCertificateData\":\"c\"")));
}

/* A plugin that counts its runs in a file beside it, and prints the count as token. */
struct counting {
    char *dir;
    char *program;
    struct kube_config config;
};

static void counting_release(struct counting *c)
{
    free(c->dir);
    free(c->program);
    kube_config_release(&c->config);
}

static void counting_init(struct counting *c, const char *expires)
{
    *c = (struct counting){ .dir = scratch_new() };
    c->program = xasprintf("%s/plugin", c->dir);
    AUTO_STR script = xasprintf("#!/bin/sh\n"
                                "echo \"$1 $COLOUR $KUBERNETES_EXEC_INFO\" >>%s/runs\n"
                                "n=$(wc -l <%s/runs)\n"
                                "echo 'not for you' >&2\n"
                                "cat <<END\n" ANSWER("\"token\":\"token$n\",\"expirationTimestamp\":\"%s\"") "\nEND\n",
                                c->dir, c->dir, expires);
    scratch_write(c->dir, "plugin", script);
    assert_int_equal(chmod(c->program, 0700), 0);
    c->config.plugin = plugin_new(c->program);
    strv_add(&c->config.plugin->args, "one argument; with 'all' $(that)");
    strv_add(&c->config.plugin->env, "COLOUR=red");
}

static void test_log_in(void **state)
{
    (void)state;
    AUTO(counting) c;
    bool renewed = false, changed = false;
    counting_init(&c, "2999-01-01T00:00:00Z");
    check_ok(kube_config_log_in(&c.config, NULL, &renewed));
    assert_true(renewed);
    assert_string_equal(c.config.token, "token1");
    check_ok(kube_config_log_in(&c.config, NULL, &renewed));
    assert_false(renewed);
    check_ok(kube_config_log_in_again(&c.config, NULL, &changed));
    assert_true(changed);
    assert_string_equal(c.config.token, "token2");
    AUTO(buf) runs = BUF_INIT(LIMIT_CONFIG);
    AUTO_STR path = xasprintf("%s/runs", c.dir);
    check_ok(fs_read(AT_FDCWD, path, LIMIT_CONFIG, &runs));
    assert_non_null(strstr(buf_text(&runs), "one argument; with 'all' $(that) red {\"kind\":\"ExecCredential\""));
}

/* What has expired, or nearly so, is not used. */
static void test_log_in_after_expiry(void **state)
{
    (void)state;
    AUTO(counting) c;
    bool renewed = false;
    counting_init(&c, "2001-01-01T00:00:00Z");
    check_ok(kube_config_log_in(&c.config, NULL, &renewed));
    check_ok(kube_config_log_in(&c.config, NULL, &renewed));
    assert_true(renewed);
    assert_string_equal(c.config.token, "token2");
    c.config.expires_s = clock_wall_s() + 60;
    check_ok(kube_config_log_in(&c.config, NULL, &renewed));
    assert_false(renewed);
    c.config.expires_s = clock_wall_s() + 5;
    check_ok(kube_config_log_in(&c.config, NULL, &renewed));
    assert_true(renewed);
}

static struct err *run_script(const char *script, const char *hint, enum kube_interaction interaction)
{
    AUTO_STR dir = scratch_new();
    AUTO_STR program = xasprintf("%s/plugin", dir);
    AUTO(kube_config) c = { .plugin = plugin_new(program) };
    bool renewed;
    c.plugin->install_hint = xstrdup(hint);
    c.plugin->interaction = interaction;
    if (script) {
        scratch_write(dir, "plugin", script);
        assert_int_equal(chmod(program, 0700), 0);
    }
    return kube_config_log_in(&c, NULL, &renewed);
}

static void test_log_in_fails(void **state)
{
    (void)state;
    AUTO_PTR(err) absent = run_script(NULL, "get it from the shelf", KUBE_NEVER);
    assert_int_equal(err_get_code(absent), RW5106_CREDENTIAL_PLUGIN);
    assert_string_equal(err_get_detail(absent), "get it from the shelf");
    AUTO_PTR(err)
    failed = run_script("#!/bin/sh\necho token-on-stdout\necho please log in >&2\nexit 3\n", NULL, KUBE_NEVER);
    assert_string_equal(err_get_cause(failed), "it ended with exit code 3");
    assert_string_equal(err_get_detail(failed), "please log in\n");
    check_says(run_script("#!/bin/sh\necho nonsense\n", NULL, KUBE_NEVER), RW5106_CREDENTIAL_PLUGIN, "no JSON");
    check_says(run_script("#!/bin/sh\n", NULL, KUBE_ALWAYS), RW5106_CREDENTIAL_PLUGIN, "stdin is no terminal");
}

/* A token that lies in a file is read again when it was refused. */
static void test_token_file_is_read_again(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(kube_config) c = { .token = xstrdup("old"), .token_file = xasprintf("%s/token", dir) };
    bool changed;
    scratch_write(dir, "token", "old\n");
    check_ok(kube_config_log_in_again(&c, NULL, &changed));
    assert_false(changed);
    scratch_write(dir, "token", "new\n");
    check_ok(kube_config_log_in_again(&c, NULL, &changed));
    assert_true(changed);
    assert_string_equal(c.token, "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_log_in),
        cmocka_unit_test(test_log_in_after_expiry),
        cmocka_unit_test(test_log_in_fails),
        cmocka_unit_test(test_token_file_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
