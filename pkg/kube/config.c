#include "kube/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/strv.h"
#include "doc/doc.h"
#include "base/base64.h"

/* One kubeconfig file, parsed. Lists in it are searched by name. */
struct source {
    struct doc doc;
    char *dir; /* what relative paths in it are resolved against; NULL: the working directory */
};

struct sources {
    struct source *items;
    size_t count;
};

static void sources_release(struct sources *s)
{
    for (size_t i = 0; i < s->count; i++) {
        doc_release(&s->items[i].doc);
        free(s->items[i].dir);
    }
    free(s->items);
    *s = (struct sources){ 0 };
}

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
    free(c->server);
    free(c->tls_server_name);
    free(c->ca_pem);
    free(c->client_cert_pem);
    wipe(&c->client_key_pem);
    wipe(&c->token);
    *c = (struct kube_config){ 0 };
}

static struct err *add_source(struct sources *s, const char *text, size_t len, const char *name, const char *dir)
{
    struct doc doc = { 0 };
    struct err *e = doc_parse_yaml_one(text, len, name, &doc);
    if (e)
        return err_because(RW5101_KUBECONFIG, e, "cannot read the kubeconfig %s", name);
    s->items = xrealloc(s->items, s->count + 1, sizeof *s->items);
    s->items[s->count++] = (struct source){ .doc = doc, .dir = xstrdup(dir) };
    return NULL;
}

static struct err *add_file(struct sources *s, const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *e = fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text);
    if (e && err_errno(e) == ENOENT) {
        err_ignore(e, "files of $KUBECONFIG that are not there are passed over, as kubectl does");
        return NULL;
    }
    if (e)
        return err_because(RW5101_KUBECONFIG, e, "cannot read the kubeconfig %s", path);
    const char *slash = strrchr(path, '/');
    AUTO_STR dir = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
    e = add_source(s, buf_text(&text), text.len, path, dir);
    if (text.bytes)
        explicit_bzero(text.bytes, text.len);
    return e;
}

static struct err *add_files(struct sources *s, const char *env, const char *home)
{
    if (!env || !*env) {
        AUTO_STR path = home ? xasprintf("%s/.kube/config", home) : NULL;
        return path ? add_file(s, path) : NULL;
    }
    for (const char *from = env; *from;) {
        size_t len = strcspn(from, ":");
        AUTO_STR path = xstrndup(from, len);
        if (len > 0)
            TRY(add_file(s, path));
        from += len + (from[len] == ':');
    }
    return NULL;
}

/* An entry of one of the lists `contexts`, `clusters`, `users`: where it is and what it holds. */
struct entry {
    const struct source *source; /* NULL: there is none */
    char *pointer;               /* of its content: "/clusters/0/cluster" */
};

static void entry_release(struct entry *e)
{
    free(e->pointer);
}

/* The first file that has the name wins. */
static struct entry find_entry(const struct sources *s, const char *list, const char *content, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t n;
        json_t *item;
        DOC_EACH_ITEM (doc_key(s->items[i].doc.root, list), n, item) {
            if (str_eq(doc_text(item, "/name"), name))
                return (struct entry){ &s->items[i], xasprintf("/%s/%zu/%s", list, n, content) };
        }
    }
    return (struct entry){ 0 };
}

static struct err *bad(struct err *inner, const struct entry *e)
{
    if (!inner)
        return NULL;
    return err_because(RW5101_KUBECONFIG, inner, "cannot use the kubeconfig %s", e->source->doc.file);
}

static struct err *unsupported(const struct entry *e, const char *key, const char *what)
{
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    struct err *error = err_new(RW5101_KUBECONFIG, "the kubeconfig %s uses %s, which rwml does not support yet",
                                e->source->doc.file, what);
    return doc_err_where_key(error, &e->source->doc, pointer);
}

static json_t *content_of(const struct entry *e)
{
    return doc_get(e->source->doc.root, e->pointer);
}

/* kubectl and cloud tools write empty entries for what is not used. */
static bool is_set(const struct entry *e, const char *key)
{
    const json_t *value = doc_key(content_of(e), key);
    const char *text = doc_text(value, "");
    return !doc_is_null(value) && (!text || *text);
}

static struct err *text_of(const struct entry *e, const char *key, const char **out)
{
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    *out = NULL;
    TRY(bad(doc_want_text(&e->source->doc, pointer, out), e));
    if (*out && !**out)
        *out = NULL;
    return NULL;
}

static struct err *copy_text(const struct entry *e, const char *key, char **out)
{
    const char *text;
    TRY(text_of(e, key, &text));
    *out = xstrdup(text);
    return NULL;
}

static struct err *read_referred(const struct entry *e, const char *key, const char *path, char **out)
{
    AUTO_STR full = e->source->dir ? fs_join(e->source->dir, path) : xstrdup(path);
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *error = fs_read(AT_FDCWD, full, LIMIT_CONFIG, &text);
    if (!error && strlen(buf_text(&text)) != text.len)
        error = err_new(RW5101_KUBECONFIG, "%s holds a NUL byte", full);
    if (error) {
        error = err_because(RW5101_KUBECONFIG, error, "cannot read what the kubeconfig names as %s", key);
        return doc_err_where(error, &e->source->doc, pointer);
    }
    *out = buf_steal(&text, NULL);
    return NULL;
}

