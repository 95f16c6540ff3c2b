/* cancel: one token says that the user wants us to stop.
 *
 * cmd/ makes one token, its signal handler requests it, and every wait (net, http, proc, locks)
 * watches cancel_fd beside what it waits for. It is level-triggered and never resets: once
 * requested, every wait that is given this token ends with RW9009_INTERRUPTED. Work that has to be
 * done after that (closing a stream, ending a process in a node) uses a token of its own, or NULL.
 */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdint.h>

#include "base/err.h"

struct cancel;

struct err *cancel_new(struct cancel **out) MUST_USE; /* fault point: cancel.new */
void cancel_free(struct cancel *c);
DEFINE_FREEP(cancel)

/* cancel_request: async-signal-safe. cause_signal: the signal's number, 0 if none. */
void cancel_request(struct cancel *c, int cause_signal);
bool cancel_requested(const struct cancel *c); /* false for NULL */
int cancel_signal(const struct cancel *c);
int cancel_fd(const struct cancel *c); /* readable once requested; -1 for NULL */

/* cancel_check: RW9009_INTERRUPTED once requested, else NULL. */
struct err *cancel_check(const struct cancel *c) MUST_USE;

/* cancel_sleep: waits until the deadline; RW9009_INTERRUPTED when requested before it. */
struct err *cancel_sleep(const struct cancel *c, int64_t deadline_ms) MUST_USE;

#endif
