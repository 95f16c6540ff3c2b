#include "flow/tunnel.h"

#include <poll.h>

#include "base/buf.h"
#include "base/clock.h"
#include "kube/forward.h"

enum {
    READ_BYTES = 32 * 1024,
    WAITING_BYTES = 256 * 1024, /* beyond which a side that does not take them holds the other one back */
    LOOK_MS = 1000              /* whether a peer that sends no more is still there */
};

struct tunnel {
    struct kube_forward *forward;
    struct buf to_peer;
    int fd;
    bool reads;  /* the peer may still send */
    bool broken; /* the peer takes nothing any more */
    bool begun;
};

static void tunnel_release(struct tunnel *t)
{
    kube_forward_free(t->forward);
    buf_release(&t->to_peer);
}

static struct err *on_bytes(void *ctx, const void *bytes, size_t len)
{
    struct tunnel *t = ctx;
    buf_add(&t->to_peer, bytes, len);
    if (t->to_peer.len >= WAITING_BYTES)
        kube_forward_hold(t->forward, true);
    return NULL;
}

/* A peer that resets its connection has ended it. */
static void end_peer(struct tunnel *t, struct err *e)
{
    err_ignore(e, "whoever connected here knows that it is over");
    t->broken = true;
}

static struct err *read_peer(struct tunnel *t, const struct cancel *cancel)
{
    char piece[READ_BYTES];
    size_t len = 0;
    struct err *e = net_read(t->fd, piece, sizeof piece, (struct net_wait){ clock_ms(), cancel }, &len);
    if (e && err_get_code(e) == RW9003_SOCKET) {
        end_peer(t, e);
        return NULL;
    }
    TRY(e);
    t->reads = len > 0;
    t->begun = true;
    return len ? kube_forward_send(t->forward, piece, len) : NULL;
}

static void write_peer(struct tunnel *t)
{
    size_t put;
    struct err *e = net_write_some(t->fd, t->to_peer.bytes, t->to_peer.len, &put);
    if (e)
        end_peer(t, e);
    else
        buf_consume(&t->to_peer, put);
    if (t->to_peer.len < WAITING_BYTES / 2)
        kube_forward_hold(t->forward, false);
}

static struct err *wait_and_move(struct tunnel *t, int64_t next_ms, const struct cancel *cancel)
{
    bool wants = t->reads && kube_forward_backlog(t->forward) < WAITING_BYTES;
    short peer = (short)((wants ? POLLIN : 0) | (t->to_peer.len ? POLLOUT : 0));
    struct net_poll polls[] = { kube_forward_poll(t->forward), { .fd = peer ? t->fd : -1, .want = peer } };
    int64_t until_ms = t->reads ? next_ms : clock_earlier(next_ms, clock_after(LOOK_MS));
    if (kube_forward_is_over(t->forward))
        polls[0].fd = -1;
    struct err *e = net_poll(polls, COUNT_OF(polls),
                             (struct net_wait){ kube_forward_is_ready(t->forward) ? clock_ms() : until_ms, cancel });
    if (e && err_get_code(e) == RW9007_DEADLINE) {
        err_ignore(e, "it is time to look again");
        return NULL;
    }
    TRY(e);
    if (polls[1].fd >= 0 && polls[1].got & POLLOUT)
        write_peer(t);
    if (polls[1].fd >= 0 && polls[1].got & (POLLIN | POLLHUP | POLLERR) && wants && !t->broken)
        return read_peer(t, cancel);
    return NULL;
}

static bool is_over(const struct tunnel *t)
{
    if (t->broken || (kube_forward_is_over(t->forward) && t->to_peer.len == 0))
        return true;
    return !t->reads && kube_forward_backlog(t->forward) == 0 && net_peer_is_gone(t->fd);
}

static struct err *move_all(struct tunnel *t, const struct cancel *cancel)
{
    for (;;) {
        int64_t next_ms = CLOCK_NEVER;
        if (!kube_forward_is_over(t->forward))
            TRY(kube_forward_step(t->forward, &next_ms));
        if (is_over(t) || (kube_forward_complaint(t->forward) && t->to_peer.len == 0))
            return NULL;
        TRY(wait_and_move(t, next_ms, cancel));
    }
}

struct err *tunnel_run(struct kube_client *kube, const struct tunnel_end *to, int fd, const struct cancel *cancel,
                       bool *begun, char **complaint)
{
    AUTO(tunnel) t = { .fd = fd, .reads = true, .to_peer = BUF_INIT(SIZE_MAX) };
    TRY(kube_forward_open(kube, to->namespace, to->pod, to->port, (struct kube_forward_taker){ on_bytes, &t },
                          &t.forward));
    struct err *e = move_all(&t, cancel);
    *begun = t.begun;
    *complaint = xstrdup(kube_forward_complaint(t.forward));
    return e;
}
