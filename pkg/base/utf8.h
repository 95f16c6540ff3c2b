/* utf8: one character at a time. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

#include "base/mem.h"

/* utf8_next: the bytes of the character at s, of which len bytes are there, and its code point;
 * 0 when they are not UTF-8 (surrogates, overlong forms and above U+10FFFF are not). */
size_t utf8_next(const char *s, size_t len, uint32_t *code);

#endif
