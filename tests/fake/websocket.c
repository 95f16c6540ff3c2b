#include "fake/websocket.h"

#include <stdlib.h>
#include <string.h>

#include "http/handshake.h"

static const char UNKNOWN[] = "????????????????????????????"; /* as long as the answer to a key */

void fake_script_release(struct fake_script *s)
{
    buf_release(&s->frames);
    free(s->whole);
}

void fake_frame(struct buf *out, unsigned char first, const char *bytes, size_t len)
{
    unsigned char head[4] = { first, (unsigned char)len, 0, 0 };
    size_t head_len = 2;
    if (len > 125) {
        head[1] = 126;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)(len & 255);
        head_len = 4;
    }
    buf_add(out, head, head_len);
    buf_add(out, bytes, len);
}

/* The answer that belongs to the request's key goes into the head. */
static void agree(void *ctx, const char *request)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    struct fake_script *s = ctx;
    const char *key = strstr(request, name);
    AUTO_STR own_key = key ? xstrndup(key + strlen(name), strcspn(key + strlen(name), "\r")) : xstrdup("");
    AUTO_STR accept = http_handshake_accept(own_key);
    char *place = memmem(s->whole, s->reply.len, UNKNOWN, strlen(UNKNOWN));
    if (place)
        memcpy(place, accept, strlen(UNKNOWN));
}

size_t fake_script_end(struct fake_script *s, const char *subprotocol, size_t len)
{
    AUTO(buf) whole = BUF_INIT(1 << 22);
    size_t all;
    buf_addf(&whole,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
             UNKNOWN, subprotocol);
    s->head_len = whole.len;
    buf_add(&whole, s->frames.bytes, s->frames.len);
    s->whole = buf_steal(&whole, &all);
    s->reply = (struct fake_reply){ .bytes = s->whole, .len = len ? len : all, .act = agree, .act_ctx = s };
    return all;
}
