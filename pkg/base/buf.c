#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

static void reserve(struct buf *b, size_t total)
{
    if (total < b->room)
        return;
    size_t room = b->room ? b->room : FIRST_ROOM;
    while (room <= total)
        room = room > SIZE_MAX / 2 ? total + 1 : room * 2;
    b->bytes = xrealloc(b->bytes, room, 1);
    b->room = room;
}

bool buf_append(struct buf *b, const void *bytes, size_t len)
{
    size_t total;
    if (!size_add(b->len, len, &total) || total > b->max)
        return false;
    reserve(b, total);
    if (len)
        memcpy(b->bytes + b->len, bytes, len);
    b->bytes[total] = '\0';
    b->len = total;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!buf_append(b, bytes, len))
        BUG("a buffer of at most %zu bytes is full", b->max);
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR text = xvasprintf(fmt, ap);
    va_end(ap);
    buf_adds(b, text);
}

void buf_consume(struct buf *b, size_t len)
{
    if (len > b->len)
        BUG("%zu bytes taken out of a buffer that holds %zu", len, b->len);
    if (len == 0)
        return;
    b->len -= len;
    memmove(b->bytes, b->bytes + len, b->len + 1);
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len > b->len)
        BUG("a buffer of %zu bytes cannot be cut to %zu", b->len, len);
    b->len = len;
    if (b->bytes)
        b->bytes[len] = '\0';
}

const char *buf_text(const struct buf *b)
{
    return b->bytes ? b->bytes : "";
}

char *buf_steal(struct buf *b, size_t *len)
{
    if (len)
        *len = b->len;
    char *bytes = b->bytes ? b->bytes : xstrdup("");
    *b = BUF_INIT(b->max);
    return bytes;
}

void buf_release(struct buf *b)
{
    free(b->bytes);
    *b = BUF_INIT(b->max);
}

bool buf_line(struct buf *b, size_t *used, const char **line, size_t *len)
{
    if (*used >= b->len)
        return false;
    char *start = b->bytes + *used;
    const char *end = memchr(start, '\n', b->len - *used);
    if (!end)
        return false;
    size_t length = (size_t)(end - start);
    *used += length + 1;
    if (length && start[length - 1] == '\r')
        length--;
    *line = start;
    *len = length;
    return true;
}
