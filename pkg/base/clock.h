/* clock: time that only moves forward.
 *
 * Waits and durations are CLOCK_MONOTONIC milliseconds. A deadline is an absolute time made once,
 * at the edge (cmd/), and passed down; CLOCK_NEVER is no deadline. The wall clock is for texts
 * that people read and for comparing with times that a server wrote. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/mem.h"

#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);
int64_t clock_after(int64_t ms); /* the deadline that lies ms ahead */
int64_t clock_earlier(int64_t a, int64_t b);
int clock_poll_timeout(int64_t deadline_ms); /* for poll(2): 0 … INT_MAX, or -1 for CLOCK_NEVER */
int64_t clock_wall_s(void);                  /* seconds since the epoch */

/* clock_parse_rfc3339: "2025-01-02T03:04:05Z", also with a fraction, as Kubernetes writes it, or with an offset
 * ("+02:00") instead of the Z, as container runtimes and credential plugins do.
 * clock_parse_ns: the same in nanoseconds, of times that 64 bits can hold. */
bool clock_parse_rfc3339(const char *s, int64_t *out_s) MUST_USE;
bool clock_parse_ns(const char *s, int64_t *out_ns) MUST_USE;

/* clock_rfc3339: "2025-01-02T03:04:05Z" of seconds since the epoch; owned. */
char *clock_rfc3339(int64_t s) MUST_USE;

#endif
