#include "engine/protobuf.h"

enum { WIRE_VARINT = 0, WIRE_64_BIT = 1, WIRE_BYTES = 2, WIRE_32_BIT = 5 };

struct pb pb_open(const void *bytes, size_t len)
{
    const unsigned char *start = bytes;
    return (struct pb){ .at = start, .end = start ? start + len : start };
}

struct pb pb_inner(const struct pb_field *field)
{
    return pb_open(field->bytes, field->len);
}

static bool varint(struct pb *m, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && m->at < m->end; shift += 7) {
        unsigned char byte = *m->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool fixed(struct pb *m, size_t width, uint64_t *out)
{
    if ((size_t)(m->end - m->at) < width)
        return false;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out |= (uint64_t)m->at[i] << (8 * i);
    m->at += width;
    return true;
}

static bool bytes(struct pb *m, struct pb_field *out)
{
    uint64_t len;
    if (!varint(m, &len) || len > (uint64_t)(m->end - m->at))
        return false;
    out->bytes = m->at;
    out->len = (size_t)len;
    m->at += len;
    return true;
}

static bool field(struct pb *m, struct pb_field *out)
{
    uint64_t key;
    if (!varint(m, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
        return false;
    *out = (struct pb_field){ .number = (uint32_t)(key >> 3) };
    switch (key & 7) {
    case WIRE_VARINT:
        return varint(m, &out->value);
    case WIRE_64_BIT:
        return fixed(m, 8, &out->value);
    case WIRE_BYTES:
        return bytes(m, out);
    case WIRE_32_BIT:
        return fixed(m, 4, &out->value);
    default:
        return false;
    }
}

bool pb_next(struct pb *message, struct pb_field *out)
{
    if (message->is_broken || message->at >= message->end)
        return false;
    message->is_broken = !field(message, out);
    return !message->is_broken;
}
