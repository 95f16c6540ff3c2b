#include "plan/timings.h"

#include <string.h>

#include "base/clock.h"

void timings_begin(struct timings *t)
{
    pthread_mutex_init(&t->lock, NULL);
    t->began_ms = t->since_ms = clock_ms();
    t->count = t->current = 0;
}

void timings_release(struct timings *t)
{
    pthread_mutex_destroy(&t->lock);
}

static void end_current(struct timings *t)
{
    int64_t now = clock_ms();
    if (t->count > 0)
        t->items[t->current].ms += now - t->since_ms;
    t->since_ms = t->count > 0 ? now : t->began_ms; /* what was before the first belongs to it */
}

static size_t find(const struct timings *t, const char *stage, const char *phase)
{
    size_t i = 0;
    while (i < t->count && (strcmp(t->items[i].stage, stage) != 0 || strcmp(t->items[i].phase, phase) != 0))
        i++;
    return i;
}

void timings_enter(struct timings *t, const char *stage, const char *phase)
{
    pthread_mutex_lock(&t->lock);
    end_current(t);
    t->current = find(t, stage, phase);
    if (t->current == TIMINGS_PHASES)
        BUG("too many phases for \"%s\"", phase);
    if (t->current == t->count)
        t->items[t->count++] = (struct timing){ stage, phase, 0 };
    pthread_mutex_unlock(&t->lock);
}

static void tell(struct ui *ui, const char *service, const char *stage, int64_t ms, const char *phase)
{
    ui_tell(ui, &(struct ui_event){ .kind = UI_TIMING, .service = service, .stage = stage, .elapsed_ms = ms }, "%s",
            phase);
}

void timings_tell(struct timings *t, struct ui *ui, const char *service)
{
    pthread_mutex_lock(&t->lock);
    end_current(t);
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].ms > 0)
            tell(ui, service, t->items[i].stage, t->items[i].ms, t->items[i].phase);
    tell(ui, service, "time", t->since_ms - t->began_ms, "in all");
    pthread_mutex_unlock(&t->lock);
}
