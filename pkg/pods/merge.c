#include "pods/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void merge_open(struct merge *m, struct merge_source *s, int64_t now_ms)
{
    if (!s->listed) {
        s->next = m->sources;
        m->sources = s;
        s->last = &s->first;
    }
    s->listed = s->open = true;
    s->spoke = false;
    s->heard_ms = now_ms;
}

void merge_close(struct merge_source *s)
{
    s->open = false;
}

static struct merge_line *pop(struct merge_source *s)
{
    struct merge_line *line = s->first;
    s->first = line->next;
    if (!s->first)
        s->last = &s->first;
    s->bytes -= line->len + sizeof *line;
    return line;
}

void merge_remove(struct merge *m, struct merge_source *s)
{
    struct merge_source **at = &m->sources;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    while (s->first)
        free(pop(s));
    *s = (struct merge_source){ 0 };
}

void merge_put(struct merge_source *s, int64_t now_ms, int64_t age_ms, const struct merge_line *line, const char *text)
{
    struct merge_line *copy = xcalloc(1, sizeof *copy + line->len + 1);
    *copy = *line;
    copy->next = NULL;
    copy->born_ms = age_ms > 0 ? now_ms - age_ms : now_ms;
    memcpy(copy->text, text, line->len);
    *s->last = copy;
    s->last = &copy->next;
    s->bytes += line->len + sizeof *line;
    s->heard_ms = now_ms;
    s->spoke = true;
}

bool merge_is_full(const struct merge_source *s)
{
    return s->bytes >= MERGE_QUEUE_BYTES;
}

static struct merge_source *oldest(const struct merge *m)
{
    struct merge_source *oldest = NULL;
    for (struct merge_source *s = m->sources; s; s = s->next)
        if (s->first && (!oldest || s->first->time_ns < oldest->first->time_ns))
            oldest = s;
    return oldest;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* When no source that is open and has nothing can be expected any more to have something older. */
static int64_t due(const struct merge *m, const struct merge_line *line)
{
    int64_t due_ms = 0;
    for (const struct merge_source *s = m->sources; s; s = s->next) {
        if (s->first || !s->open)
            continue;
        due_ms = later(due_ms, line->born_ms + MERGE_WINDOW_MS);
        due_ms = later(due_ms, s->heard_ms + (s->spoke ? MERGE_WINDOW_MS : MERGE_FIRST_MS));
    }
    return due_ms;
}

struct merge_line *merge_take(struct merge *m, int64_t now_ms, int64_t *due_ms)
{
    struct merge_source *s = oldest(m);
    *due_ms = s ? due(m, s->first) : CLOCK_NEVER;
    return s && *due_ms <= now_ms ? pop(s) : NULL;
}
