/* How a kubeconfig's user logs in. */
#include <ctype.h>
#include <string.h>

#include "kube/config_source.h"
#include "kube/plugin.h"

/* ---------------------------------------------------------------- impersonation */

/* A header's name takes these bytes alone (RFC 9110, token), and "%" begins one that is escaped. */
static bool is_name_byte(unsigned char c)
{
    return isalnum(c) || (c && strchr("!#$&'*+-.^_`|~", c));
}

static void add_extra(const char *key, const json_t *values, struct strv *headers)
{
    AUTO(strv) name = { 0 };
    size_t i;
    const json_t *value;
    for (const char *at = key; *at; at++)
        strv_addf(&name, is_name_byte((unsigned char)*at) ? "%c" : "%%%02X", (unsigned char)*at);
    AUTO_STR escaped = strv_join(&name, "");
    DOC_EACH_ITEM (values, i, value) {
        strv_addf(headers, "Impersonate-Extra-%s", escaped);
        strv_add(headers, doc_text(value, "") ? doc_text(value, "") : "");
    }
}

static struct err *read_impersonation(const struct kube_entry *e, struct kube_config *out)
{
    const char *user, *uid, *key;
    size_t i;
    json_t *value;
    TRY(kube_entry_text(e, "act-as", &user));
    TRY(kube_entry_text(e, "act-as-uid", &uid));
    bool more = uid || kube_entry_is_set(e, "act-as-groups") || kube_entry_is_set(e, "act-as-user-extra");
    if (!user)
        return more ? kube_entry_wrong(e, uid ? "act-as-uid" : "act-as-groups", "impersonates groups of nobody") : NULL;
    strv_add(&out->impersonate, "Impersonate-User");
    strv_add(&out->impersonate, user);
    if (uid) {
        strv_add(&out->impersonate, "Impersonate-Uid");
        strv_add(&out->impersonate, uid);
    }
    DOC_EACH_ITEM (kube_entry_get(e, "act-as-groups"), i, value) {
        strv_add(&out->impersonate, "Impersonate-Group");
        strv_add(&out->impersonate, doc_text(value, "") ? doc_text(value, "") : "");
    }
    DOC_EACH_KEY (kube_entry_get(e, "act-as-user-extra"), key, value)
        add_extra(key, value, &out->impersonate);
    return NULL;
}

/* ---------------------------------------------------------------- tokens, passwords, certificates */

static struct err *read_token(const struct kube_entry *e, struct kube_config *out)
{
    const char *path;
    TRY(kube_entry_text(e, "tokenFile", &path));
    if (!path)
        return kube_entry_copy(e, "token", &out->token);
    TRY(kube_entry_file(e, "tokenFile", path, &out->token));
    out->token[strcspn(out->token, " \t\r\n")] = '\0';
    out->token_file = kube_entry_path(e, path);
    return NULL;
}

static struct err *read_password(const struct kube_entry *e, struct kube_config *out)
{
    TRY(kube_entry_copy(e, "username", &out->username));
    TRY(kube_entry_copy(e, "password", &out->password));
    if (out->username && out->token)
        return kube_entry_wrong(e, "username", "gives its user a token and a user name, and only one can be used");
    if (out->username && !out->password)
        out->password = xstrdup("");
    return NULL;
}

/* ---------------------------------------------------------------- plugins */

static struct err *read_interaction(const struct kube_entry *e, const json_t *exec, bool required,
                                    enum kube_interaction *out)
{
    static const char *const words[] = { "IfAvailable", "Never", "Always" };
    const char *mode = doc_text(exec, "/interactiveMode");
    *out = KUBE_IF_AVAILABLE;
    if (!mode)
        return required ? kube_entry_wrong(e, "exec", "has a credential plugin without interactiveMode") : NULL;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i], mode) == 0) {
            *out = (enum kube_interaction)i;
            return NULL;
        }
    return kube_entry_wrong(e, "exec", "has a credential plugin with an unknown interactiveMode");
}

static void read_words(const json_t *exec, struct kube_plugin *out)
{
    size_t i;
    const json_t *each;
    DOC_EACH_ITEM (doc_get(exec, "/args"), i, each)
        strv_add(&out->args, doc_text(each, "") ? doc_text(each, "") : "");
    DOC_EACH_ITEM (doc_get(exec, "/env"), i, each)
        if (doc_text(each, "/name"))
            strv_addf(&out->env, "%s=%s", doc_text(each, "/name"),
                      doc_text(each, "/value") ? doc_text(each, "/value") : "");
}

static struct err *read_plugin(const struct kube_entry *e, struct kube_config *out)
{
    const json_t *exec = kube_entry_get(e, "exec");
    const char *version = doc_text(exec, "/apiVersion"), *command = doc_text(exec, "/command");
    bool is_v1 = str_eq(version, "client.authentication.k8s.io/v1");
    if (!is_v1 && !str_eq(version, "client.authentication.k8s.io/v1beta1"))
        return kube_entry_wrong(e, "exec", "has a credential plugin of an unknown apiVersion");
    if (!command || !*command)
        return kube_entry_wrong(e, "exec", "has a credential plugin without command");
    struct kube_plugin *plugin = out->plugin = xcalloc(1, sizeof *plugin);
    TRY(read_interaction(e, exec, is_v1, &plugin->interaction));
    plugin->api_version = xstrdup(version);
    plugin->command = strchr(command, '/') ? kube_entry_path(e, command) : xstrdup(command);
    plugin->is_relative = strchr(command, '/') && command[0] != '/';
    plugin->install_hint = xstrdup(doc_text(exec, "/installHint"));
    plugin->tells_cluster = doc_bool(exec, "/provideClusterInfo", false);
    read_words(exec, plugin);
    return NULL;
}

struct err *kube_config_read_user(const struct kube_entry *e, struct kube_config *out)
{
    TRY(kube_entry_material(e, "client-certificate", &out->client_cert_pem));
    TRY(kube_entry_material(e, "client-key", &out->client_key_pem));
    if (!out->client_cert_pem != !out->client_key_pem)
        return kube_entry_bad(
            err_new(RW5101_KUBECONFIG, "its user has a client certificate without key, or a key without"), e);
    TRY(read_token(e, out));
    TRY(read_password(e, out));
    TRY(read_impersonation(e, out));
    if (kube_entry_is_set(e, "auth-provider"))
        return kube_entry_wrong(e, "auth-provider", "uses an auth-provider, which Kubernetes has replaced by exec");
    /* client-go asks a plugin only where the file itself holds no credentials. */
    if (kube_entry_is_set(e, "exec") && !out->token && !out->client_cert_pem && !out->username)
        return read_plugin(e, out);
    return NULL;
}
