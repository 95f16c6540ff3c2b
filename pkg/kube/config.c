#include "kube/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kube/config_source.h"
#include "kube/plugin.h"

static void wipe(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

void kube_config_release(struct kube_config *c)
{
    free(c->source);
    free(c->context);
    free(c->namespace);
    free(c->server);
    free(c->tls_server_name);
    free(c->ca_pem);
    free(c->proxy_url);
    free(c->client_cert_pem);
    wipe(&c->client_key_pem);
    wipe(&c->token);
    free(c->token_file);
    free(c->username);
    wipe(&c->password);
    strv_release(&c->impersonate);
    kube_plugin_free(c->plugin);
    doc_unref(c->plugin_config);
    *c = (struct kube_config){ 0 };
}

void kube_config_copy(const struct kube_config *from, struct kube_config *to)
{
    *to = (struct kube_config){
        .source = xstrdup(from->source),
        .context = xstrdup(from->context),
        .namespace = xstrdup(from->namespace),
        .server = xstrdup(from->server),
        .tls_server_name = xstrdup(from->tls_server_name),
        .insecure = from->insecure,
        .ca_pem = xstrdup(from->ca_pem),
        .proxy_url = xstrdup(from->proxy_url),
        .client_cert_pem = xstrdup(from->client_cert_pem),
        .client_key_pem = xstrdup(from->client_key_pem),
        .token = xstrdup(from->token),
        .token_file = xstrdup(from->token_file),
        .username = xstrdup(from->username),
        .password = xstrdup(from->password),
        .plugin = kube_plugin_dup(from->plugin),
        .plugin_config = doc_copy(from->plugin_config),
        .expires_s = from->expires_s,
    };
    for (size_t i = 0; i < from->impersonate.count; i++)
        strv_add(&to->impersonate, from->impersonate.items[i]);
}

/* An https proxy would be verified by the system's authorities, which nothing here trusts. */
static struct err *read_proxy(const struct kube_entry *e, struct kube_config *out)
{
    TRY(kube_entry_copy(e, "proxy-url", &out->proxy_url));
    if (!out->proxy_url || str_starts(out->proxy_url, "http://") || str_starts(out->proxy_url, "socks5://"))
        return NULL;
    struct err *error = kube_entry_wrong(e, "proxy-url", "names a proxy that rwml can't use");
    return err_cause(error, "it is neither http:// nor socks5://");
}

/* What a credential plugin may ask to be told about the cluster, see plugin.h. */
static void read_plugin_config(const struct kube_entry *e, struct kube_config *out)
{
    const json_t *extension = doc_find(kube_entry_get(e, "extensions"), "/name", "client.authentication.k8s.io/exec");
    out->plugin_config = doc_copy(doc_get(extension, "/extension"));
}

static struct err *read_cluster(const struct kube_entry *e, struct kube_config *out)
{
    TRY(kube_entry_copy(e, "server", &out->server));
    if (!out->server)
        return kube_entry_bad(err_new(RW5101_KUBECONFIG, "its cluster names no server"), e);
    TRY(kube_entry_copy(e, "tls-server-name", &out->tls_server_name));
    TRY(kube_entry_material(e, "certificate-authority", &out->ca_pem));
    read_plugin_config(e, out);
    TRY(kube_entry_bool(e, "insecure-skip-tls-verify", &out->insecure));
    if (out->insecure && out->ca_pem)
        return kube_entry_wrong(e, "insecure-skip-tls-verify", "names a certificate authority and forbids to use it");
    return read_proxy(e, out);
}

static struct err *read_context(const struct kube_sources *s, const struct kube_entry *context, struct kube_config *out)
{
    const char *cluster_name, *user_name;
    TRY(kube_entry_text(context, "cluster", &cluster_name));
    TRY(kube_entry_text(context, "user", &user_name));
    TRY(kube_entry_copy(context, "namespace", &out->namespace));
    AUTO(kube_entry) cluster = kube_entry_find(s, "clusters", "cluster", cluster_name ? cluster_name : "");
    if (!cluster.source)
        return kube_entry_bad(err_new(RW5101_KUBECONFIG, "context %s names a cluster that is not there", out->context),
                              context);
    TRY(read_cluster(&cluster, out));
    if (!user_name)
        return NULL;
    AUTO(kube_entry) user = kube_entry_find(s, "users", "user", user_name);
    if (!user.source)
        return kube_entry_bad(err_new(RW5101_KUBECONFIG, "context %s names a user that is not there", out->context),
                              context);
    return kube_config_read_user(&user, out);
}

static struct err *pick(const struct kube_sources *s, const char *name, bool *found, struct kube_config *out)
{
    AUTO(kube_entry) context = kube_entry_find(s, "contexts", "context", name);
    *found = context.source != NULL;
    if (!*found)
        return NULL;
    AUTO(kube_config) config = { .source = xstrdup(context.source->doc.file), .context = xstrdup(name) };
    TRY(read_context(s, &context, &config));
    *out = config;
    config = (struct kube_config){ 0 };
    return NULL;
}

struct err *kube_config_load(const char *kubeconfig_env, const char *home, const char *context, bool *found,
                             struct kube_config *out)
{
    AUTO(kube_sources) sources = { 0 };
    TRY(kube_sources_load(&sources, kubeconfig_env, home));
    return pick(&sources, context, found, out);
}

struct err *kube_config_contexts(const char *kubeconfig_env, const char *home, struct strv *names)
{
    AUTO(kube_sources) sources = { 0 };
    TRY(kube_sources_load(&sources, kubeconfig_env, home));
    for (size_t i = 0; i < sources.count; i++) {
        size_t n;
        json_t *item;
        DOC_EACH_ITEM (doc_key(sources.items[i].doc.root, "contexts"), n, item)
            if (doc_text(item, "/name") && !strv_has(names, doc_text(item, "/name")))
                strv_add(names, doc_text(item, "/name"));
    }
    return NULL;
}

struct err *kube_config_parse(const char *text, size_t len, const char *source, const char *server,
                              struct kube_config *out)
{
    AUTO(kube_sources) sources = { 0 };
    TRY(kube_sources_add(&sources, text, len, source, NULL));
    const char *context = doc_text(sources.items[0].doc.root, "/current-context");
    if (!context || !*context)
        return err_new(RW5101_KUBECONFIG, "the kubeconfig %s has no current-context", source);
    bool found;
    TRY(pick(&sources, context, &found, out));
    if (!found)
        return err_new(RW5101_KUBECONFIG, "the kubeconfig %s lacks its own current-context", source);
    if (server)
        str_set(&out->server, server);
    return NULL;
}

/* Splits "https://host:port[/path]"; false when it is anything else. A missing port is 443. */
static bool split_server(const char *server, char **host, int64_t *port)
{
    static const char scheme[] = "https://";
    if (!server || !str_starts(server, scheme))
        return false;
    const char *from = server + strlen(scheme);
    AUTO_STR authority = xstrndup(from, strcspn(from, "/"));
    bool bracketed = authority[0] == '[';
    const char *end = bracketed ? strchr(authority, ']') : authority + strcspn(authority, ":");
    if (!end || strchr(authority, '@'))
        return false;
    const char *rest = bracketed ? end + 1 : end;
    *port = 443;
    if (*rest && (*rest != ':' || !num_i64(rest + 1, 1, 65535, port)))
        return false;
    *host = xstrndup(authority + bracketed, (size_t)(end - authority) - bracketed);
    return true;
}

/* Only what is written as an address of this machine; a name like 127.0.0.1.example.org is not. */
static bool is_loopback(const char *host)
{
    if (strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
        return true;
    return str_starts(host, "127.") && strspn(host, "0123456789.") == strlen(host);
}

/* What kind writes for an apiServerAddress of "any": connecting to it reaches this machine. */
static bool is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static bool is_same_family(const char *a, const char *b)
{
    bool named = strcmp(a, "localhost") == 0 || strcmp(b, "localhost") == 0;
    return named || (strchr(a, ':') != NULL) == (strchr(b, ':') != NULL);
}

static bool is_here(const char *host)
{
    return is_loopback(host) || is_any(host);
}

bool kube_config_matches(const struct kube_config *c, const char *host_ip, int port)
{
    AUTO_STR host = NULL;
    int64_t config_port;
    if (!split_server(c->server, &host, &config_port) || config_port != port)
        return false;
    return strcmp(host, host_ip) == 0 || (is_here(host) && is_here(host_ip) && is_same_family(host, host_ip));
}

char *kube_config_server(const char *host, int port)
{
    return xasprintf(strchr(host, ':') ? "https://[%s]:%d" : "https://%s:%d", host, port);
}

struct err *kube_config_wrong_cluster(const struct kube_config *c, const char *cluster, const char *host_ip, int port)
{
    AUTO_STR published = kube_config_server(host_ip, port);
    struct err *e = err_new(RW5102_WRONG_CLUSTER, "context %s does not lead to the Kind cluster %s",
                            c->context ? c->context : "(none)", cluster);
    e = err_cause(e, "it names the server %s, but the engine publishes that cluster's API at %s",
                  c->server ? c->server : "(none)", published);
    e = err_state(e, "nothing was sent to either cluster");
    e = err_at(e, "%s", c->source ? c->source : "kubeconfig");
    return err_next(e, "kind export kubeconfig --name %s", cluster);
}
