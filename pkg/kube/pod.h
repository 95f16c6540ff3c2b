/* pod: what a cluster tells about one pod besides its object: its events and its output. */
#ifndef KUBE_POD_H
#define KUBE_POD_H

#include "base/buf.h"
#include "kube/client.h"

/* kube_logs: the last `lines` lines of a container, of its current or its previous instance; at
 * most LIMIT_POD_LOG bytes, of which the end is kept. Empty, without an error, when there is
 * nothing to read: not started yet, or no previous instance. out is initialised here. */
struct err *kube_logs(struct kube_client *c, const char *namespace, const char *pod, const char *container,
                      bool previous, int lines, struct buf *out) MUST_USE;

/* kube_events: an owned array of the events about the object with this uid, oldest first. Asked for once,
 * without the repeats of client.h: who watches an object asks for its events again and again. */
struct err *kube_events(struct kube_client *c, const char *namespace, const char *uid, json_t **out) MUST_USE;

#endif
