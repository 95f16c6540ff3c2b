#include "kube/channels.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"

struct kube_channels {
    struct kube_client *client;
    struct http_websocket *websocket;
    struct kube_channel_taker taker;
    unsigned channel; /* of the message that comes in */
    int64_t pinged_ms;
};

static struct err *on_bytes(void *ctx, const void *bytes, size_t len, bool first)
{
    struct kube_channels *k = ctx;
    const unsigned char *at = bytes;
    if (first) {
        k->channel = *at++;
        len--;
    }
    return len || first ? k->taker.on_bytes(k->taker.ctx, k->channel, at, len, first) : NULL;
}

/* The server's words where it opened nothing. */
static struct err *read_refusal(const struct kube_client *c, struct http_response *r, struct kube_answer *answer)
{
    *answer = (struct kube_answer){ .status = r->status, .text = BUF_INIT(r->body.max) };
    err_ignore(doc_parse_json(buf_text(&r->body), r->body.len, "the answer", &answer->body),
               "the error answers of proxies are plain text");
    if (!answer->body) {
        answer->text = r->body;
        r->body = (struct buf){ 0 };
    }
    if (r->status != 401)
        return NULL;
    struct err *e = err_new(RW5104_CLUSTER_REFUSED, "the API server at %s does not accept our credentials", c->server);
    return err_cause(e, "401 Unauthorized");
}

static struct err *open_once(struct kube_channels *k, const struct http_request *request, const char *subprotocols,
                             struct http_response *response)
{
    const struct http_websocket_taker taker = { on_bytes, k };
    struct err *e = http_websocket_open(k->client->http, request, subprotocols, taker, response, &k->websocket);
    return e ? kube_lost(k->client, response->failure, e) : NULL;
}

/* Who is not known any more logs in once more; nothing has begun by then. */
static struct err *open_logged_in(struct kube_channels *k, const struct http_request *request, const char *subprotocols,
                                  struct http_response *response)
{
    bool renewed = false;
    TRY(kube_client_stay_logged_in(k->client));
    unsigned login = k->client->login;
    TRY(open_once(k, request, subprotocols, response));
    if (response->status == 401)
        TRY(kube_client_renew(k->client, login, &renewed));
    if (!renewed)
        return NULL;
    http_response_release(response);
    *response = (struct http_response){ 0 };
    return open_once(k, request, subprotocols, response);
}

struct err *kube_channels_open(struct kube_client *c, const struct http_path *path, const char *subprotocols,
                               struct kube_channel_taker taker, struct kube_answer *answer, struct kube_channels **out)
{
    AUTO_PTR(kube_channels) k = xcalloc(1, sizeof *k);
    AUTO(http_response) response = { 0 };
    const struct http_request request = { .method = "GET",
                                          .path = path,
                                          .wait = { clock_after(KUBE_CALL_MS), c->cancel } };
    *k = (struct kube_channels){ .client = c, .taker = taker, .pinged_ms = clock_ms() };
    struct err *refused = http_path_check(path);
    if (refused)
        return err_because(RW5001_OBJECT_INVALID, refused, "a name can't be part of an API path");
    TRY(open_logged_in(k, &request, subprotocols, &response));
    if (!k->websocket)
        return read_refusal(c, &response, answer);
    *out = STEAL(&k);
    return NULL;
}

void kube_channels_free(struct kube_channels *k)
{
    if (!k)
        return;
    http_websocket_free(k->websocket);
    free(k);
}

bool kube_channels_speak(const struct kube_channels *k, const char *subprotocol)
{
    return strcmp(http_websocket_subprotocol(k->websocket), subprotocol) == 0;
}

struct err *kube_channels_send(struct kube_channels *k, unsigned channel, const void *bytes, size_t len)
{
    const unsigned char head = (unsigned char)channel;
    return http_websocket_send(k->websocket, &head, 1, bytes, len);
}

struct http_websocket *kube_channels_websocket(struct kube_channels *k)
{
    return k->websocket;
}

static struct err *went_silent(const struct kube_channels *k)
{
    struct err *e = err_new(RW5103_CLUSTER_UNREACHABLE, "the API server at %s went silent", k->client->server);
    return err_cause(e, "it has answered no ping for %d s", KUBE_DEAD_MS / 1000);
}

struct err *kube_channels_step(struct kube_channels *k, int64_t *next_ms)
{
    struct err *e = http_websocket_step(k->websocket);
    if (e && err_get_code(e) == RW9003_SOCKET)
        return kube_lost(k->client, HTTP_CUT, e);
    TRY(e);
    int64_t now_ms = clock_ms();
    if (now_ms - http_websocket_heard_ms(k->websocket) > KUBE_DEAD_MS)
        return went_silent(k);
    if (now_ms - k->pinged_ms >= KUBE_PING_MS) {
        k->pinged_ms = now_ms;
        TRY(http_websocket_ping(k->websocket));
    }
    *next_ms = k->pinged_ms + KUBE_PING_MS;
    return NULL;
}
