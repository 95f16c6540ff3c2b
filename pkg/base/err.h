/* err: errors are values.
 *
 * A function that can fail returns `struct err *`: NULL is success, and results go through
 * out-parameters that are written only on success. Ignoring one does not compile. An error is
 * owned by whoever holds it, travels up by return, is given what each level knows on the way, and
 * is printed once, in cmd/.
 *
 * An error has
 *   code     RWnnnn from codes.h, stable for ever; the code decides the class
 *   class    what the process exits with
 *   message  what failed: one line, at most about 100 characters, lower case, no full stop
 *   cause    the innermost reason: errno, HTTP status, the server's own words
 *   state    what has changed and what has not; every printed error has one
 *   next     at most two commands that can be pasted
 *   where    file:line:column, or the object
 *   detail   lines of the user's own program (a build step's output, a pod's log), shown indented
 * Independent errors are joined into one chain and printed together; see err_join.
 *
 *     struct err *e = fs_read(dir, "config", LIMIT_CONFIG, &text);
 *     if (e)
 *         return err_because(RW1001_CONFIG_UNREADABLE, e, "cannot read %s", path);
 *
 * A broken invariant is no error value: BUG("…") prints file:line and exits with 70.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/codes.h"
#include "base/mem.h"

struct err;

/* The process's exit codes. Beats: when several errors are joined, the larger part decides, see
 * err_chain_class. */
enum err_class {
    ERR_APP = 1,       /* the user's code: a build step, a crash, a probe */
    ERR_USAGE = 2,     /* flag, configuration or manifest; nothing in the cluster was changed */
    ERR_ENV = 3,       /* engine, cluster or node unreachable, or it refuses us */
    ERR_REJECT = 4,    /* the cluster said no */
    ERR_TIMEOUT = 5,   /* not converged in time */
    ERR_PARTIAL = 6,   /* some done, some not */
    ERR_LOCAL = 7,     /* disk, permission, descriptors, memory here */
    ERR_INTEGRITY = 8, /* truncated, corrupt, wrong digest, protocol broken */
    ERR_LOCKED = 9,    /* another rwml holds the workspace */
    ERR_BUG = 70,
    ERR_INTERRUPTED = 130 /* SIGINT; cmd/ makes 143 of it for SIGTERM */
};

/* err_new: a fresh error. errno is not looked at; see err_sys. */
struct err *err_new(enum err_code code, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* err_sys: a fresh error whose cause is "strerror (ENAME)" of saved_errno, kept for err_errno. */
struct err *err_sys(enum err_code code, int saved_errno, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_USE;

/* err_because: a new error on top of an old one, which is consumed. The old one's message and
 * cause become the cause; its errno, where, next, state and detail are kept. An interruption
 * stays what it is: it is returned unchanged. */
struct err *err_because(enum err_code code, struct err *inner, const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_USE;

/* Additions; each returns its argument, so that they can be chained in a return. A NULL error
 * stays NULL. err_state and err_state_add mean every error of a chain; err_state keeps what a lower
 * level has already told, err_state_add puts more behind it. */
struct err *err_cause(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
struct err *err_state(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
struct err *err_state_add(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
struct err *err_next(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;
struct err *err_where(struct err *e, const char *file, size_t line, size_t column) MUST_USE;
struct err *err_at(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE; /* where: an object */
struct err *err_detail(struct err *e, const char *text, size_t len) MUST_USE;

/* err_join: one chain out of two; either may be NULL; both are consumed. */
struct err *err_join(struct err *a, struct err *b) MUST_USE;
const struct err *err_sibling(const struct err *e); /* the next of a chain, or NULL */

/* err_chain_class: the class of a chain: the only class in it, else bug > interrupted > locked >
 * integrity > local > usage > partial > env > reject > timeout > app. PARTIAL is a code of its own,
 * made by whoever knows that some work was done (flow, node). */
enum err_class err_chain_class(const struct err *e);

enum err_class err_get_class(const struct err *e);
enum err_code err_get_code(const struct err *e);
const char *err_get_message(const struct err *e);
const char *err_get_cause(const struct err *e); /* these five: NULL when not told */
const char *err_get_state(const struct err *e);
const char *err_get_next(const struct err *e, size_t i);
const char *err_get_where(const struct err *e);

/* err_words: "message: cause", or the message alone; for warnings and reasons. Owned. */
char *err_words(const struct err *e) MUST_USE;
const char *err_get_detail(const struct err *e);
int err_errno(const struct err *e);             /* 0 when no system call failed */
const char *err_class_name(enum err_class cls); /* "USAGE" */
const char *errno_name(int number);             /* "ENOENT" */

/* err_ignore: the only way to drop an error, with the reason why that is right. */
void err_ignore(struct err *e, const char *why);
void err_free(struct err *e); /* the whole chain */
DEFINE_FREEP(err)

#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        struct err *try_error = (expression);                                                                          \
        if (try_error)                                                                                                 \
            return try_error;                                                                                          \
    } while (0)

#define BUG(...) err_bug(__FILE__, __LINE__, __VA_ARGS__)
void err_bug(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4) __attribute__((noreturn));

#endif
