#include "kube/plugin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "doc/doc.h"

enum {
    QUIET_MS = 60 * 1000,
    ASKING_MS = 5 * 60 * 1000, /* a login in a browser */
    EARLY_S = 10               /* a credential is renewed this long before it expires */
};

static void copy_words(const struct strv *from, struct strv *to)
{
    for (size_t i = 0; i < from->count; i++)
        strv_add(to, from->items[i]);
}

struct kube_plugin *kube_plugin_dup(const struct kube_plugin *p)
{
    if (!p)
        return NULL;
    struct kube_plugin *copy = xcalloc(1, sizeof *copy);
    *copy = (struct kube_plugin){
        .api_version = xstrdup(p->api_version),
        .command = xstrdup(p->command),
        .is_relative = p->is_relative,
        .install_hint = xstrdup(p->install_hint),
        .tells_cluster = p->tells_cluster,
        .interaction = p->interaction,
    };
    copy_words(&p->args, &copy->args);
    copy_words(&p->env, &copy->env);
    return copy;
}

void kube_plugin_free(struct kube_plugin *p)
{
    if (!p)
        return;
    free(p->api_version);
    free(p->command);
    free(p->install_hint);
    strv_release(&p->args);
    strv_release(&p->env);
    free(p);
}

/* ---------------------------------------------------------------- what it is told */

static json_t *cluster_info(const struct kube_config *c)
{
    json_t *cluster = doc_object();
    doc_set_text(cluster, "/server", c->server);
    doc_set_text(cluster, "/tls-server-name", c->tls_server_name);
    if (c->insecure)
        doc_set(cluster, "/insecure-skip-tls-verify", doc_boolean(true));
    if (c->ca_pem) {
        AUTO_STR encoded = base64_encode(c->ca_pem, strlen(c->ca_pem));
        doc_set_text(cluster, "/certificate-authority-data", encoded);
    }
    doc_set_text(cluster, "/proxy-url", c->proxy_url);
    if (c->plugin_config)
        doc_set(cluster, "/config", doc_copy(c->plugin_config));
    return cluster;
}

char *kube_plugin_info(const struct kube_config *c, bool interactive)
{
    DOC_AUTO info = doc_object();
    doc_set_text(info, "/kind", "ExecCredential");
    doc_set_text(info, "/apiVersion", c->plugin->api_version);
    doc_set(info, "/spec/interactive", doc_boolean(interactive));
    if (c->plugin->tells_cluster)
        doc_set(info, "/spec/cluster", cluster_info(c));
    return doc_dump(info);
}

static bool is_named_in(const struct strv *list, const char *assignment)
{
    size_t len = strcspn(assignment, "=") + 1;
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], assignment, len) == 0)
            return true;
    return false;
}

/* Ours, without what the plugin is given on purpose. */
static void make_environment(const struct kube_config *c, bool interactive, struct strv *out)
{
    AUTO_STR info = kube_plugin_info(c, interactive);
    copy_words(&c->plugin->env, out);
    strv_addf(out, "KUBERNETES_EXEC_INFO=%s", info);
    for (char *const *at = environ; *at; at++)
        if (!is_named_in(out, *at))
            strv_add(out, *at);
}

/* ---------------------------------------------------------------- what it prints */

static struct err *bad_answer(const char *why)
{
    return err_new(RW5106_CREDENTIAL_PLUGIN, "%s", why);
}

static struct err *check_answer(const struct kube_config *c, const json_t *answer)
{
    bool has_key = doc_text(answer, "/status/clientKeyData") != NULL;
    if (!str_eq(doc_text(answer, "/kind"), "ExecCredential"))
        return bad_answer("it prints no ExecCredential");
    if (!str_eq(doc_text(answer, "/apiVersion"), c->plugin->api_version))
        return err_cause(bad_answer("its answer has another apiVersion than the kubeconfig says"), "wanted: %s",
                         c->plugin->api_version);
    if (!doc_text(answer, "/status/clientCertificateData") != !has_key)
        return bad_answer("it prints a certificate without key, or a key without");
    if (!doc_text(answer, "/status/token") && !has_key)
        return bad_answer("it prints neither a token nor a certificate");
    return NULL;
}

static void replace_secret(char **slot, const char *text)
{
    if (*slot)
        explicit_bzero(*slot, strlen(*slot));
    str_set(slot, text);
}

