/* What libcurl is told about a transfer, and what it calls while bytes move. */
#include "http/transfer.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"

enum { SEND_BYTES = 256 * 1024 };

/* Every option is checked: an option that this libcurl does not take is no option we may go without. */
#define SET(t, option, value)                                                                                          \
    do {                                                                                                               \
        CURLcode set_result = curl_easy_setopt((t)->easy, (option), (value));                                          \
        if (set_result != CURLE_OK)                                                                                    \
            return err_new(RW9005_RESOURCES, "libcurl refuses " #option ": %s", curl_easy_strerror(set_result));       \
    } while (0)

static size_t refuse_as_too_large(struct http_transfer *t, const char *what, size_t most)
{
    t->response->failure = HTTP_TOO_LARGE;
    t->error = err_new(RW9003_SOCKET, "the answer to %s has %s above %zu bytes", t->target, what, most);
    return 0;
}

static size_t count_newlines(const char *bytes, size_t len)
{
    size_t count = 0;
    for (const char *at = bytes; (at = memchr(at, '\n', len - (size_t)(at - bytes))) != NULL; at++)
        count++;
    return count;
}

/* What is beyond line_max of a line is let go. */
static bool keep_lines(struct http_transfer *t, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *newline = memchr(bytes + at, '\n', len - at);
        size_t text = newline ? (size_t)(newline - bytes) - at : len - at;
        size_t room = t->line_max + 1 - t->line_len;
        size_t kept = text < room ? text : room;
        if (!buf_append(&t->pending, bytes + at, kept) || (newline && !buf_append(&t->pending, "\n", 1)))
            return false;
        t->line_len = newline ? 0 : t->line_len + kept;
        at += text + (newline ? 1 : 0);
    }
    return true;
}

/* A CURLOPT_WRITEFUNCTION. */
static size_t take_body(char *bytes, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct http_transfer *t = ctx;
    t->moved_ms = clock_ms();
    bool keep = t->mode == HTTP_MODE_WHOLE || !http_response_ok(t->response);
    if (!keep && transfer_is_full(t)) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    struct buf *into = keep ? &t->response->body : &t->pending;
    bool by_line = !keep && t->line_max;
    if (!(by_line ? keep_lines(t, bytes, len) : buf_append(into, bytes, len)))
        return refuse_as_too_large(t, keep ? "a body" : "a line", into->max);
    if (!keep && t->mode == HTTP_MODE_LINES)
        t->lines += count_newlines(bytes, len);
    t->response->received += len;
    return len;
}

/* The status of a head's first line, "HTTP/1.1 200 OK"; 0 when it is another line. */
static int status_of(const char *line)
{
    int64_t status;
    if (!str_starts(line, "HTTP/") || strlen(line) < 12 || !strchr(line, ' '))
        return 0;
    char digits[4] = { 0 };
    memcpy(digits, strchr(line, ' ') + 1, 3);
    return num_i64(digits, 100, 999, &status) ? (int)status : 0;
}

/* A CURLOPT_HEADERFUNCTION: one line at a time; a head like "100 Continue" starts anew. */
static size_t take_header(char *bytes, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct http_transfer *t = ctx;
    t->moved_ms = clock_ms();
    t->head_bytes += len;
    if (t->head_bytes > LIMIT_HTTP_HEAD)
        return refuse_as_too_large(t, "header lines", LIMIT_HTTP_HEAD);
    size_t text = len;
    while (text > 0 && (bytes[text - 1] == '\n' || bytes[text - 1] == '\r'))
        text--;
    AUTO_STR line = xstrndup(bytes, text);
    int status = status_of(line);
    if (status) {
        strv_release(&t->response->headers);
        t->response->headers = (struct strv){ 0 };
        t->response->status = status;
    } else if (*line) {
        strv_add(&t->response->headers, line);
    }
    t->has_head = *line == '\0';
    return len;
}

/* A CURLOPT_READFUNCTION. */
static size_t give_body(char *to, size_t one, size_t room, void *ctx)
{
    (void)one;
    struct http_transfer *t = ctx;
    size_t len = 0;
    t->error = t->pull(t->pull_ctx, to, room, &len);
    t->moved_ms = clock_ms();
    return t->error ? CURL_READFUNC_ABORT : len;
}

static struct err *add_header(struct http_transfer *t, const char *name, const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return err_new(RW1016_PATH_OUTSIDE, "the header %s holds a control character", name);
    /* libcurl sends an empty header only when it is written with a semicolon. */
    AUTO_STR line = *value ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (!longer)
        return err_new(RW9005_RESOURCES, "libcurl has no memory for a header");
    t->headers = longer;
    return NULL;
}

/* "Expect:" and "Content-Type:" take away what libcurl would add by itself. */
static struct err *drop_header(struct http_transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (!longer)
        return err_new(RW9005_RESOURCES, "libcurl has no memory for a header");
    t->headers = longer;
    return NULL;
}

