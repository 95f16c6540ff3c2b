#include "http/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"

enum { PAUSE_ABOVE = 2 * HTTP_RECEIVE_BYTES }; /* bytes that nobody has taken */

bool transfer_is_full(const struct http_transfer *t)
{
    if (t->mode == HTTP_MODE_LINES && t->lines == 0)
        return false;
    return t->pending.len >= PAUSE_ABOVE;
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
    t->line_max = request->line_max;
    t->answer_max = request->answer_max ? request->answer_max : LIMIT_HTTP_BODY;
    t->deadline_ms = request->wait.deadline_ms;
    t->idle_ms = request->idle_ms;
    t->moved_ms = clock_ms();
    t->pending.max = LIMIT_STREAM_LINE + HTTP_RECEIVE_BYTES;
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
    TRY(transfer_set_options(t, request));
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
    struct curl_waitfd interrupt = { .fd = cancel_fd(wait.cancel), .events = CURL_WAIT_POLLIN };
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
    if (!t->paused || transfer_is_full(t) || t->ended)
        return;
    t->paused = false;
    t->moved_ms = clock_ms();
    CURLcode resumed = curl_easy_pause(t->easy, CURLPAUSE_CONT); /* may call take_body at once */
    if (resumed != CURLE_OK && !t->ended) {
        t->ended = true;
        t->result = resumed;
    }
}

static enum http_failure failure_of_code(CURLcode result)
{
    switch ((int)result) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
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

/* A proxy that opens no tunnel is to libcurl an answer that was cut. */
static enum http_failure failure_of(const struct http_transfer *t)
{
    long status = 0;
    bool is_told = curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK;
    return is_told && status >= 300 ? HTTP_CONNECT : failure_of_code(t->result);
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
    struct err *e =
        net_connect_unix(t->client->unix_socket, (struct net_wait){ .deadline_ms = clock_after(1000) }, &fd);
    int saved = err_errno(e);
    err_ignore(e, "only its errno was wanted");
    return saved;
}

static struct err *not_connected(const struct http_transfer *t)
{
    const char *to = t->client->unix_socket ? t->client->unix_socket : t->client->base_url;
    const char *by = t->client->proxy ? " by its proxy" : ""; /* whose address may hold a password */
    int number = connect_errno(t);
    if (number)
        return err_sys(RW9003_SOCKET, number, "cannot connect to %s%s", to, by);
    return err_cause(err_new(RW9003_SOCKET, "cannot connect to %s%s", to, by), "%s", t->says);
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
    t->response->failure = t->result == CURLE_OK ? HTTP_CUT : failure_of(t);
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
