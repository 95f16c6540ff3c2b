/* merge: lines of several logs in the order of their times. Pure; the clock is the caller's.
 *
 * Each log is a source with a queue of its own. The oldest line at the head of a queue is given out as soon as
 * nothing older can come: every other source that is open has a line waiting, too, or has said nothing for
 * MERGE_WINDOW_MS, and the line was written as long ago. A source that was opened just now has MERGE_FIRST_MS for its
 * first line. A line that comes later than that is shown late, but shown.
 */
#ifndef PODS_MERGE_H
#define PODS_MERGE_H

#include <stdint.h>

#include "base/mem.h"

enum {
    MERGE_WINDOW_MS = 250,
    MERGE_FIRST_MS = 1000,
    MERGE_QUEUE_BYTES = 512 * 1024 /* of one source, beyond which nobody should put more */
};

struct merge_line {
    struct merge_line *next;
    int64_t time_ns;
    int64_t born_ms;
    void *tag;
    size_t len;
    bool cut;  /* the text was longer */
    bool mark; /* not the container's own words */
    char text[];
};

/* Embedded in what is the caller's; zeroed is one without lines. */
struct merge_source {
    struct merge_source *next;
    struct merge_line *first, **last;
    size_t bytes;
    int64_t heard_ms; /* when it was opened, or said something */
    bool listed, open, spoke;
};

struct merge {
    struct merge_source *sources;
};

/* merge_open: lines may come from it from now on; also one that was closed before.
 * merge_close: none will; those that wait stay. merge_remove: forgets it, with its lines. */
void merge_open(struct merge *m, struct merge_source *s, int64_t now_ms);
void merge_close(struct merge_source *s);
void merge_remove(struct merge *m, struct merge_source *s);

/* merge_put: time_ns: since the epoch, the line's own; age_ms: how long ago that was. The text is copied. */
void merge_put(struct merge_source *s, int64_t now_ms, int64_t age_ms, const struct merge_line *line, const char *text);
bool merge_is_full(const struct merge_source *s);

/* merge_take: the next line, owned (free), or NULL when none is due yet; then *due_ms is when one may be, and
 * CLOCK_NEVER when nothing waits. At the end now_ms is CLOCK_NEVER: nothing waits for what is older. */
struct merge_line *merge_take(struct merge *m, int64_t now_ms, int64_t *due_ms) MUST_USE;

#endif
