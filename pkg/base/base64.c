#include "base/base64.h"

#include <string.h>

static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
    const char *at = c ? strchr(STANDARD, c) : NULL;
    return at ? (int)(at - STANDARD) : -1;
}

/* One group of four characters, the last of which may be padding. */
static bool decode_group(const char group[4], struct buf *out)
{
    size_t pads = group[3] != '=' ? 0 : group[2] != '=' ? 1 : 2;
    unsigned bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i >= 4 - pads ? 0 : value_of(group[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
    }
    unsigned char bytes[3] = { (unsigned char)(bits >> 16), (unsigned char)(bits >> 8), (unsigned char)bits };
    return buf_append(out, bytes, 3 - pads);
}

bool base64_decode(const char *text, struct buf *out)
{
    char group[4];
    size_t filled = 0;
    bool ended = false;
    for (const char *c = text; *c; c++) {
        if (strchr(" \t\r\n", *c))
            continue;
        if (ended)
            return false;
        group[filled++] = *c;
        if (filled == 4) {
            if (!decode_group(group, out))
                return false;
            ended = group[3] == '=';
            filled = 0;
        }
    }
    return filled == 0;
}

static char *encode(const char *alphabet, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *out = xcalloc((len + 2) / 3 * 4 + 1, 1);
    for (size_t i = 0, to = 0; i < len; i += 3) {
        unsigned bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < len ? in[i + j] : 0u);
        for (size_t j = 0; j < 4; j++)
            out[to++] = i + j > len ? '=' : alphabet[bits >> (18 - 6 * j) & 63];
    }
    return out;
}

char *base64_encode(const void *bytes, size_t len)
{
    return encode(STANDARD, bytes, len);
}

char *base64url_encode(const void *bytes, size_t len)
{
    return encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", bytes, len);
}
