/* entropy: what nobody can guess. Fault point: entropy.get. */
#ifndef BASE_ENTROPY_H
#define BASE_ENTROPY_H

#include <stddef.h>

#include "base/err.h"

#define ENTROPY_HEX_ROOM (32 + 1)

/* entropy_hex: 128 bits of the kernel's (getrandom(2)) as 32 hex digits and a NUL. RW9005_RESOURCES. */
struct err *entropy_hex(char out[ENTROPY_HEX_ROOM]) MUST_USE;

/* entropy_bytes: at most 256 of them. */
struct err *entropy_bytes(void *to, size_t len) MUST_USE;

#endif
