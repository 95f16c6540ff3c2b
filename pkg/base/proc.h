/* proc: this process and its children. A child is given an argv, never a shell; it sees only
 * descriptors 0 to 2, and SIGPIPE ends it even where we ignore that signal.
 * Fault points: proc.pipe proc.spawn proc.wait. */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cancel.h"

struct proc_result {
    int exit_code;  /* 128 + n when signal n ended it */
    struct buf out; /* stdout and stderr, each at most LIMIT_CHILD_OUTPUT */
    struct buf err;
};

/* proc_run: runs argv[0], found by PATH, with an empty stdin, to its end. env: NULL keeps ours.
 * A child that outlives the deadline or our cancellation is killed and reaped before this
 * returns. Errors: RW9004_PROCESS (cannot start, errno told), RW9007_DEADLINE, RW9009_INTERRUPTED. */
struct err *proc_run(const char *const *argv, char *const *env, int64_t deadline_ms, const struct cancel *cancel,
                     struct proc_result *out) MUST_USE;

/* proc_talk: the same for a program that may ask the user: stdin and stderr are ours, and result.err stays empty. */
struct err *proc_talk(const char *const *argv, char *const *env, int64_t deadline_ms, const struct cancel *cancel,
                      struct proc_result *out) MUST_USE;
bool proc_has_terminal(void); /* our stdin is a terminal, so that somebody could answer */

/* proc_find: the program that a command means: a path that can be executed, or a name in an absolute folder of
 * $PATH; "." there could be anybody's. Owned; NULL when there is none. */
char *proc_find(const char *command) MUST_USE;
void proc_result_release(struct proc_result *r);

#endif
