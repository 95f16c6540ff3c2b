/* protobuf: reads the fields of a message, bounded by the bytes given. Used within engine only.
 * Wire format: protobuf.dev/programming-guides/encoding. Groups (types 3, 4) are not used by
 * BuildKit and end the reading. */
#ifndef ENGINE_PROTOBUF_H
#define ENGINE_PROTOBUF_H

#include <stdint.h>

#include "base/mem.h"

struct pb {
    const unsigned char *at;
    const unsigned char *end;
    bool is_broken; /* a length or number goes beyond the bytes */
};

struct pb_field {
    uint32_t number;
    uint64_t value;             /* of a varint or a fixed number */
    const unsigned char *bytes; /* of a string, bytes or message; else NULL */
    size_t len;
};

struct pb pb_open(const void *bytes, size_t len);
struct pb pb_inner(const struct pb_field *field); /* a field that is a message */

/* pb_next: false at the end, and when the rest is broken. */
bool pb_next(struct pb *message, struct pb_field *out);

#endif
