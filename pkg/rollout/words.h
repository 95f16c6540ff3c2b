/* words: out of a program's output, the one line that says why it ended. */
#ifndef ROLLOUT_WORDS_H
#define ROLLOUT_WORDS_H

#include "base/mem.h"

/* rollout_last_words: for a Python traceback near the end "KeyError: 'X' at /app/settings.py:14",
 * where the frame is the innermost one outside the interpreter and site-packages, since the line
 * to mend is there; of an ExceptionGroup its last exception. Else the last line that is not blank.
 * At most 240 bytes; owned; NULL when the output is blank. Pure. */
char *rollout_last_words(const char *text, size_t len) MUST_USE;

/* rollout_tail: where the last `lines` lines of the text begin. */
size_t rollout_tail(const char *text, size_t len, size_t lines);

#endif
