#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t milliseconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
    return milliseconds(CLOCK_MONOTONIC);
}

int64_t clock_after(int64_t ms)
{
    int64_t now = clock_ms();
    return ms >= CLOCK_NEVER - now ? CLOCK_NEVER : now + ms;
}

int64_t clock_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int clock_poll_timeout(int64_t deadline_ms)
{
    if (deadline_ms == CLOCK_NEVER)
        return -1;
    int64_t left = deadline_ms - clock_ms();
    if (left <= 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t clock_wall_s(void)
{
    return milliseconds(CLOCK_REALTIME) / 1000;
}

bool clock_parse_rfc3339(const char *s, int64_t *out_s)
{
    struct tm t = { 0 };
    const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &t);
    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (strcmp(rest, "Z") != 0)
        return false;
    *out_s = timegm(&t);
    return true;
}
