#include "http/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "http/transfer.h"
#include "http/watch.h"

/* The host and port of a base URL, as libcurl reads it. */
static struct err *read_url(const char *base_url, char **host, char **port)
{
    CURLU *url = curl_url();
    char *part_host = NULL;
    char *part_port = NULL;
    bool ok = url && curl_url_set(url, CURLUPART_URL, base_url, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_HOST, &part_host, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_PORT, &part_port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (ok) {
        *host = xstrdup(part_host);
        *port = xstrdup(part_port);
    }
    curl_free(part_host);
    curl_free(part_port);
    curl_url_cleanup(url);
    return ok ? NULL : err_new(RW9003_SOCKET, "\"%s\" is no address of a server", base_url);
}

static bool is_loopback(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || str_starts(host, "127.") || strcmp(host, "[::1]") == 0;
}

/* The certificate is to be for another name than the address: the request is for that name, and
 * the connection goes to the address. */
static struct err *go_by_name(struct http_client *c, const char *name, const char *host, const char *port)
{
    AUTO_STR rule = xasprintf("::%s:%s", host, port);
    c->connect_to = curl_slist_append(NULL, rule);
    if (!c->connect_to)
        return err_new(RW9005_RESOURCES, "libcurl has no memory for an address");
    const char *path = strchr(c->base_url + strlen("https://"), '/');
    char *url = xasprintf("https://%s:%s%s", name, port, path ? path : "");
    free(c->base_url);
    c->base_url = url;
    return NULL;
}

static void forget(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

static void read_authorization(struct http_client *c, const struct http_endpoint *endpoint)
{
    forget(&c->authorization);
    if (endpoint->bearer_token) {
        c->authorization = xasprintf("Bearer %s", endpoint->bearer_token);
    } else if (endpoint->username) {
        AUTO_STR both = xasprintf("%s:%s", endpoint->username, endpoint->password ? endpoint->password : "");
        AUTO_STR encoded = base64_encode(both, strlen(both));
        c->authorization = xasprintf("Basic %s", encoded);
        explicit_bzero(both, strlen(both));
        explicit_bzero(encoded, strlen(encoded));
    }
}

static void read_headers(struct http_client *c, const struct http_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->header_count; i++) {
        strv_add(&c->headers, endpoint->headers[i].name);
        strv_add(&c->headers, endpoint->headers[i].value);
    }
}

/* client-go has the proxy resolve names, which socks5h is curl's word for. */
static char *proxy_url(const char *proxy)
{
    static const char socks[] = "socks5://";
    return proxy && str_starts(proxy, socks) ? xasprintf("socks5h://%s", proxy + strlen(socks)) : xstrdup(proxy);
}

static struct err *read_endpoint(struct http_client *c, const struct http_endpoint *endpoint)
{
    const char *url = endpoint->base_url ? endpoint->base_url : "http://localhost";
    size_t len = strlen(url);
    c->base_url = xstrndup(url, len > 0 && url[len - 1] == '/' ? len - 1 : len);
    c->unix_socket = xstrdup(endpoint->unix_socket);
    c->insecure = endpoint->insecure;
    AUTO_STR host = NULL;
    AUTO_STR port = NULL;
    TRY(read_url(c->base_url, &host, &port));
    c->proxy = proxy_url(endpoint->proxy);
    c->direct = c->unix_socket || (!c->proxy && is_loopback(host));
    read_headers(c, endpoint);
    if (!str_starts(c->base_url, "https://"))
        return NULL;
    read_authorization(c, endpoint);
    if (endpoint->tls_server_name)
        TRY(go_by_name(c, endpoint->tls_server_name, host, port));
    return http_tls_new(endpoint, &c->tls);
}

struct err *http_client_new(const struct http_endpoint *endpoint, struct http_client **out)
{
    AUTO_PTR(http_client) c = xcalloc(1, sizeof *c);
    c->multi = curl_multi_init();
    if (!c->multi)
        return err_new(RW9005_RESOURCES, "libcurl has no memory for a client");
    TRY(read_endpoint(c, endpoint));
    *out = STEAL(&c);
    return NULL;
}

struct err *http_client_identify(struct http_client *c, const struct http_endpoint *endpoint)
{
    struct http_tls *tls = NULL;
    if (!c->tls)
        return NULL;
    TRY(http_tls_new(endpoint, &tls));
    http_tls_keep(tls, c->tls);
    c->tls = tls;
    c->renewed = c->renewed || endpoint->client_cert_pem;
    read_authorization(c, endpoint);
    return NULL;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    while (c->watches)
        http_watch_close_first(c);
    curl_multi_cleanup(c->multi);
    curl_slist_free_all(c->connect_to);
    http_tls_free(c->tls);
    free(c->base_url);
    free(c->unix_socket);
    forget(&c->authorization);
    forget(&c->proxy);
    strv_release(&c->headers);
    free(c);
}

void http_response_release(struct http_response *r)
{
    strv_release(&r->headers);
    buf_release(&r->body);
}

const char *http_response_header(const struct http_response *r, const char *name, size_t nth)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < r->headers.count; i++) {
        const char *line = r->headers.items[i];
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        if (nth-- == 0)
            return line + len + 1 + strspn(line + len + 1, " \t");
    }
    return NULL;
}

