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

/* "Z", or "+02:00": *rest moves behind it. */
static bool parse_offset(const char **rest, int64_t *offset_s)
{
    const char *s = *rest;
    *offset_s = 0;
    *rest = s + 1;
    if (*s == 'Z')
        return true;
    if ((*s != '+' && *s != '-') || strspn(s + 1, "0123456789") != 2 || s[3] != ':' || strspn(s + 4, "0123456789") != 2)
        return false;
    int64_t hours = (s[1] - '0') * 10 + s[2] - '0', minutes = (s[4] - '0') * 10 + s[5] - '0';
    *offset_s = (hours * 60 + minutes) * (*s == '-' ? -60 : 60);
    *rest = s + 6;
    return hours < 24 && minutes < 60;
}

/* The digits behind the dot, of which those below a nanosecond don't count. */
static int64_t parse_fraction(const char **rest)
{
    int64_t ns = 0, unit = 100000000;
    const char *s = *rest;
    for (s += *s == '.'; s > *rest && *s >= '0' && *s <= '9'; s++, unit /= 10)
        ns += (*s - '0') * unit;
    *rest = s;
    return ns;
}

bool clock_parse_ns(const char *s, int64_t *out_ns)
{
    struct tm t = { 0 };
    int64_t offset_s;
    const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &t);
    if (!rest)
        return false;
    int64_t fraction_ns = parse_fraction(&rest);
    if (!parse_offset(&rest, &offset_s) || *rest)
        return false;
    int64_t seconds = timegm(&t) - offset_s;
    if (seconds > INT64_MAX / 1000000000 - 1 || seconds < 0)
        return false;
    *out_ns = seconds * 1000000000 + fraction_ns;
    return true;
}

char *clock_rfc3339(int64_t s)
{
    char text[64];
    struct tm t;
    time_t seconds = (time_t)s;
    gmtime_r(&seconds, &t);
    return xstrndup(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t));
}

bool clock_parse_rfc3339(const char *s, int64_t *out_s)
{
    struct tm t = { 0 };
    const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &t);
    if (!rest)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    int64_t offset_s;
    if (!parse_offset(&rest, &offset_s) || *rest)
        return false;
    *out_s = timegm(&t) - offset_s;
    return true;
}
