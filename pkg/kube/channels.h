/* channels: a WebSocket of the API server on which several streams travel, told apart by the first byte of each
 * message (wsstream's "channel.k8s.io" protocols). For pkg/kube only.
 */
#ifndef KUBE_CHANNELS_H
#define KUBE_CHANNELS_H

#include "http/websocket.h"
#include "kube/call.h"

enum { KUBE_CHANNEL_END = 255 }; /* of v5: the next byte is a channel that gets nothing more */

struct kube_channels;

/* on_bytes: of a channel, in order; in pieces. begins: they are a message's first. */
struct kube_channel_taker {
    struct err *(*on_bytes)(void *ctx, unsigned channel, const void *bytes, size_t len, bool begins);
    void *ctx;
};

/* kube_channels_open: a GET of the path; subprotocols: "v5.channel.k8s.io, …". *answer: what the server says instead
 * of opening it, *out then NULL, and no error; also of what passes (429, 502 …), which is not repeated: what was asked
 * for may have begun. After a 401, before which nothing begins, it logs in again, once, as kube_call does. */
struct err *kube_channels_open(struct kube_client *c, const struct http_path *path, const char *subprotocols,
                               struct kube_channel_taker taker, struct kube_answer *answer,
                               struct kube_channels **out) MUST_USE;
void kube_channels_free(struct kube_channels *k);
DEFINE_FREEP(kube_channels)

/* kube_channels_speak: is this the subprotocol that was chosen? */
bool kube_channels_speak(const struct kube_channels *k, const char *subprotocol);

struct err *kube_channels_send(struct kube_channels *k, unsigned channel, const void *bytes, size_t len) MUST_USE;

/* kube_channels_websocket: for what is the same for all of them: poll, backlog, hold, close. */
struct http_websocket *kube_channels_websocket(struct kube_channels *k);

/* kube_channels_step: as http_websocket_step; pings a silent peer, and takes one for dead that has said nothing for
 * KUBE_DEAD_MS. RW5103_CLUSTER_UNREACHABLE. *next_ms: when to call it again, whatever happens. */
#define KUBE_PING_MS 5000
#define KUBE_DEAD_MS 61000
struct err *kube_channels_step(struct kube_channels *k, int64_t *next_ms) MUST_USE;

#endif
