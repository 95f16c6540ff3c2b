/* words: out of a program's output, the one line that says why it ended. */
#ifndef ROLLOUT_WORDS_H
#define ROLLOUT_WORDS_H

#include <stdint.h>

#include "base/buf.h"

/* What a program said last. Of a Python traceback near the end the exception, "KeyError: 'X'", with the innermost
 * frame outside the interpreter and site-packages, since the line to mend is there; of an ExceptionGroup its
 * last exception. Else the last line that is not blank. Texts are owned and at most 240 bytes: of a longer one the
 * beginning and the end, of a longer source the beginning. */
struct rollout_words {
    char *text;   /* NULL: the output is blank */
    char *file;   /* in the container: "/app/settings.py"; NULL: no traceback */
    int64_t line; /* from 1 */
    char *source; /* that line as the traceback shows it, trimmed; NULL where it does not */
};
void rollout_words_read(const char *text, size_t len, struct rollout_words *out); /* out is initialised here; pure */
void rollout_words_release(struct rollout_words *w);

/* rollout_excerpt: the last `lines` lines, each of at most 400 bytes: of a longer one the beginning, " ... " and the
 * end; a NUL becomes "?". Appended to out. */
void rollout_excerpt(const char *text, size_t len, size_t lines, struct buf *out);

/* rollout_tail: where the last `lines` lines of the text begin. */
size_t rollout_tail(const char *text, size_t len, size_t lines);

#endif
