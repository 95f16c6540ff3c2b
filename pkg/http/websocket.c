#include "http/websocket.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/limits.h"
#include "http/handshake.h"
#include "http/line.h"

enum {
    READ_BYTES = 64 * 1024,  /* at a time */
    STEP_BYTES = 256 * 1024, /* then others get their turn */
    WRITE_BYTES = 64 * 1024  /* of frames that wait to be written */
};

struct http_websocket {
    struct http_line *line;
    wslay_event_context_ptr events;
    struct http_websocket_taker taker;
    char *subprotocol;
    struct buf in, out; /* bytes of frames */
    size_t budget;      /* bytes that this step may still read */
    bool held;
    bool more;    /* the last step did not read all that was there */
    bool begins;  /* the next bytes are a message's first */
    bool control; /* those that come now belong to no message */
    bool ended;   /* the peer's stream has */
    int64_t heard_ms;
    struct err *error; /* of a callback: libwslay has no way to hand it through */
};

/* ---------------------------------------------------------------- what libwslay asks for */

static bool fill(struct http_websocket *w)
{
    char piece[READ_BYTES];
    size_t len = 0;
    bool end = false;
    w->more = w->budget == 0;
    if (w->budget == 0 || w->held)
        return false;
    w->error = http_line_read(w->line, piece, sizeof piece, &len, &end);
    w->ended = w->ended || end;
    if (len == 0)
        return false;
    buf_add(&w->in, piece, len);
    w->budget -= len < w->budget ? len : w->budget;
    w->heard_ms = clock_ms();
    return true;
}

