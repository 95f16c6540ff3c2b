/* outage: an API server that is gone for a while, and comes back. For pkg/kube only.
 *
 * One that starts answers before it knows anybody: what says who may do what comes by watches of its own, and until
 * those have told something it answers 403 to whom it served before, or 401 (tokens), and "not yet ready to handle
 * request" as 403 to a write. So a refusal is final, unless
 *   - the server has given the same thing before, or
 *   - it was lost a short while ago: no connection, or one that was cut.
 * Then it counts as a connection that broke, and is tried again with growing pauses, for KUBE_OUTAGE_MS after the
 * first of these refusals; what is still refused by then was taken from us, and the refusal is told.
 */
#ifndef KUBE_OUTAGE_H
#define KUBE_OUTAGE_H

#include <stdint.h>

#include "doc/tree.h"

/* How long an outage may last, be it without a connection or with refusals. A killed API server of Kind serves again
 * after some 5 to 25 s; killed twice it is held back by the kubelet for 10 s more, then for 20 s. */
#define KUBE_OUTAGE_MS 60000

/* Of one client; zeroed is one that has seen nothing. Times are clock_ms's. */
struct kube_outage {
    int64_t lost_ms; /* when the server was lost last; 0: never */
    json_t *served;  /* {what was given once: true} */
    json_t *refused; /* {what is refused: since when} */
};
void kube_outage_release(struct kube_outage *o);

void kube_outage_lost(struct kube_outage *o, int64_t now_ms);

/* kube_outage_is_near: was the server lost less than KUBE_OUTAGE_MS ago? */
bool kube_outage_is_near(const struct kube_outage *o, int64_t now_ms);

/* kube_outage_served: the server has given this. what: a thing that it gives or refuses as a whole, such as
 * "log shop" for all logs of a namespace. */
void kube_outage_served(struct kube_outage *o, const char *what);

/* kube_outage_excuses: it has answered 401 or 403 to this; true: that passes, try again; false: it is final. */
bool kube_outage_excuses(struct kube_outage *o, const char *what, int64_t now_ms) MUST_USE;

#endif
