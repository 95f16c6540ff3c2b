#include "http/handshake.h"

#include <openssl/sha.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/entropy.h"
#include "base/limits.h"
#include "base/num.h"
#include "http/head.h"

enum { KEY_BYTES = 16, READ_BYTES = 16 * 1024 };

char *http_handshake_accept(const char *key)
{
    AUTO_STR both = xasprintf("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)both, strlen(both), digest);
    return base64_encode(digest, sizeof digest);
}

static struct err *wait_for(struct http_line *line, short events, struct net_wait wait)
{
    struct net_poll one = { .fd = http_line_fd(line), .want = events };
    return net_poll(&one, 1, wait);
}

static struct err *send_request(struct http_line *line, const struct http_request *request, const char *key,
                                const char *subprotocols)
{
    AUTO(buf) head = BUF_INIT(LIMIT_HTTP_HEAD + HTTP_PATH_MAX);
    http_line_add_head(line, request, &head);
    buf_addf(&head, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    buf_addf(&head, "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n", key, subprotocols);
    while (head.len > 0) {
        size_t len;
        TRY(http_line_write(line, head.bytes, head.len, &len));
        buf_consume(&head, len);
        if (len == 0)
            TRY(wait_for(line, POLLOUT, request->wait));
    }
    return NULL;
}

/* At least one byte, or the end. */
static struct err *read_more(struct http_line *line, struct net_wait wait, struct buf *into, bool *end)
{
    char piece[READ_BYTES];
    size_t len = 0;
    *end = false;
    while (len == 0 && !*end) {
        TRY(cancel_check(wait.cancel));
        TRY(http_line_read(line, piece, sizeof piece, &len, end));
        if (len == 0 && !*end)
            TRY(wait_for(line, POLLIN, wait));
    }
    if (!buf_append(into, piece, len))
        return err_new(RW9003_SOCKET, "an answer is above %u bytes", LIMIT_HTTP_HEAD);
    return NULL;
}

static struct err *read_head(struct http_line *line, struct net_wait wait, struct buf *raw,
                             struct http_response *response, size_t *head_len)
{
    for (;;) {
        bool end;
        TRY(http_head_find(raw, response, head_len));
        if (*head_len)
            return http_head_read(raw, *head_len, response);
        TRY(read_more(line, wait, raw, &end));
        if (end)
            return err_new(RW9003_SOCKET, "the connection ended in the middle of an answer");
    }
}

/* Takes the chunks of a whole body apart; false: it is none. */
static bool unchunk(const struct buf *raw, struct buf *out)
{
    const char *at = buf_text(raw);
    for (;;) {
        char *end;
        unsigned long size = strtoul(at, &end, 16);
        const char *data = strstr(end, "\r\n");
        if (end == at || !data || size > raw->len)
            return false;
        data += 2;
        if (size == 0)
            return true;
        if ((size_t)(data - buf_text(raw)) + size > raw->len || !buf_append(out, data, size))
            return false;
        at = data + size + strspn(data + size, "\r\n");
    }
}

static bool is_whole(const struct buf *body, bool chunked, int64_t length)
{
    static const char last[] = "0\r\n\r\n";
    if (!chunked)
        return length >= 0 && body->len >= (size_t)length;
    return body->len >= strlen(last) && memcmp(body->bytes + body->len - strlen(last), last, strlen(last)) == 0;
}

/* The body of an answer that is no upgrade: by its length, its chunks, or until the peer closes. */
static struct err *read_body(struct http_line *line, struct net_wait wait, const struct buf *early,
                             struct http_response *response)
{
    AUTO(buf) raw = BUF_INIT(LIMIT_HTTP_HEAD + READ_BYTES);
    const char *text = http_response_header(response, "Content-Length", 0);
    const char *coding = http_response_header(response, "Transfer-Encoding", 0);
    bool chunked = coding && strcasecmp(coding, "chunked") == 0, end = false;
    int64_t length = -1;
    if (text && !num_i64(text, 0, LIMIT_HTTP_HEAD, &length))
        return http_head_refuse(response, "its Content-Length is no number, or a large one");
    if (!buf_append(&raw, early->bytes, early->len))
        return http_head_refuse(response, "its body is too large");
    while (!end && !is_whole(&raw, chunked, length))
        TRY(read_more(line, wait, &raw, &end));
    if (end && (chunked || length >= 0))
        return err_new(RW9003_SOCKET, "the connection ended in the middle of an answer");
    response->body.max = LIMIT_HTTP_HEAD + READ_BYTES;
    if (!chunked)
        return buf_append(&response->body, raw.bytes, raw.len) ? NULL
                                                               : http_head_refuse(response, "its body is too large");
    return unchunk(&raw, &response->body) ? NULL : http_head_refuse(response, "its body is not in chunks");
}

/* One of those that were asked for, or none. */
static bool is_offered(const char *offered, const char *chosen)
{
    size_t len = strlen(chosen);
    for (const char *at = offered; (at = strstr(at, chosen)) != NULL; at++)
        if ((at == offered || strchr(", ", at[-1])) && strchr(", ", at[len]))
            return true;
    return false;
}

static struct err *check_agreement(struct http_response *response, const char *key, const char *offered)
{
    const char *upgrade = http_response_header(response, "Upgrade", 0);
    const char *accept = http_response_header(response, "Sec-WebSocket-Accept", 0);
    const char *chosen = http_response_header(response, "Sec-WebSocket-Protocol", 0);
    AUTO_STR wanted = http_handshake_accept(key);
    if (!upgrade || strcasecmp(upgrade, "websocket") != 0 || !accept || strcmp(accept, wanted) != 0)
        return http_head_refuse(response, "its 101 does not answer our key");
    if (chosen && !is_offered(offered, chosen))
        return http_head_refuse(response, "it chose a subprotocol that was not offered");
    return NULL;
}

static struct err *shake(struct http_line *line, const struct http_request *request, const char *subprotocols,
                         struct http_response *response, struct buf *rest, bool *agreed)
{
    unsigned char random[KEY_BYTES];
    size_t head_len = 0;
    TRY(entropy_bytes(random, sizeof random));
    AUTO_STR key = base64_encode(random, sizeof random);
    TRY(send_request(line, request, key, subprotocols));
    TRY(read_head(line, request->wait, rest, response, &head_len));
    buf_consume(rest, head_len);
    *agreed = response->status == 101;
    return *agreed ? check_agreement(response, key, subprotocols) : read_body(line, request->wait, rest, response);
}

struct err *http_handshake(struct http_line *line, const struct http_request *request, const char *subprotocols,
                           struct http_response *response, struct buf *rest, bool *agreed)
{
    *agreed = false;
    response->failure = HTTP_ANSWERED;
    struct err *e = shake(line, request, subprotocols, response, rest, agreed);
    if (e && response->failure == HTTP_ANSWERED)
        response->failure = err_get_code(e) == RW9003_SOCKET ? HTTP_CUT : HTTP_ABANDONED;
    return e;
}
