#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool num_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
    const char *digits = s[0] == '-' && min < 0 ? s + 1 : s;
    if (!isdigit((unsigned char)digits[0]))
        return false;
    char *end;
    errno = 0;
    intmax_t value = strtoimax(s, &end, 10);
    if (errno || *end || value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool num_duration_ms(const char *s, int64_t *out_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = { { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 } };
    static const int64_t longest_ms = 24 * 3600 * 1000;
    size_t digits = strspn(s, "0123456789");
    AUTO_STR number = xstrndup(s, digits);
    int64_t value;
    if (!num_i64(number, 0, longest_ms, &value))
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strcmp(s + digits, units[i].name) == 0 && value <= longest_ms / units[i].ms) {
            *out_ms = value * units[i].ms;
            return true;
        }
    return false;
}

char *num_bytes(uint64_t bytes)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB" };
    if (bytes < 1000)
        return xasprintf("%" PRIu64 " B", bytes);
    double value = (double)bytes / 1000;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < COUNT_OF(units)) {
        value /= 1000;
        unit++;
    }
    return xasprintf("%.1f %s", value, units[unit]);
}

char *num_elapsed(int64_t ms)
{
    if (ms < 9995) /* the bounds are where rounding would reach the next form: no "10.00 s", no "60.0 s" */
        return xasprintf("%.2f s", (double)ms / 1000);
    if (ms < 59950)
        return xasprintf("%.1f s", (double)ms / 1000);
    int64_t seconds = (ms + 500) / 1000;
    return xasprintf("%" PRId64 " min %02" PRId64 " s", seconds / 60, seconds % 60);
}