bool http_response_ok(const struct http_response *r)
{
    return r->status >= 200 && r->status < 300;
}

/* Until the transfer has ended or has something to take. */
static struct err *wait_for(struct http_transfer *t, struct net_wait wait)
{
    while (!t->ended && t->pending.len == 0) {
        struct err *e = transfer_pump(t->client, wait);
        if (e)
            return transfer_abandon(t, e);
    }
    return NULL;
}

struct err *http_do(struct http_client *c, const struct http_request *request, struct http_response *response)
{
    AUTO_PTR(http_transfer) t = NULL;
    TRY(transfer_start(c, request, HTTP_MODE_WHOLE, response, &t));
    TRY(wait_for(t, request->wait));
    return transfer_outcome(t);
}

struct err *http_stream(struct http_client *c, const struct http_request *request, struct http_sink sink,
                        struct http_response *response)
{
    AUTO_PTR(http_transfer) t = NULL;
    TRY(transfer_start(c, request, HTTP_MODE_STREAM, response, &t));
    for (;;) {
        TRY(wait_for(t, request->wait));
        if (t->pending.len == 0)
            return transfer_outcome(t);
        struct err *e = sink.take(sink.ctx, t->pending.bytes, t->pending.len);
        if (e)
            return transfer_abandon(t, e);
        t->moved_ms = clock_ms();
        transfer_consume(t, t->pending.len, 0);
    }
}

struct http_body {
    struct http_transfer *transfer;
    struct net_wait wait;
    size_t given;
};

struct err *http_body_open(struct http_client *c, const struct http_request *request, struct http_response *response,
                           struct http_body **out)
{
    AUTO_PTR(http_transfer) t = NULL;
    TRY(transfer_start(c, request, HTTP_MODE_STREAM, response, &t));
    TRY(wait_for(t, request->wait));
    if (t->ended && t->pending.len == 0 && (t->result != CURLE_OK || !http_response_ok(response)))
        return transfer_outcome(t);
    struct http_body *b = xcalloc(1, sizeof *b);
    b->transfer = STEAL(&t);
    b->wait = request->wait;
    *out = b;
    return NULL;
}

struct err *http_body_read(struct http_body *b, const void **bytes, size_t *len)
{
    struct http_transfer *t = b->transfer;
    t->moved_ms = clock_ms();
    transfer_consume(t, b->given, 0);
    b->given = 0;
    TRY(wait_for(t, b->wait));
    if (t->pending.len == 0)
        TRY(transfer_outcome(t));
    *bytes = buf_text(&t->pending);
    *len = b->given = t->pending.len;
    return NULL;
}

void http_body_close(struct http_body *b)
{
    if (!b)
        return;
    http_transfer_free(b->transfer);
    free(b);
}
