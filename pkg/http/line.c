#include "http/line.h"

#include <stdlib.h>
#include <string.h>

#include "http/transfer.h"

struct http_line {
    struct http_client own; /* the client as it was, with a multi handle of its own */
    struct http_transfer *transfer;
    int fd;
};

static struct err *connect_it(struct http_line *l, const struct http_request *request)
{
    struct http_transfer *t = l->transfer;
    while (!t->ended) {
        struct err *e = transfer_pump(&l->own, request->wait);
        if (e)
            return transfer_abandon(t, e);
    }
    if (t->result != CURLE_OK || t->error)
        return transfer_outcome(t);
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
        return err_new(RW9003_SOCKET, "the connection to %s ended at once", l->own.base_url);
    l->fd = fd;
    return NULL;
}

struct err *http_line_open(struct http_client *c, const struct http_request *request, struct http_response *response,
                           struct http_line **out)
{
    AUTO_PTR(http_line) l = xcalloc(1, sizeof *l);
    l->own = *c;
    l->own.transfers = NULL;
    l->own.watches = NULL;
    l->own.multi = curl_multi_init();
    if (!l->own.multi)
        return err_new(RW9005_RESOURCES, "libcurl has no memory for a connection");
    response->failure = HTTP_CUT;
    TRY(transfer_start(&l->own, request, HTTP_MODE_CONNECT, response, &l->transfer));
    TRY(connect_it(l, request));
    *out = STEAL(&l);
    return NULL;
}

void http_line_free(struct http_line *l)
{
    if (!l)
        return;
    http_transfer_free(l->transfer);
    curl_multi_cleanup(l->own.multi);
    free(l);
}

/* What libcurl would read in such a list: "Name: value"; "Name;" for an empty one; "Name:" to send none. */
static void add_header(struct buf *out, const char *line)
{
    size_t len = strlen(line);
    if (line[len - 1] == ';')
        buf_addf(out, "%.*s:\r\n", (int)(len - 1), line);
    else if (line[len - 1] != ':')
        buf_addf(out, "%s\r\n", line);
}

void http_line_add_head(const struct http_line *l, const struct http_request *request, struct buf *out)
{
    const char *host = strstr(l->own.base_url, "://");
    host = host ? host + 3 : l->own.base_url;
    size_t host_len = strcspn(host, "/");
    buf_addf(out, "%s %s%s HTTP/1.1\r\nHost: %.*s\r\n", request->method, host + host_len,
             buf_text(&request->path->text), (int)host_len, host);
    for (const struct curl_slist *each = l->transfer->headers; each; each = each->next)
        add_header(out, each->data);
}

static struct err *broken(const char *doing, CURLcode result)
{
    return err_cause(err_new(RW9003_SOCKET, "the connection broke while %s", doing), "%s", curl_easy_strerror(result));
}

struct err *http_line_read(struct http_line *l, void *to, size_t room, size_t *len, bool *end)
{
    *len = 0;
    *end = false;
    CURLcode result = curl_easy_recv(l->transfer->easy, to, room, len);
    if (result == CURLE_AGAIN)
        return NULL;
    if (result != CURLE_OK)
        return broken("reading", result);
    *end = *len == 0;
    return NULL;
}

struct err *http_line_write(struct http_line *l, const void *bytes, size_t count, size_t *len)
{
    *len = 0;
    CURLcode result = curl_easy_send(l->transfer->easy, bytes, count, len);
    return result == CURLE_OK || result == CURLE_AGAIN ? NULL : broken("writing", result);
}

int http_line_fd(const struct http_line *l)
{
    return l->fd;
}
