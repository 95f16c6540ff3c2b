/* The cases are files, tests/data/kube/kubeconfig/<case>.txtar. Commands:
 *   load CONTEXT [FILE:FILE…]    what the context says, as rwml understands it
 *   contexts FILE:FILE…          the names of all */
#include "fake/check.h"

#include <string.h>

#include "base/buf.h"
#include "fake/txtar.h"
#include "kube/plugin.h"

static const char *folder; /* of the running case */

/* "a:b" below the folder */
static char *files_of(const char *list)
{
    AUTO(strv) paths = { 0 };
    AUTO_STR copy = xstrdup(list);
    char *rest = copy, *one;
    while ((one = strsep(&rest, ":")))
        strv_addf(&paths, "%s/%s", folder, one);
    return strv_join(&paths, ":");
}

static void tell(struct buf *out, const char *name, const char *text)
{
    if (text)
        buf_addf(out, "%s %.*s\n", name, (int)strcspn(text, "\n"), text);
}

static const char *below(const char *path)
{
    size_t len = strlen(folder);
    const char *rest = path && strncmp(path, folder, len) == 0 ? path + len + 1 : path;
    return rest && strncmp(rest, "./", 2) == 0 ? rest + 2 : rest;
}

static void tell_plugin(const struct kube_config *c, struct buf *out)
{
    const struct kube_plugin *p = c->plugin;
    if (!p)
        return;
    AUTO_STR args = p->args.count ? strv_join(&p->args, " ") : NULL;
    AUTO_STR env = p->env.count ? strv_join(&p->env, " ") : NULL;
    AUTO_STR info = kube_plugin_info(c, false);
    tell(out, "plugin", below(p->command));
    if (kube_config_plugin_path(c))
        buf_adds(out, "relative\n");
    tell(out, "args", args);
    tell(out, "env", env);
    tell(out, "hint", p->install_hint);
    tell(out, "info", info);
}

static void tell_config(const struct kube_config *c, struct buf *out)
{
    tell(out, "server", c->server);
    tell(out, "namespace", c->namespace);
    tell(out, "tls-server-name", c->tls_server_name);
    tell(out, "proxy-url", c->proxy_url);
    if (c->insecure)
        buf_adds(out, "insecure\n");
    tell(out, "ca", c->ca_pem);
    tell(out, "client-certificate", c->client_cert_pem);
    tell(out, "client-key", c->client_key_pem);
    tell(out, "token", c->token);
    tell(out, "token-file", below(c->token_file));
    tell(out, "username", c->username);
    tell(out, "password", c->password);
    for (size_t i = 0; i + 1 < c->impersonate.count; i += 2)
        tell(out, c->impersonate.items[i], c->impersonate.items[i + 1]);
    tell_plugin(c, out);
}

static void load(const char *context, const char *files, struct buf *out)
{
    AUTO(kube_config) read = { 0 };
    AUTO(kube_config) c = { 0 };
    bool found = true;
    check_ok(kube_config_load(files, folder, context, &found, &read));
    kube_config_copy(&read, &c); /* which has to lose nothing */
    if (found)
        tell_config(&c, out);
    else
        buf_adds(out, "not found\n");
}

static void run(void *ctx, const char *command, struct buf *out)
{
    (void)ctx;
    AUTO_STR copy = xstrdup(command);
    char *rest = copy;
    const char *word = strsep(&rest, " "), *argument = strsep(&rest, " ");
    if (strcmp(word, "load") == 0) {
        AUTO_STR files = rest ? files_of(rest) : NULL;
        load(argument, files, out);
        return;
    }
    AUTO_STR files = files_of(argument);
    AUTO(strv) names = { 0 };
    check_ok(kube_config_contexts(files, folder, &names));
    for (size_t i = 0; i < names.count; i++)
        buf_addf(out, "%s\n", names.items[i]);
}

static void run_case(const char *path, const struct txtar *t)
{
    AUTO_STR dir = scratch_new();
    txtar_unpack(t, dir);
    folder = dir;
    txtar_replay(path, t, run, NULL);
}

static void test_kubeconfig_cases(void **state)
{
    (void)state;
    txtar_each("tests/data/kube/kubeconfig", 2, run_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_kubeconfig_cases) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
