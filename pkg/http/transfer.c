#include "http/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"

enum {
    PAUSE_ABOVE = 512 * 1024, /* bytes that nobody has taken; two of libcurl's largest pieces */
    RECEIVE_BYTES = 256 * 1024,
    SEND_BYTES = 256 * 1024,
    MANY_HEADERS = 64
};

/* Every option is checked: an option that this libcurl does not take is no option we may go without. */
#define SET(t, option, value)                                                                                      \
    do {                                                                                                           \
        CURLcode set_result = curl_easy_setopt((t)->easy, (option), (value));                                      \
        if (set_result != CURLE_OK)                                                                                \
            return err_new(RW9005_RESOURCES, "libcurl refuses " #option ": %s", curl_easy_strerror(set_result));   \
    } while (0)

static bool is_full(const struct http_transfer *t)
{
    if (t->mode == HTTP_MODE_LINES && t->lines == 0)
        return false;
    return t->pending.len >= PAUSE_ABOVE;
}

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

/* A CURLOPT_WRITEFUNCTION. */
static size_t take_body(char *bytes, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct http_transfer *t = ctx;
    t->moved_ms = clock_ms();
    bool keep = t->mode == HTTP_MODE_WHOLE || !http_response_ok(t->response);
    if (!keep && is_full(t)) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    struct buf *into = keep ? &t->response->body : &t->pending;
    if (!buf_append(into, bytes, len))
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
    char digits[4] = {0};
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
        t->response->headers = (struct strv){0};
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
    for (size_t i = 0; i < request->header_count; i++) {
        typed = typed || strcasecmp(request->headers[i].name, "Content-Type") == 0;
        TRY(add_header(t, request->headers[i].name, request->headers[i].value));
    }
    if (!typed)
        TRY(drop_header(t, "Content-Type:"));
    SET(t, CURLOPT_HTTPHEADER, t->headers);
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
    SET(t, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    SET(t, CURLOPT_ERRORBUFFER, t->says);
    SET(t, CURLOPT_PRIVATE, t);
    return NULL;
}

static struct http_transfer *transfer_make(struct http_client *c, const struct http_request *request,
                                           enum http_mode mode, struct http_response *response)
{
    struct http_transfer *t = xcalloc(1, sizeof *t);
    t->client = c;
    t->response = response;
    t->mode = mode;
    t->pull = request->pull;
    t->pull_ctx = request->pull_ctx;
    t->answer_max = request->answer_max ? request->answer_max : LIMIT_HTTP_BODY;
    t->deadline_ms = request->wait.deadline_ms;
    t->idle_ms = request->idle_ms;
    t->moved_ms = clock_ms();
    t->pending.max = LIMIT_STREAM_LINE + RECEIVE_BYTES;
    t->target = xasprintf("%s %.*s", request->method, (int)strcspn(buf_text(&request->path->text), "?"),
                          buf_text(&request->path->text));
    response->body.max = t->answer_max;
    response->failure = HTTP_ABANDONED;
    return t;
}

struct err *transfer_start(struct http_client *c, const struct http_request *request, enum http_mode mode,
                           struct http_response *response, struct http_transfer **out)
{
    if (request->wait.deadline_ms == 0)
        BUG("a request without a deadline: CLOCK_NEVER means none");
    AUTO_PTR(http_transfer) t = transfer_make(c, request, mode, response);
    TRY(http_path_check(request->path));
    t->easy = curl_easy_init();
    if (!t->easy)
        return err_new(RW9005_RESOURCES, "libcurl has no memory for a request");
    TRY(set_target(t, request));
    TRY(set_tls(t));
    TRY(set_body(t, request));
    TRY(set_headers(t, request));
    TRY(set_callbacks(t));
    CURLMcode added = curl_multi_add_handle(c->multi, t->easy);
    if (added != CURLM_OK)
        return err_new(RW9005_RESOURCES, "libcurl cannot start a request: %s", curl_multi_strerror(added));
    t->next = c->transfers;
    c->transfers = t;
    *out = STEAL(&t);
    return NULL;
}

static void unlink_from_client(struct http_transfer *t)
{
    struct http_transfer **at = &t->client->transfers;
    while (*at && *at != t)
        at = &(*at)->next;
    if (*at)
        *at = t->next;
}

void http_transfer_free(struct http_transfer *t)
{
    if (!t)
        return;
    unlink_from_client(t);
    if (t->easy) {
        curl_multi_remove_handle(t->client->multi, t->easy); /* fine for one that was never added */
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->headers);
    buf_release(&t->pending);
    err_free(t->error);
    free(t->target);
    free(t);
}

/* True: one or more transfers ended. */
static bool reap(struct http_client *c)
{
    bool any = false;
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(c->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        for (struct http_transfer *t = c->transfers; t; t = t->next) {
            if (t->easy != message->easy_handle)
                continue;
            t->ended = true;
            t->result = message->data.result;
            any = true;
        }
    }
    return any;
}

static int64_t expiry_of(const struct http_transfer *t)
{
    bool counts = t->idle_ms > 0 && !t->paused;
    return counts ? clock_earlier(t->deadline_ms, t->moved_ms + t->idle_ms) : t->deadline_ms;
}

/* True: one or more transfers ran out of time. */
static bool expire(struct http_client *c)
{
    bool any = false;
    int64_t now = clock_ms();
    for (struct http_transfer *t = c->transfers; t; t = t->next) {
        if (t->ended || now < expiry_of(t))
            continue;
        t->error = err_new(RW9007_DEADLINE, "no answer in time to %s", t->target);
        if (now < t->deadline_ms) {
            AUTO_STR silence = num_elapsed(t->idle_ms);
            t->error = err_cause(t->error, "no byte moved for %s", silence);
        }
        t->ended = any = true;
        t->result = CURLE_OPERATION_TIMEDOUT;
        curl_multi_remove_handle(c->multi, t->easy);
    }
    return any;
}

static uint64_t received(const struct http_client *c)
{
    uint64_t sum = 0;
    for (const struct http_transfer *t = c->transfers; t; t = t->next)
        sum += t->response->received + (uint64_t)t->response->status;
    return sum;
}

/* Sleeps until a socket or the cancel token is ready, or the next expiry. */
static struct err *rest(struct http_client *c, struct net_wait wait)
{
    int64_t until = wait.deadline_ms;
    for (const struct http_transfer *t = c->transfers; t; t = t->next)
        if (!t->ended)
            until = clock_earlier(until, expiry_of(t));
    struct curl_waitfd interrupt = {.fd = cancel_fd(wait.cancel), .events = CURL_WAIT_POLLIN};
    int timeout = clock_poll_timeout(until);
    CURLMcode waited =
        curl_multi_poll(c->multi, &interrupt, interrupt.fd >= 0 ? 1 : 0, timeout < 0 ? INT32_MAX : timeout, NULL);
    if (waited != CURLM_OK)
        return err_new(RW9005_RESOURCES, "libcurl cannot wait: %s", curl_multi_strerror(waited));
    return NULL;
}

struct err *transfer_pump(struct http_client *c, struct net_wait wait)
{
    for (;;) {
        TRY(cancel_check(wait.cancel));
        uint64_t before = received(c);
        int running;
        CURLMcode moved = curl_multi_perform(c->multi, &running);
        if (moved != CURLM_OK)
            return err_new(RW9005_RESOURCES, "libcurl cannot go on: %s", curl_multi_strerror(moved));
        bool ended = reap(c);
        if (expire(c) || ended || received(c) != before || clock_ms() >= wait.deadline_ms)
            return NULL;
        TRY(rest(c, wait));
    }
}

void transfer_consume(struct http_transfer *t, size_t len, size_t lines)
{
    buf_consume(&t->pending, len);
    t->lines -= lines;
    if (!t->paused || is_full(t) || t->ended)
        return;
    t->paused = false;
    t->moved_ms = clock_ms();
    CURLcode resumed = curl_easy_pause(t->easy, CURLPAUSE_CONT); /* may call take_body at once */
    if (resumed != CURLE_OK && !t->ended) {
        t->ended = true;
        t->result = resumed;
    }
}

static enum http_failure failure_of(CURLcode result)
{
    switch ((int)result) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_CONNECT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_TLS_VERIFY;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
        return HTTP_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL: /* how libcurl 7.88 calls an answer without a status line */
    case CURLE_WEIRD_SERVER_REPLY:
        return HTTP_NOT_HTTP;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_ABANDONED;
    default:
        return HTTP_CUT;
    }
}

/* libcurl tells no errno for a unix socket in every version: the connect is tried once more. */
static int connect_errno(const struct http_transfer *t)
{
    long number = 0;
    if (curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number > 0)
        return (int)number;
    if (!t->client->unix_socket)
        return 0;
    AUTO_FD fd = -1;
    struct err *e = net_connect_unix(t->client->unix_socket, (struct net_wait){.deadline_ms = clock_after(1000)}, &fd);
    int saved = err_errno(e);
    err_ignore(e, "only its errno was wanted");
    return saved;
}

static struct err *not_connected(const struct http_transfer *t)
{
    const char *to = t->client->unix_socket ? t->client->unix_socket : t->client->base_url;
    int number = connect_errno(t);
    if (number)
        return err_sys(RW9003_SOCKET, number, "cannot connect to %s", to);
    return err_cause(err_new(RW9003_SOCKET, "cannot connect to %s", to), "%s", t->says);
}

struct err *transfer_outcome(struct http_transfer *t)
{
    if (t->error) {
        struct err *e = t->error;
        t->error = NULL;
        return e;
    }
    if (t->result == CURLE_OK && t->has_head) {
        t->response->failure = HTTP_ANSWERED;
        return NULL;
    }
    /* libcurl 7.88 takes a connection that ends within the header lines for a whole answer. */
    t->response->failure = t->result == CURLE_OK ? HTTP_CUT : failure_of(t->result);
    if (t->response->failure == HTTP_CONNECT)
        return not_connected(t);
    struct err *e = err_new(RW9003_SOCKET, "%s brought no whole answer", t->target);
    if (t->result == CURLE_OK)
        return err_cause(e, "the connection ended within the header lines");
    return err_cause(e, "%s", t->says[0] ? t->says : curl_easy_strerror(t->result));
}

struct err *transfer_abandon(struct http_transfer *t, struct err *e)
{
    t->response->failure = HTTP_ABANDONED;
    t->ended = true;
    return e;
}