struct err *kube_plugin_read(const char *text, size_t len, struct kube_config *c)
{
    DOC_AUTO answer = NULL;
    struct err *e = doc_parse_json(text, len, "its answer", &answer);
    if (e)
        return err_because(RW5106_CREDENTIAL_PLUGIN, e, "it prints no JSON");
    TRY(check_answer(c, answer));
    const char *expires = doc_text(answer, "/status/expirationTimestamp");
    int64_t expires_s = 0;
    if (expires && !clock_parse_rfc3339(expires, &expires_s))
        return bad_answer("its expirationTimestamp is no time");
    c->expires_s = expires_s;
    replace_secret(&c->token, doc_text(answer, "/status/token"));
    str_set(&c->client_cert_pem, doc_text(answer, "/status/clientCertificateData"));
    replace_secret(&c->client_key_pem, doc_text(answer, "/status/clientKeyData"));
    return NULL;
}

/* ---------------------------------------------------------------- running it */

static struct err *named(struct err *e, const struct kube_config *c)
{
    if (!e || err_get_code(e) == RW9009_INTERRUPTED)
        return e;
    e = err_because(RW5106_CREDENTIAL_PLUGIN, e, "the credential plugin %s gives no credentials", c->plugin->command);
    return err_at(e, "%s", c->source ? c->source : "kubeconfig");
}

static struct err *not_there(const struct kube_config *c)
{
    struct err *e = err_new(RW5106_CREDENTIAL_PLUGIN, "there is no such program");
    return c->plugin->install_hint ? err_detail(e, c->plugin->install_hint, strlen(c->plugin->install_hint)) : e;
}

static struct err *start(const struct kube_config *c, const char *program, bool interactive,
                         const struct cancel *cancel, struct proc_result *result)
{
    AUTO(strv) argv = { 0 };
    AUTO(strv) env = { 0 };
    strv_add(&argv, program);
    copy_words(&c->plugin->args, &argv);
    make_environment(c, interactive, &env);
    int64_t deadline_ms = clock_after(interactive ? ASKING_MS : QUIET_MS);
    const char *const *words = (const char *const *)argv.items;
    return interactive ? proc_talk(words, env.items, deadline_ms, cancel, result)
                       : proc_run(words, env.items, deadline_ms, cancel, result);
}

static struct err *run(struct kube_config *c, const struct cancel *cancel)
{
    __attribute__((cleanup(proc_result_release))) struct proc_result result = { 0 };
    bool has_terminal = proc_has_terminal();
    bool interactive = has_terminal && c->plugin->interaction != KUBE_NEVER;
    AUTO_STR program = proc_find(c->plugin->command);
    if (!program)
        return not_there(c);
    if (c->plugin->interaction == KUBE_ALWAYS && !has_terminal)
        return bad_answer("it wants to ask something, and stdin is no terminal");
    TRY(start(c, program, interactive, cancel, &result));
    if (result.exit_code != 0) {
        struct err *e = err_new(RW5106_CREDENTIAL_PLUGIN, "it ended with exit code %d", result.exit_code);
        return err_detail(e, buf_text(&result.err), result.err.len);
    }
    struct err *e = kube_plugin_read(buf_text(&result.out), result.out.len, c);
    if (result.out.bytes)
        explicit_bzero(result.out.bytes, result.out.len);
    return e;
}

static bool has_credentials(const struct kube_config *c)
{
    bool expired = c->expires_s && clock_wall_s() + EARLY_S >= c->expires_s;
    return (c->token || c->client_cert_pem) && !expired;
}

struct err *kube_config_log_in(struct kube_config *c, const struct cancel *cancel, bool *renewed)
{
    *renewed = c->plugin && !has_credentials(c);
    return *renewed ? named(run(c, cancel), c) : NULL;
}

static struct err *read_token_file(struct kube_config *c)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *e = fs_read(AT_FDCWD, c->token_file, LIMIT_CONFIG, &text);
    if (e)
        return err_because(RW5101_KUBECONFIG, e, "cannot read the token again");
    AUTO_STR token = xstrndup(buf_text(&text), strcspn(buf_text(&text), " \t\r\n"));
    replace_secret(&c->token, token);
    explicit_bzero(token, strlen(token));
    return NULL;
}

struct err *kube_config_log_in_again(struct kube_config *c, const struct cancel *cancel, bool *changed)
{
    AUTO_STR token = xstrdup(c->token);
    AUTO_STR certificate = xstrdup(c->client_cert_pem);
    if (c->plugin)
        TRY(named(run(c, cancel), c));
    else if (c->token_file)
        TRY(read_token_file(c));
    *changed = !str_eq(token, c->token) || !str_eq(certificate, c->client_cert_pem);
    if (token)
        explicit_bzero(token, strlen(token));
    return NULL;
}

const char *kube_config_plugin_path(const struct kube_config *c)
{
    return c->plugin && c->plugin->is_relative ? c->plugin->command : NULL;
}
