/* scrub: text from elsewhere, made fit for a terminal.
 *
 * A pod's log line, a build step's output or a server's message may hold escape sequences that
 * move the cursor, set the clipboard or hide what was printed before (CVE-2021-25743 in kubectl).
 * Everything that rwml prints passes here: C0 and C1 controls, DEL and bytes that are no UTF-8
 * become visible "\xNN"; "\n" and "\t" stay; bidirectional controls become "<U+202E>".
 */
#ifndef UI_SCRUB_H
#define UI_SCRUB_H

#include "base/buf.h"

/* scrub_add: appends the len bytes at text to out, made fit. What doesn't fit out's maximum is
 * left out at the end. */
void scrub_add(struct buf *out, const char *text, size_t len);

#endif
