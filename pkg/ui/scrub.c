#include "ui/scrub.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_continuation(const char *s, size_t len, size_t at)
{
    return at < len && ((unsigned char)s[at] & 0xC0) == 0x80;
}

/* The length of the well-formed UTF-8 sequence at s and its code point; 0 when there is none. */
static size_t decode(const char *s, size_t len, uint32_t *point)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = { { 0x80, 0x00, 0 }, { 0xE0, 0xC0, 0x80 }, { 0xF0, 0xE0, 0x800 }, { 0xF8, 0xF0, 0x10000 } };
    unsigned char first = (unsigned char)s[0];
    for (size_t more = 0; more < COUNT_OF(forms); more++) {
        if ((first & forms[more].mask) != forms[more].lead)
            continue;
        uint32_t value = first & (unsigned char)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if (!is_continuation(s, len, i))
                return 0;
            value = value << 6 | ((unsigned char)s[i] & 0x3F);
        }
        if (value < forms[more].least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
            return 0;
        *point = value;
        return more + 1;
    }
    return 0;
}

static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point < 0xA0);
}

static bool is_bidirectional(uint32_t point)
{
    return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0x200E ||
           point == 0x200F || point == 0x061C;
}

static bool add_visibly(struct buf *out, const char *s, size_t length, uint32_t point)
{
    char text[16];
    int written;
    if (length == 0)
        written = snprintf(text, sizeof text, "\\x%02x", (unsigned char)*s);
    else if (is_control(point))
        written = snprintf(text, sizeof text, "\\x%02x", (unsigned)point);
    else if (is_bidirectional(point))
        written = snprintf(text, sizeof text, "<U+%04X>", (unsigned)point);
    else
        return buf_append(out, s, length);
    return buf_append(out, text, (size_t)written);
}

void scrub_add(struct buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t length = decode(text + at, len - at, &point);
        if (!add_visibly(out, text + at, length, point))
            return;
        at += length ? length : 1;
    }
}
