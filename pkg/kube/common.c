#include "kube/common.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kube/plugin.h"

struct kube_common *kube_common_new(const struct kube_config *config)
{
    struct kube_common *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    kube_config_copy(config, &s->config);
    return s;
}

void kube_common_free(struct kube_common *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    kube_config_release(&s->config);
    strv_release(&s->warned);
    strv_release(&s->absent);
    kube_outage_release(&s->outage);
    free(s);
}

/* ---------------------------------------------------------------- logging in */

/* headers: room for what the config has; filled. */
static struct http_endpoint endpoint_of(const struct kube_config *config, struct http_header *headers)
{
    size_t count = config->impersonate.count / 2;
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct http_header){ config->impersonate.items[2 * i], config->impersonate.items[2 * i + 1] };
    return (struct http_endpoint){
        .base_url = config->server,
        .ca_pem = config->ca_pem,
        .client_cert_pem = config->client_cert_pem,
        .client_key_pem = config->client_key_pem,
        .bearer_token = config->token,
        .username = config->username,
        .password = config->password,
        .headers = headers,
        .header_count = count,
        .proxy = config->proxy_url,
        .tls_server_name = config->tls_server_name,
        .insecure = config->insecure,
    };
}

static struct err *use_credentials(const struct kube_common *s, struct http_client **http, unsigned *login)
{
    struct http_header *headers = xcalloc(s->config.impersonate.count / 2 + 1, sizeof *headers);
    struct http_endpoint endpoint = endpoint_of(&s->config, headers);
    struct err *e = *http ? http_client_identify(*http, &endpoint) : http_client_new(&endpoint, http);
    free(headers);
    if (e && s->config.plugin)
        return err_because(RW5106_CREDENTIAL_PLUGIN, e, "cannot use what the credential plugin %s gives",
                           s->config.plugin->command);
    if (!e)
        *login = s->logins;
    return err_because(RW5101_KUBECONFIG, e, "cannot use the credentials of %s",
                       s->config.source ? s->config.source : "the kubeconfig");
}

static struct err *log_in(struct kube_common *s, const struct cancel *cancel, struct http_client **http,
                          unsigned *login)
{
    bool renewed = false;
    TRY(kube_config_log_in(&s->config, cancel, &renewed));
    s->logins += renewed;
    return !*http || *login != s->logins ? use_credentials(s, http, login) : NULL;
}

struct err *kube_common_log_in(struct kube_common *s, const struct cancel *cancel, struct http_client **http,
                               unsigned *login)
{
    pthread_mutex_lock(&s->lock);
    struct err *e = log_in(s, cancel, http, login);
    pthread_mutex_unlock(&s->lock);
    return e;
}

static struct err *log_in_again(struct kube_common *s, const struct cancel *cancel, struct http_client **http,
                                unsigned *login, unsigned refused, bool *changed)
{
    *changed = s->logins != refused;
    if (!*changed) {
        TRY(kube_config_log_in_again(&s->config, cancel, changed));
        s->logins += *changed;
    }
    return *login != s->logins ? use_credentials(s, http, login) : NULL;
}

struct err *kube_common_log_in_again(struct kube_common *s, const struct cancel *cancel, struct http_client **http,
                                     unsigned *login, unsigned refused, bool *changed)
{
    pthread_mutex_lock(&s->lock);
    struct err *e = log_in_again(s, cancel, http, login, refused, changed);
    pthread_mutex_unlock(&s->lock);
    return e;
}

/* ---------------------------------------------------------------- what was heard of the server */

bool kube_common_is_news(struct kube_common *s, const char *warning)
{
    pthread_mutex_lock(&s->lock);
    bool news = !strv_has(&s->warned, warning);
    if (news)
        strv_add(&s->warned, warning);
    pthread_mutex_unlock(&s->lock);
    return news;
}

void kube_common_set_absent(struct kube_common *s, const char *namespace)
{
    pthread_mutex_lock(&s->lock);
    if (!strv_has(&s->absent, namespace))
        strv_add(&s->absent, namespace);
    pthread_mutex_unlock(&s->lock);
}

bool kube_common_is_absent(struct kube_common *s, const char *namespace)
{
    pthread_mutex_lock(&s->lock);
    bool absent = strv_has(&s->absent, namespace);
    pthread_mutex_unlock(&s->lock);
    return absent;
}

void kube_common_namespace_made(struct kube_common *s)
{
    pthread_mutex_lock(&s->lock);
    strv_release(&s->absent);
    pthread_mutex_unlock(&s->lock);
}

void kube_common_lost(struct kube_common *s)
{
    pthread_mutex_lock(&s->lock);
    kube_outage_lost(&s->outage, clock_ms());
    pthread_mutex_unlock(&s->lock);
}

bool kube_common_lost_lately(struct kube_common *s)
{
    pthread_mutex_lock(&s->lock);
    bool near = kube_outage_is_near(&s->outage, clock_ms());
    pthread_mutex_unlock(&s->lock);
    return near;
}

void kube_common_served(struct kube_common *s, const char *what)
{
    pthread_mutex_lock(&s->lock);
    kube_outage_served(&s->outage, what);
    pthread_mutex_unlock(&s->lock);
}

bool kube_common_excuses(struct kube_common *s, const char *what)
{
    pthread_mutex_lock(&s->lock);
    bool passes = kube_outage_excuses(&s->outage, what, clock_ms());
    pthread_mutex_unlock(&s->lock);
    return passes;
}
