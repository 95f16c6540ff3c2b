/* terminal: our own standard streams, and the terminal that they may be.
 *
 * A terminal that was made raw becomes what it was before whatever ends this process, SIGKILL included: a child that
 * does nothing else waits for our end and restores it then, unless we did.
 * Fault points: terminal.read terminal.write terminal.attributes terminal.guard terminal.size terminal.watch.
 */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stddef.h>

#include "base/cancel.h"

struct terminal;

/* terminal_raw: every key is passed on as it is, Ctrl-C too, and nothing is echoed. RW9001_FILE, and the terminal is as
 * it was. To be called while the process has one thread. */
struct err *terminal_raw(int fd, struct terminal **out) MUST_USE;
void terminal_free(struct terminal *t); /* restores it */
DEFINE_FREEP(terminal)

/* terminal_size: false: fd is no terminal, or it does not tell. */
bool terminal_size(int fd, unsigned *columns, unsigned *rows);

/* terminal_watch_size: a descriptor that can be read whenever the size of our terminal has changed; the caller closes
 * it. terminal_take_change: reads what can be read of it. */
struct err *terminal_watch_size(int *fd) MUST_USE;
void terminal_take_change(int fd);

/* stream_keep_standard: those of the descriptors 0 to 2 that whoever started us has closed are taken, so that nothing
 * else gets their numbers: an input that is empty, outputs that can't be written to. Before anything is opened. */
void stream_keep_standard(void);

/* stream_read: what can be read of a standard stream that poll(2) calls readable: *len bytes, 0 at its end.
 * stream_write_all: waits as long as it takes; RW9006_OUTPUT with errno (EPIPE: nobody reads any more),
 * RW9009_INTERRUPTED. */
struct err *stream_read(int fd, void *to, size_t room, size_t *len, bool *end) MUST_USE;
struct err *stream_write_all(int fd, const void *bytes, size_t len, const struct cancel *cancel) MUST_USE;

#endif