static struct err *set_headers(struct http_transfer *t, const struct http_request *request)
{
    bool typed = false;
    TRY(drop_header(t, "Expect:"));
    if (request->pull)
        TRY(add_header(t, "Transfer-Encoding", "chunked"));
    if (t->client->authorization)
        TRY(add_header(t, "Authorization", t->client->authorization));
    for (size_t i = 0; i + 1 < t->client->headers.count; i += 2)
        TRY(add_header(t, t->client->headers.items[i], t->client->headers.items[i + 1]));
    for (size_t i = 0; i < request->header_count; i++) {
        typed = typed || strcasecmp(request->headers[i].name, "Content-Type") == 0;
        TRY(add_header(t, request->headers[i].name, request->headers[i].value));
    }
    if (!typed)
        TRY(drop_header(t, "Content-Type:"));
    SET(t, CURLOPT_HTTPHEADER, t->headers);
    SET(t, CURLOPT_USERAGENT, "rwml/" RWML_VERSION); /* what a server's own log tells us by */
    return NULL;
}

static struct err *set_target(struct http_transfer *t, const struct http_request *request)
{
    const struct http_client *c = t->client;
    AUTO_STR url = xasprintf("%s%s", c->base_url, buf_text(&request->path->text));
    SET(t, CURLOPT_URL, url);
    SET(t, CURLOPT_PATH_AS_IS, 1L);
    SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(t, CURLOPT_FOLLOWLOCATION, 0L);
    SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(t, CURLOPT_NOSIGNAL, 1L);
    SET(t, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(t, CURLOPT_TCP_KEEPALIVE, 1L);
    if (c->unix_socket)
        SET(t, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
    if (c->connect_to)
        SET(t, CURLOPT_CONNECT_TO, c->connect_to);
    if (c->proxy) {
        SET(t, CURLOPT_PROXY, c->proxy);
        SET(t, CURLOPT_NOPROXY, "");
    }
    SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's 200 is no answer of the server */
    if (c->renewed)
        SET(t, CURLOPT_FRESH_CONNECT, 1L);
    if (c->direct) {
        SET(t, CURLOPT_PROXY, "");
        SET(t, CURLOPT_NOPROXY, "*");
    }
    return NULL;
}

static struct err *set_tls(struct http_transfer *t)
{
    const struct http_client *c = t->client;
    SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(t, CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
    SET(t, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
    SET(t, CURLOPT_CAINFO, NULL);
    SET(t, CURLOPT_CAPATH, NULL);
    SET(t, CURLOPT_SSL_CTX_FUNCTION, http_tls_install);
    SET(t, CURLOPT_SSL_CTX_DATA, c->tls);
    return NULL;
}

static struct err *set_body(struct http_transfer *t, const struct http_request *request)
{
    if (request->pull) {
        SET(t, CURLOPT_POST, 1L);
        SET(t, CURLOPT_READFUNCTION, give_body);
        SET(t, CURLOPT_READDATA, t);
        SET(t, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
        /* A pulled body can't be sent twice, so a connection that died while idle is no choice. */
        SET(t, CURLOPT_FRESH_CONNECT, 1L);
    } else if (request->body) {
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        SET(t, CURLOPT_COPYPOSTFIELDS, request->body);
    } else if (strcmp(request->method, "HEAD") == 0) {
        SET(t, CURLOPT_NOBODY, 1L);
    } else if (strcmp(request->method, "GET") != 0) {
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        SET(t, CURLOPT_COPYPOSTFIELDS, "");
    }
    SET(t, CURLOPT_CUSTOMREQUEST, request->method);
    return NULL;
}

static struct err *set_callbacks(struct http_transfer *t)
{
    SET(t, CURLOPT_WRITEFUNCTION, take_body);
    SET(t, CURLOPT_WRITEDATA, t);
    SET(t, CURLOPT_HEADERFUNCTION, take_header);
    SET(t, CURLOPT_HEADERDATA, t);
    SET(t, CURLOPT_BUFFERSIZE, (long)HTTP_RECEIVE_BYTES);
    SET(t, CURLOPT_ERRORBUFFER, t->says);
    SET(t, CURLOPT_PRIVATE, t);
    return NULL;
}

/* Through a proxy, too, the peer's bytes are to come as they are. */
static struct err *set_mode(struct http_transfer *t)
{
    if (t->mode != HTTP_MODE_CONNECT)
        return NULL;
    SET(t, CURLOPT_CONNECT_ONLY, 1L);
    SET(t, CURLOPT_HTTPPROXYTUNNEL, 1L);
    return NULL;
}

struct err *transfer_set_options(struct http_transfer *t, const struct http_request *request)
{
    TRY(set_target(t, request));
    TRY(set_mode(t));
    TRY(set_tls(t));
    TRY(set_body(t, request));
    TRY(set_headers(t, request));
    return set_callbacks(t);
}
