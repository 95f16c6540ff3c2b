#include "kube/forward.h"

#include <stdlib.h>
#include <string.h>

#include "kube/channels.h"

enum { CHANNEL_DATA, CHANNEL_ERROR, CHANNELS, PORT_BYTES = 2, COMPLAINT_BYTES = 4096 };

struct kube_forward {
    struct kube_channels *channels;
    struct kube_forward_taker taker;
    size_t greeting[CHANNELS]; /* bytes that came of the port in front */
    struct buf complaint;
};

static struct err *complain(struct kube_forward *f, const char *bytes, size_t len)
{
    size_t room = f->complaint.max - f->complaint.len;
    buf_add(&f->complaint, bytes, len < room ? len : room);
    return NULL;
}

static struct err *on_bytes(void *ctx, unsigned channel, const void *bytes, size_t len, bool begins)
{
    struct kube_forward *f = ctx;
    const char *at = bytes;
    (void)begins;
    if (channel >= CHANNELS)
        return err_new(RW5105_CLUSTER_PROTOCOL, "the node speaks on channel %u, of %d", channel, CHANNELS);
    size_t left = PORT_BYTES - f->greeting[channel];
    size_t skipped = len < left ? len : left;
    f->greeting[channel] += skipped;
    at += skipped;
    len -= skipped;
    if (len == 0)
        return NULL;
    return channel == CHANNEL_ERROR ? complain(f, at, len) : f->taker.on_bytes(f->taker.ctx, at, len);
}

static struct err *refused(const struct kube_answer *answer, const char *namespace, const char *pod)
{
    AUTO_STR words = kube_answer_words(answer);
    if (answer->status == 404)
        return err_cause(err_new(RW6403_POD_GONE, "pod %s/%s is no longer there", namespace, pod), "404: %s", words);
    struct err *e = kube_unexpected(answer, "cannot forward to pod %s/%s", namespace, pod);
    return answer->status == 403 ? err_next(e, "kubectl -n %s auth can-i create pods/portforward", namespace) : e;
}

struct err *kube_forward_open(struct kube_client *c, const char *namespace, const char *pod, int port,
                              struct kube_forward_taker taker, struct kube_forward **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(kube_answer) answer = { 0 };
    AUTO_PTR(kube_forward) f = xcalloc(1, sizeof *f);
    AUTO_STR number = xasprintf("%d", port);
    f->taker = taker;
    f->complaint = BUF_INIT(COMPLAINT_BYTES);
    http_path_fixed(&path, "/api/v1/namespaces");
    http_path_segment(&path, namespace);
    http_path_fixed(&path, "/pods");
    http_path_segment(&path, pod);
    http_path_fixed(&path, "/portforward");
    http_path_query(&path, "ports", number);
    TRY(kube_channels_open(c, &path, "v4.channel.k8s.io", (struct kube_channel_taker){ on_bytes, f }, &answer,
                           &f->channels));
    if (!f->channels)
        return refused(&answer, namespace, pod);
    *out = STEAL(&f);
    return NULL;
}

void kube_forward_free(struct kube_forward *f)
{
    if (!f)
        return;
    kube_channels_free(f->channels);
    buf_release(&f->complaint);
    free(f);
}

struct err *kube_forward_send(struct kube_forward *f, const void *bytes, size_t len)
{
    return kube_channels_send(f->channels, CHANNEL_DATA, bytes, len);
}

size_t kube_forward_backlog(const struct kube_forward *f)
{
    return http_websocket_backlog(kube_channels_websocket(f->channels));
}

void kube_forward_hold(struct kube_forward *f, bool held)
{
    http_websocket_hold(kube_channels_websocket(f->channels), held);
}

struct net_poll kube_forward_poll(const struct kube_forward *f)
{
    return http_websocket_poll(kube_channels_websocket(f->channels));
}

bool kube_forward_is_ready(const struct kube_forward *f)
{
    return http_websocket_is_ready(kube_channels_websocket(f->channels));
}

struct err *kube_forward_step(struct kube_forward *f, int64_t *next_ms)
{
    return kube_channels_step(f->channels, next_ms);
}

bool kube_forward_is_over(const struct kube_forward *f)
{
    return http_websocket_state(kube_channels_websocket(f->channels)) != HTTP_WEBSOCKET_OPEN;
}

const char *kube_forward_complaint(const struct kube_forward *f)
{
    return f->complaint.len ? buf_text(&f->complaint) : NULL;
}
