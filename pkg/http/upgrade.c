#include "http/upgrade.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "http/head.h"

enum { READ_BYTES = 16 * 1024 };

struct http_upgrade {
    int fd;
    struct buf early; /* bytes that came together with the head */
};

static struct err *cut(struct http_response *response)
{
    response->failure = HTTP_CUT;
    return err_new(RW9003_SOCKET, "the connection ended in the middle of an answer");
}

static struct err *send_request(int fd, const struct http_request *request)
{
    AUTO(buf) head = BUF_INIT(LIMIT_HTTP_HEAD + HTTP_PATH_MAX);
    buf_addf(&head, "%s %s HTTP/1.1\r\nHost: localhost\r\n", request->method, buf_text(&request->path->text));
    buf_addf(&head, "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\n");
    buf_addf(&head, "Content-Length: %zu\r\n\r\n", request->body_len);
    TRY(net_write_all(fd, head.bytes, head.len, request->wait));
    return net_write_all(fd, request->body, request->body_len, request->wait);
}

static struct err *read_more(int fd, struct net_wait wait, struct buf *into, bool *end)
{
    char piece[READ_BYTES];
    size_t len = 0;
    TRY(net_read(fd, piece, sizeof piece, wait, &len));
    *end = len == 0;
    if (!buf_append(into, piece, len))
        return err_new(RW9003_SOCKET, "the head of an answer is above %u bytes", LIMIT_HTTP_HEAD);
    return NULL;
}

/* Everything up to the empty line; what stands behind it stays in raw. */
static struct err *read_head(int fd, struct net_wait wait, struct buf *raw, struct http_response *response,
                             size_t *head_len)
{
    for (;;) {
        TRY(http_head_find(raw, response, head_len));
        if (*head_len)
            return NULL;
        bool end = false;
        TRY(read_more(fd, wait, raw, &end));
        if (end)
            return cut(response);
    }
}

/* The body of an answer that is no upgrade: by its length, or until the peer closes. */
static struct err *read_body(int fd, struct net_wait wait, const struct buf *raw, size_t head_len,
                             struct http_response *response)
{
    response->body.max = LIMIT_HTTP_HEAD + READ_BYTES;
    const char *text = http_response_header(response, "Content-Length", 0);
    int64_t want = LIMIT_HTTP_HEAD;
    if (text && !num_i64(text, 0, LIMIT_HTTP_HEAD, &want))
        return http_head_refuse(response, "its Content-Length is no number, or a large one");
    if (!buf_append(&response->body, raw->bytes + head_len, raw->len - head_len))
        return http_head_refuse(response, "its body is too large");
    bool end = false;
    while (!end && response->body.len < (size_t)want)
        TRY(read_more(fd, wait, &response->body, &end));
    if (text && response->body.len < (size_t)want)
        return cut(response);
    response->failure = HTTP_ANSWERED;
    return NULL;
}

static struct err *connect_to(const char *unix_socket, const struct http_request *request,
                              struct http_response *response, int *fd)
{
    struct err *e = net_connect_unix(unix_socket, request->wait, fd);
    if (e && err_get_code(e) == RW9003_SOCKET)
        response->failure = HTTP_CONNECT;
    return e;
}

/* A connection that breaks is HTTP_CUT unless somebody knew better. */
static struct err *broken(struct http_response *response, struct err *e)
{
    if (e && err_get_code(e) == RW9003_SOCKET && response->failure == HTTP_ABANDONED)
        response->failure = HTTP_CUT;
    return e;
}

static bool is_upgraded(const struct http_response *response)
{
    return response->status == 101 || (response->status == 200 && !http_response_header(response, "Content-Length", 0));
}

struct err *http_upgrade_open(const char *unix_socket, const struct http_request *request,
                              struct http_response *response, struct http_upgrade **out)
{
    AUTO_FD fd = -1;
    AUTO(buf) raw = BUF_INIT(LIMIT_HTTP_HEAD);
    size_t head_len = 0;
    response->failure = HTTP_ABANDONED;
    TRY(http_path_check(request->path));
    TRY(connect_to(unix_socket, request, response, &fd));
    TRY(broken(response, send_request(fd, request)));
    TRY(broken(response, read_head(fd, request->wait, &raw, response, &head_len)));
    TRY(http_head_read(&raw, head_len, response));
    if (!is_upgraded(response))
        return broken(response, read_body(fd, request->wait, &raw, head_len, response));
    struct http_upgrade *u = xcalloc(1, sizeof *u);
    u->fd = fd;
    fd = -1;
    u->early = BUF_INIT(LIMIT_HTTP_HEAD);
    buf_add(&u->early, raw.bytes + head_len, raw.len - head_len);
    response->failure = HTTP_ANSWERED;
    *out = u;
    return NULL;
}

void http_upgrade_free(struct http_upgrade *u)
{
    if (!u)
        return;
    fd_closep(&u->fd);
    buf_release(&u->early);
    free(u);
}

struct err *http_upgrade_write(struct http_upgrade *u, const void *bytes, size_t len, struct net_wait wait)
{
    return net_write_all(u->fd, bytes, len, wait);
}

struct err *http_upgrade_read(struct http_upgrade *u, void *to, size_t room, struct net_wait wait, size_t *len)
{
    if (u->early.len == 0)
        return net_read(u->fd, to, room, wait, len);
    *len = u->early.len < room ? u->early.len : room;
    memcpy(to, u->early.bytes, *len);
    buf_consume(&u->early, *len);
    return NULL;
}

struct err *http_upgrade_half_close(struct http_upgrade *u)
{
    return net_shutdown_write(u->fd);
}

int http_upgrade_fd(const struct http_upgrade *u)
{
    return u->fd;
}

bool http_upgrade_buffered(const struct http_upgrade *u)
{
    return u->early.len > 0;
}
