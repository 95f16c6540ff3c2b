/* websocket: a peer's side of a WebSocket, as a script: frames that the fake server (server.h) sends behind the head
 * which agrees to the client's key. */
#ifndef FAKE_WEBSOCKET_H
#define FAKE_WEBSOCKET_H

#include "base/buf.h"
#include "fake/server.h"

struct fake_script {
    struct buf frames; /* BUF_INIT before the first is added */
    char *whole;       /* head and frames */
    size_t head_len;
    struct fake_reply reply; /* filled by fake_script_end; its piece, drain … may be changed then */
};
void fake_script_release(struct fake_script *s);

/* fake_frame: appends one. first: its first byte, 0x82 of a binary message that is whole, 0x88 of the end. */
void fake_frame(struct buf *out, unsigned char first, const char *bytes, size_t len);

/* fake_script_end: no more frames. Only len bytes of head and frames are sent; 0: all. Returns how many there are. */
size_t fake_script_end(struct fake_script *s, const char *subprotocol, size_t len);

#endif
