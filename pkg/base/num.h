/* num: text to numbers and back, whole or not at all. The whole text must be the number: no
 * blanks, no sign unless allowed by min, no trailing bytes. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

#include "base/mem.h"

bool num_i64(const char *s, int64_t min, int64_t max, int64_t *out) MUST_USE;

/* num_duration_ms: "90s", "5m", "1h", "250ms"; a bare number is seconds. At most 24 h. */
bool num_duration_ms(const char *s, int64_t *out_ms) MUST_USE;

/* num_bytes: "570 B", "1.2 KB", "453.1 MB" as the docker CLI counts (1 KB = 1000 B). */
char *num_bytes(uint64_t bytes) MUST_USE;

/* num_elapsed: "0.42 s", "12.3 s", "2 min 05 s". */
char *num_elapsed(int64_t ms) MUST_USE;

#endif
