#include "ui/scrub.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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
        size_t length = utf8_next(text + at, len - at, &point);
        if (!add_visibly(out, text + at, length, point))
            return;
        at += length ? length : 1;
    }
}
