/* exec: a program run inside a container, with its input, outputs and exit code.
 *
 * Docker can't end an exec. One that is started with `killable` runs behind a shell that first
 * tells its pid in the container and then becomes the program, so that engine_exec_kill can end it
 * by a second exec. A program that ends without the engine telling an exit code has failed.
 */
#ifndef ENGINE_EXEC_H
#define ENGINE_EXEC_H

#include "base/buf.h"
#include "engine/engine.h"

struct engine_exec;

struct engine_exec_spec {
    const char *container;   /* id or name */
    const char *const *argv; /* NULL-terminated; never a shell unless argv says so */
    bool has_input;
    bool privileged;
    bool killable; /* needs a sh in the container */
};

/* engine_exec_start: returns once the program's streams are connected. RW3103_ENGINE_REFUSED when
 * the container is not there or not running. wait bounds the question only: once the engine has
 * been told to start the program it gets 30 s to do so, interrupted or not, since a program whose
 * pid is not known could not be ended. The handle borrows e and belongs to its thread. */
struct err *engine_exec_start(struct engine *e, const struct engine_exec_spec *spec, struct net_wait wait,
                              struct engine_exec **out) MUST_USE;
/* engine_exec_free: closes the streams; the program sees the end of its input, and may live on. */
void engine_exec_free(struct engine_exec *x);
DEFINE_FREEP(engine_exec)

struct err *engine_exec_write(struct engine_exec *x, const void *bytes, size_t len, struct net_wait wait) MUST_USE;
struct err *engine_exec_end_input(struct engine_exec *x) MUST_USE;

/* engine_exec_read: the next piece of output; *len 0 is the end of it. Frames of any length are
 * handed on in pieces of at most room bytes; a frame of an unknown stream is
 * RW3106_ENGINE_PROTOCOL, one of the engine's own stream 3 RW3103_ENGINE_REFUSED. */
struct err *engine_exec_read(struct engine_exec *x, void *to, size_t room, struct net_wait wait, size_t *len,
                             bool *is_stderr) MUST_USE;
int engine_exec_fd(const struct engine_exec *x);        /* for net_poll */
bool engine_exec_buffered(const struct engine_exec *x); /* a read gives something without waiting */

/* engine_exec_wait: until the program is no longer running. To be called after the end of output:
 * the output is not read here. */
struct err *engine_exec_wait(struct engine_exec *x, struct net_wait wait, int *exit_code) MUST_USE;

/* engine_exec_kill: ends a killable program by SIGKILL and waits until it is gone. Fine when it has
 * ended already. wait is the caller's own, not the token that was just requested. */
struct err *engine_exec_kill(struct engine_exec *x, struct net_wait wait) MUST_USE;

struct engine_exec_result {
    int exit_code;
    struct buf out; /* at most LIMIT_EXEC_OUTPUT each; above it is RW3106_ENGINE_PROTOCOL */
    struct buf err;
};

/* engine_exec_run: runs argv to its end. input: NULL for none. When the deadline passes or the
 * token is requested the program is killed before this returns (the container needs a sh). */
struct err *engine_exec_run(struct engine *e, const char *container, const char *const *argv, const void *input,
                            size_t input_len, struct net_wait wait, struct engine_exec_result *out) MUST_USE;
void engine_exec_result_release(struct engine_exec_result *r);

#endif
