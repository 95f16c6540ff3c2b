/* stream: what a client has open besides its calls: watches and logs. They share one wait, and each
 * event goes to the one that it belongs to. For pkg/kube only.
 */
#ifndef KUBE_STREAM_H
#define KUBE_STREAM_H

#include "http/watch.h"
#include "kube/client.h"

/* The first member of whatever is given to http_watch_open as its tag. take: *changed is set to true where
 * whoever waits has something to look at. */
struct kube_stream {
    struct err *(*take)(struct kube_stream *s, const struct http_watch_event *event, bool *changed);
};

/* kube_stream_step: one event of any of the client's streams, or nothing until then; that is no error. */
struct err *kube_stream_step(struct kube_client *c, int64_t until_ms, bool *changed) MUST_USE;

#endif