/* <key>-data holds the content in base64 and wins over <key>, which names a file. */
static struct err *read_material(const struct entry *e, const char *key, char **out)
{
    AUTO_STR data_key = xasprintf("%s-data", key);
    const char *encoded, *path;
    TRY(text_of(e, data_key, &encoded));
    TRY(text_of(e, key, &path));
    if (!encoded)
        return path ? read_referred(e, key, path, out) : NULL;
    AUTO(buf) decoded = BUF_INIT(LIMIT_CONFIG);
    if (!base64_decode(encoded, &decoded) || strlen(buf_text(&decoded)) != decoded.len) {
        AUTO_STR pointer = xasprintf("%s/%s", e->pointer, data_key);
        struct err *error = err_new(RW5101_KUBECONFIG, "%s in the kubeconfig is not a text in base64", data_key);
        return doc_err_where(error, &e->source->doc, pointer);
    }
    *out = buf_steal(&decoded, NULL);
    return NULL;
}

static struct err *read_cluster(const struct entry *e, struct kube_config *out)
{
    TRY(copy_text(e, "server", &out->server));
    if (!out->server)
        return bad(err_new(RW5101_KUBECONFIG, "its cluster names no server"), e);
    TRY(copy_text(e, "tls-server-name", &out->tls_server_name));
    TRY(read_material(e, "certificate-authority", &out->ca_pem));
    AUTO_STR insecure = xasprintf("%s/insecure-skip-tls-verify", e->pointer);
    TRY(bad(doc_want_bool(&e->source->doc, insecure, &out->insecure), e));
    if (is_set(e, "proxy-url"))
        return unsupported(e, "proxy-url", "a proxy");
    return NULL;
}

static struct err *check_supported(const struct entry *e, const struct kube_config *c)
{
    static const struct {
        const char *key;
        const char *what;
    } rows[] = {
        { "username", "a user name with password" },
        { "auth-provider", "an auth-provider plugin" },
        { "act-as", "impersonation (act-as)" },
        { "act-as-uid", "impersonation (act-as-uid)" },
        { "act-as-groups", "impersonation (act-as-groups)" },
        { "act-as-user-extra", "impersonation (act-as-user-extra)" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (is_set(e, rows[i].key))
            return unsupported(e, rows[i].key, rows[i].what);
    }
    /* client-go asks a plugin only where the file itself holds no credentials. */
    if (is_set(e, "exec") && !c->token && !c->client_cert_pem)
        return unsupported(e, "exec", "a credential plugin (exec)");
    return NULL;
}

static struct err *read_user(const struct entry *e, struct kube_config *out)
{
    TRY(read_material(e, "client-certificate", &out->client_cert_pem));
    TRY(read_material(e, "client-key", &out->client_key_pem));
    if (!out->client_cert_pem != !out->client_key_pem)
        return bad(err_new(RW5101_KUBECONFIG, "its user has a client certificate without key, or a key without"), e);
    const char *token_file;
    TRY(text_of(e, "tokenFile", &token_file));
    if (token_file) {
        TRY(read_referred(e, "tokenFile", token_file, &out->token));
        out->token[strcspn(out->token, " \t\r\n")] = '\0';
    } else {
        TRY(copy_text(e, "token", &out->token));
    }
    return check_supported(e, out);
}

static struct err *read_context(const struct sources *s, const struct entry *context, struct kube_config *out)
{
    const char *cluster_name, *user_name;
    TRY(text_of(context, "cluster", &cluster_name));
    TRY(text_of(context, "user", &user_name));
    AUTO(entry) cluster = find_entry(s, "clusters", "cluster", cluster_name ? cluster_name : "");
    if (!cluster.source)
        return bad(err_new(RW5101_KUBECONFIG, "context %s names a cluster that is not there", out->context), context);
    TRY(read_cluster(&cluster, out));
    if (!user_name)
        return NULL;
    AUTO(entry) user = find_entry(s, "users", "user", user_name);
    if (!user.source)
        return bad(err_new(RW5101_KUBECONFIG, "context %s names a user that is not there", out->context), context);
    return read_user(&user, out);
}

static struct err *pick(const struct sources *s, const char *name, bool *found, struct kube_config *out)
{
    AUTO(entry) context = find_entry(s, "contexts", "context", name);
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
    AUTO(sources) sources = { 0 };
    TRY(add_files(&sources, kubeconfig_env, home));
    return pick(&sources, context, found, out);
}

struct err *kube_config_parse(const char *text, size_t len, const char *source, const char *server,
                              struct kube_config *out)
{
    AUTO(sources) sources = { 0 };
    TRY(add_source(&sources, text, len, source, NULL));
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
