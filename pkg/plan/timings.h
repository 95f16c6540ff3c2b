/* timings: where the time of a run went: phases of which one is under way at any moment, so that their
 * times add up to the whole. */
#ifndef PLAN_TIMINGS_H
#define PLAN_TIMINGS_H

#include <pthread.h>

#include "ui/ui.h"

enum { TIMINGS_PHASES = 32 };

struct timing {
    const char *stage; /* both borrowed for ever */
    const char *phase;
    int64_t ms;
};

struct timings {
    pthread_mutex_t lock;
    int64_t began_ms, since_ms;
    struct timing items[TIMINGS_PHASES]; /* in the order in which they were entered first */
    size_t count;
    size_t current;
};

void timings_begin(struct timings *t);
void timings_release(struct timings *t);

/* timings_enter: the phase that is under way from now on; it may have been before. By any thread. */
void timings_enter(struct timings *t, const char *stage, const char *phase);

/* timings_tell: what each phase took, and the whole; phases that took no millisecond are left out. Ends
 * the last one. service may be NULL. */
void timings_tell(struct timings *t, struct ui *ui, const char *service);

#endif