static ssize_t give(wslay_event_context_ptr events, uint8_t *to, size_t room, int flags, void *ctx)
{
    struct http_websocket *w = ctx;
    (void)flags;
    if (w->error || (w->in.len == 0 && !fill(w))) {
        wslay_event_set_error(events, w->error || w->ended ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t len = w->in.len < room ? w->in.len : room;
    memcpy(to, w->in.bytes, len);
    buf_consume(&w->in, len);
    return (ssize_t)len;
}

static struct err *flush(struct http_websocket *w)
{
    size_t len = 1;
    while (w->out.len > 0 && len > 0) {
        TRY(http_line_write(w->line, w->out.bytes, w->out.len, &len));
        buf_consume(&w->out, len);
    }
    return NULL;
}

static ssize_t take(wslay_event_context_ptr events, const uint8_t *bytes, size_t len, int flags, void *ctx)
{
    struct http_websocket *w = ctx;
    (void)flags;
    if (!w->error && w->out.len >= WRITE_BYTES)
        w->error = flush(w);
    if (w->error || w->out.len >= WRITE_BYTES) {
        wslay_event_set_error(events, w->error ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t room = w->out.max - w->out.len;
    len = len < room ? len : room;
    buf_add(&w->out, bytes, len);
    return (ssize_t)len;
}

static int give_mask(wslay_event_context_ptr events, uint8_t *to, size_t len, void *ctx)
{
    struct http_websocket *w = ctx;
    w->error = entropy_bytes(to, len);
    if (!w->error)
        return 0;
    wslay_event_set_error(events, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void on_frame(wslay_event_context_ptr events, const struct wslay_event_on_frame_recv_start_arg *frame, void *ctx)
{
    struct http_websocket *w = ctx;
    (void)events;
    w->control = wslay_is_ctrl_frame(frame->opcode);
    if (!w->control && frame->opcode != WSLAY_CONTINUATION_FRAME)
        w->begins = true;
}

static void on_piece(wslay_event_context_ptr events, const struct wslay_event_on_frame_recv_chunk_arg *piece, void *ctx)
{
    struct http_websocket *w = ctx;
    if (w->control || piece->data_length == 0 || w->error)
        return;
    w->error = w->taker.on_bytes(w->taker.ctx, piece->data, piece->data_length, w->begins);
    w->begins = false;
    if (w->error)
        wslay_event_set_error(events, WSLAY_ERR_CALLBACK_FAILURE);
}

/* ---------------------------------------------------------------- life */

static struct err *make_events(struct http_websocket *w)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = give,
        .send_callback = take,
        .genmask_callback = give_mask,
        .on_frame_recv_start_callback = on_frame,
        .on_frame_recv_chunk_callback = on_piece,
    };
    if (wslay_event_context_client_init(&w->events, &callbacks, w) != 0)
        return err_new(RW9005_RESOURCES, "libwslay has no memory for a connection");
    wslay_event_config_set_no_buffering(w->events, 1);
    return NULL;
}

struct err *http_websocket_open(struct http_client *c, const struct http_request *request, const char *subprotocols,
                                struct http_websocket_taker taker, struct http_response *response,
                                struct http_websocket **out)
{
    AUTO_PTR(http_websocket) w = xcalloc(1, sizeof *w);
    bool agreed = false;
    w->taker = taker;
    w->in = BUF_INIT(LIMIT_HTTP_HEAD + 2 * READ_BYTES);
    w->out = BUF_INIT(2 * WRITE_BYTES);
    w->heard_ms = clock_ms();
    TRY(http_line_open(c, request, response, &w->line));
    TRY(http_handshake(w->line, request, subprotocols, response, &w->in, &agreed));
    if (!agreed)
        return NULL;
    const char *chosen = http_response_header(response, "Sec-WebSocket-Protocol", 0);
    w->subprotocol = xstrdup(chosen ? chosen : "");
    w->more = true;
    TRY(make_events(w));
    *out = STEAL(&w);
    return NULL;
}

void http_websocket_free(struct http_websocket *w)
{
    if (!w)
        return;
    if (w->events)
        wslay_event_context_free(w->events);
    http_line_free(w->line);
    err_free(w->error);
    buf_release(&w->in);
    buf_release(&w->out);
    free(w->subprotocol);
    free(w);
}

const char *http_websocket_subprotocol(const struct http_websocket *w)
{
    return w->subprotocol;
}

/* ---------------------------------------------------------------- both ways */

static struct err *queue(struct http_websocket *w, uint8_t opcode, const void *bytes, size_t len)
{
    const struct wslay_event_msg message = { opcode, bytes, len };
    int result = wslay_event_queue_msg(w->events, &message);
    if (result == 0 || result == WSLAY_ERR_NO_MORE_MSG)
        return NULL;
    return err_new(RW9005_RESOURCES, "libwslay cannot queue a message (%d)", result);
}

struct err *http_websocket_send(struct http_websocket *w, const void *head, size_t head_len, const void *bytes,
                                size_t len)
{
    AUTO(buf) whole = BUF_INIT(SIZE_MAX);
    buf_add(&whole, head, head_len);
    buf_add(&whole, bytes, len);
    return queue(w, WSLAY_BINARY_FRAME, buf_text(&whole), whole.len);
}

size_t http_websocket_backlog(const struct http_websocket *w)
{
    return wslay_event_get_queued_msg_length(w->events) + w->out.len;
}

struct err *http_websocket_ping(struct http_websocket *w)
{
    return queue(w, WSLAY_PING, "", 0);
}

struct err *http_websocket_close(struct http_websocket *w)
{
    int result = wslay_event_queue_close(w->events, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
    if (result == 0 || result == WSLAY_ERR_NO_MORE_MSG)
        return NULL;
    return err_new(RW9005_RESOURCES, "libwslay cannot queue a message (%d)", result);
}

void http_websocket_hold(struct http_websocket *w, bool held)
{
    w->more = w->more || (w->held && !held);
    w->held = held;
}

struct net_poll http_websocket_poll(const struct http_websocket *w)
{
    bool writes = w->out.len > 0 || wslay_event_want_write(w->events);
    return (struct net_poll){ .fd = http_line_fd(w->line),
                              .want = (short)((w->held ? 0 : POLLIN) | (writes ? POLLOUT : 0)) };
}

bool http_websocket_is_ready(const struct http_websocket *w)
{
    return !w->held && wslay_event_want_read(w->events) && (w->more || w->in.len > 0);
}

static struct err *broke_protocol(const struct http_websocket *w)
{
    struct err *e = err_new(RW9003_SOCKET, "what came is no WebSocket frame");
    return err_cause(e, "closed with status %d", (int)wslay_event_get_status_code_sent(w->events));
}

static struct err *read_frames(struct http_websocket *w)
{
    w->budget = STEP_BYTES;
    int result = w->held ? 0 : wslay_event_recv(w->events);
    if (w->error)
        return STEAL(&w->error);
    if (result == WSLAY_ERR_NOMEM)
        return err_new(RW9005_RESOURCES, "libwslay has no memory for a frame");
    bool refused = !wslay_event_get_read_enabled(w->events) && !wslay_event_get_close_received(w->events);
    return refused && !w->ended ? broke_protocol(w) : NULL;
}

static struct err *write_frames(struct http_websocket *w)
{
    while (wslay_event_want_write(w->events) && w->out.len < WRITE_BYTES) {
        int result = wslay_event_send(w->events);
        if (w->error)
            return STEAL(&w->error);
        if (result != 0)
            return err_new(RW9005_RESOURCES, "libwslay cannot send (%d)", result);
        TRY(flush(w));
    }
    return flush(w);
}

struct err *http_websocket_step(struct http_websocket *w)
{
    TRY(read_frames(w));
    if (w->ended)
        return NULL;
    return write_frames(w);
}

enum http_websocket_state http_websocket_state(const struct http_websocket *w)
{
    if (wslay_event_get_close_received(w->events))
        return HTTP_WEBSOCKET_CLOSED;
    return w->ended ? HTTP_WEBSOCKET_CUT : HTTP_WEBSOCKET_OPEN;
}

int64_t http_websocket_heard_ms(const struct http_websocket *w)
{
    return w->heard_ms;
}
