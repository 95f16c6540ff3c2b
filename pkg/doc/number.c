#include "doc/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* d.ddd × 10^exponent with 17 digits at most, without trailing zeros. */
struct decimal {
    char digits[18];
    int count;
    int exponent;
};

static bool reads_back(const char *text, double number, bool single)
{
    return single ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number;
}

static struct decimal shortest(double number, bool single)
{
    struct decimal d = { .count = 0 };
    char text[40];
    for (int places = 0; places <= 16; places++) {
        snprintf(text, sizeof text, "%.*e", places, number);
        if (reads_back(text, number, single))
            break;
    }
    const char *s = text;
    for (; *s && *s != 'e'; s++) {
        if (*s >= '0' && *s <= '9')
            d.digits[d.count++] = *s;
    }
    while (d.count > 1 && d.digits[d.count - 1] == '0')
        d.count--;
    d.exponent = (int)strtol(*s ? s + 1 : "0", NULL, 10);
    return d;
}

static void add_plain(struct buf *b, const struct decimal *d)
{
    if (d->exponent < 0)
        buf_adds(b, "0.");
    for (int i = d->exponent + 1; i < 0; i++)
        buf_adds(b, "0");
    for (int i = 0; i < d->count || i <= d->exponent; i++) {
        if (i > 0 && i == d->exponent + 1)
            buf_adds(b, ".");
        buf_add(b, i < d->count ? &d->digits[i] : "0", 1);
    }
}

static void add_exponential(struct buf *b, const struct decimal *d)
{
    buf_add(b, d->digits, 1);
    if (d->count > 1) {
        buf_adds(b, ".");
        buf_add(b, d->digits + 1, (size_t)d->count - 1);
    }
    buf_addf(b, "e%+d", d->exponent);
}

char *number_text(double number)
{
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    struct decimal d = shortest(fabs(number), false);
    if (signbit(number))
        buf_adds(&b, "-");
    if (number != 0 && (d.exponent < -6 || d.exponent >= 21))
        add_exponential(&b, &d);
    else
        add_plain(&b, &d);
    return buf_steal(&b, NULL);
}

char *number_key(double number)
{
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    struct decimal d = shortest(fabs((double)(float)number), true);
    if (!isfinite((float)number) || d.exponent < -4 || d.exponent >= 6)
        return NULL;
    if (signbit(number))
        buf_adds(&b, "-");
    add_plain(&b, &d);
    return buf_steal(&b, NULL);
}
