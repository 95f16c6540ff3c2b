/* mirror: lists of objects that follow the server.
 *
 * Each entry is first listed, then watched (with bookmarks) each on a connection of its own. A cut
 * watch goes on from the last resourceVersion; 410 Gone, as a status or inside the stream, lists
 * again, at most once a second per entry. A server that is gone, or starts, is waited for (outage.h). Whoever reads a
 * mirror sees states, not events: repeats, reordering and what was missed during a cut don't matter.
 */
#ifndef KUBE_MIRROR_H
#define KUBE_MIRROR_H

#include "kube/client.h"

struct kube_mirror;

/* The client is borrowed and must outlive the mirror; it may be used for other calls meanwhile. */
struct err *kube_mirror_new(struct kube_client *c, struct kube_mirror **out) MUST_USE;
void kube_mirror_free(struct kube_mirror *m);
DEFINE_FREEP(kube_mirror)

/* kube_mirror_add: lists the objects of a kind in a namespace and follows them from there on.
 * *entry is the number to read it by. The same kind and namespace twice is one entry. */
struct err *kube_mirror_add(struct kube_mirror *m, const char *api_version, const char *kind, const char *namespace,
                            size_t *entry) MUST_USE;

/* kube_mirror_items: the array as it is now, borrowed until the next call on m. */
const json_t *kube_mirror_items(const struct kube_mirror *m, size_t entry);

/* kube_mirror_changes: how many changes of any entry it has seen; for whoever waits for other things, too. */
uint64_t kube_mirror_changes(const struct kube_mirror *m);

/* kube_mirror_wait: until something changed or the deadline, which is no error. *changed may be
 * NULL. A line or the end of a log (log.h) of the same client is a change, too. */
struct err *kube_mirror_wait(struct kube_mirror *m, int64_t deadline_ms, bool *changed) MUST_USE;

#endif
