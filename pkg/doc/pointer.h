/* pointer: the segments of a JSON pointer (RFC 6901). Used within doc only. */
#ifndef DOC_POINTER_H
#define DOC_POINTER_H

#include "base/mem.h"

/* doc_segment: the next segment of *pointer, unescaped and owned, or NULL at its end; *pointer
 * moves behind it. A pointer that is neither empty nor begins with "/" is a BUG. */
char *doc_segment(const char **pointer) MUST_USE;

/* doc_index: whether a segment is a list's index: digits without a leading zero. */
bool doc_index(const char *segment, size_t *out) MUST_USE;

#endif
