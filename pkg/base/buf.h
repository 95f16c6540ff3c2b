/* buf: a growing byte buffer that knows its maximum.
 *
 * A buffer can't be made without its bound (limits.h), so no peer can make us grow without end.
 * It always holds a NUL behind its bytes, which len does not count: bytes can be used as a string
 * where the content is known to be text. Appending what we made ourselves (buf_add, buf_addf) to a
 * full buffer is a BUG; appending what came from outside goes through buf_append, which tells.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"

struct buf {
    char *bytes; /* NULL while empty and never written */
    size_t len;
    size_t max;
    size_t room; /* allocated, the NUL's place included */
};

#define BUF_INIT(limit) ((struct buf){ .max = (limit) })

/* buf_append: false, and nothing appended, when max would be passed. */
bool buf_append(struct buf *b, const void *bytes, size_t len) MUST_USE;
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_consume(struct buf *b, size_t len); /* drops the first len bytes */
void buf_truncate(struct buf *b, size_t len);
const char *buf_text(const struct buf *b);   /* never NULL */
char *buf_steal(struct buf *b, size_t *len); /* owned, never NULL; len may be NULL; b is empty afterwards */
void buf_release(struct buf *b);

/* buf_line: takes the next line out of the stream in b: *line and *len give it without its "\n"
 * or "\r\n", valid until the next call on b. *used counts the bytes of lines already given; the
 * caller starts it at 0 and calls buf_consume(b, used) when done with a batch. False: no whole
 * line is there. */
bool buf_line(struct buf *b, size_t *used, const char **line, size_t *len);

#endif
