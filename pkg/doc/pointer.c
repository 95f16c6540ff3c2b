#include "doc/pointer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "doc/tree.h"

char *doc_segment(const char **pointer)
{
    if (**pointer == '\0')
        return NULL;
    if (**pointer != '/')
        BUG("\"%s\" is no JSON pointer", *pointer);
    const char *from = *pointer + 1;
    size_t len = strcspn(from, "/");
    *pointer = from + len;
    char *segment = xstrndup(from, len);
    char *to = segment;
    for (const char *s = segment; *s; s++) {
        if (s[0] == '~' && (s[1] == '0' || s[1] == '1'))
            *to++ = *++s == '0' ? '~' : '/';
        else
            *to++ = *s;
    }
    *to = '\0';
    return segment;
}

bool doc_index(const char *segment, size_t *out)
{
    int64_t number;
    if (!num_i64(segment, 0, INT32_MAX, &number) || (segment[0] == '0' && segment[1]))
        return false;
    *out = (size_t)number;
    return true;
}

char *doc_pointer_add(const char *pointer, const char *key)
{
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    buf_adds(&b, pointer);
    buf_adds(&b, "/");
    for (const char *s = key; *s; s++) {
        if (*s == '~' || *s == '/')
            buf_adds(&b, *s == '~' ? "~0" : "~1");
        else
            buf_add(&b, s, 1);
    }
    return buf_steal(&b, NULL);
}
