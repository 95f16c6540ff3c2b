/* resume: what was read of a container's log, so that it can be read on after a break. Pure.
 *
 * The server can be asked for the lines since a whole second only, so it repeats some. Those are known by
 * their times, each as often as it was seen: two lines may have the same nanosecond, and what a container
 * writes to stdout and to stderr may come a little out of order. Remembered are the lines of the newest
 * second and the one before, at most RESUME_LINES of them; beyond that a line that is not newer than what was
 * forgotten counts as a repeat after a break.
 */
#ifndef PODS_RESUME_H
#define PODS_RESUME_H

#include <stdint.h>

#include "base/mem.h"

enum { RESUME_LINES = 1 << 18 };

struct log_owed {
    int64_t time_ns;
    size_t times;
};

/* Zeroed is one that has seen nothing. */
struct log_resume {
    int64_t *seen; /* in the order in which they came */
    size_t count, room;
    int64_t newest_ns;     /* 0: none yet */
    int64_t forgotten_ns;  /* the newest line that was forgotten for want of room */
    struct log_owed *owed; /* sorted: what the server repeats after a break */
    size_t owed_count;
    bool again; /* this is not the first reading */
};

void log_resume_release(struct log_resume *r);
void log_resume_copy(const struct log_resume *r, struct log_resume *out); /* out is zeroed */

/* log_resume_since: the second from which on lines have to be asked for; 0: from the beginning. */
int64_t log_resume_since(const struct log_resume *r);

/* log_resume_begin: a reading begins, with the lines since log_resume_since. */
void log_resume_begin(struct log_resume *r);

/* log_resume_take: true for a line that was not seen before. */
bool log_resume_take(struct log_resume *r, int64_t time_ns) MUST_USE;

#endif
