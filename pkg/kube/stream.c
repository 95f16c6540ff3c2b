#include "kube/stream.h"

#include "kube/call.h"

struct err *kube_stream_step(struct kube_client *c, int64_t until_ms, bool *changed)
{
    struct http_watch_event event = { 0 };
    struct err *e = http_watch_wait(c->http, (struct net_wait){ until_ms, c->cancel }, &event);
    if (!e) {
        struct kube_stream *stream = event.tag;
        return stream->take(stream, &event, changed);
    }
    if (err_get_code(e) != RW9007_DEADLINE)
        return e;
    err_ignore(e, "nothing happened until then");
    return NULL;
}
