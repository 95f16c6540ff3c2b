#include "pods/resume.h"

#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = 1000000000;

void log_resume_release(struct log_resume *r)
{
    free(r->seen);
    free(r->owed);
    *r = (struct log_resume){ 0 };
}

void log_resume_copy(const struct log_resume *r, struct log_resume *out)
{
    *out = *r;
    out->owed = NULL;
    out->owed_count = 0;
    out->room = r->count;
    out->seen = r->count ? xcalloc(r->count, sizeof *out->seen) : NULL;
    for (size_t i = 0; i < r->count; i++)
        out->seen[i] = r->seen[i];
}

int64_t log_resume_since(const struct log_resume *r)
{
    int64_t second = r->newest_ns / SECOND_NS;
    return second > 1 ? second - 1 : second;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void log_resume_begin(struct log_resume *r)
{
    r->again = r->count > 0;
    r->owed_count = 0;
    if (!r->again)
        return;
    int64_t *sorted = xcalloc(r->count, sizeof *sorted);
    memcpy(sorted, r->seen, r->count * sizeof *sorted);
    qsort(sorted, r->count, sizeof *sorted, by_time);
    r->owed = xrealloc(r->owed, r->count, sizeof *r->owed);
    for (size_t i = 0; i < r->count; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1])
            r->owed[r->owed_count - 1].times++;
        else
            r->owed[r->owed_count++] = (struct log_owed){ sorted[i], 1 };
    }
    free(sorted);
}

static bool is_repeat(struct log_resume *r, int64_t time_ns)
{
    if (!r->again)
        return false;
    if (r->forgotten_ns && time_ns <= r->forgotten_ns)
        return true;
    struct log_owed *owed = r->owed_count ? bsearch(&time_ns, r->owed, r->owed_count, sizeof *r->owed, by_time) : NULL;
    if (!owed || owed->times == 0)
        return false;
    owed->times--;
    return true;
}

/* Lines that will not be asked for again, as a new second has begun. */
static void forget_old(struct log_resume *r)
{
    int64_t oldest_ns = log_resume_since(r) * SECOND_NS;
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->seen[i] >= oldest_ns)
            r->seen[kept++] = r->seen[i];
    r->count = kept;
}

static void forget_half(struct log_resume *r)
{
    size_t half = r->count / 2;
    for (size_t i = 0; i < half; i++)
        if (r->seen[i] > r->forgotten_ns)
            r->forgotten_ns = r->seen[i];
    r->count -= half;
    memmove(r->seen, r->seen + half, r->count * sizeof *r->seen);
}

bool log_resume_take(struct log_resume *r, int64_t time_ns)
{
    if (is_repeat(r, time_ns))
        return false;
    bool new_second = time_ns / SECOND_NS > r->newest_ns / SECOND_NS;
    if (time_ns > r->newest_ns)
        r->newest_ns = time_ns;
    if (new_second)
        forget_old(r);
    if (r->count == RESUME_LINES)
        forget_half(r);
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        r->seen = xrealloc(r->seen, r->room, sizeof *r->seen);
    }
    r->seen[r->count++] = time_ns;
    return true;
}
