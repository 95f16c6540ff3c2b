/* check: what every unit test needs: cmocka with the headers that it wants first, checks of
 * `struct err *` that say the error they did not expect, and scratch folders.
 */
#ifndef FAKE_CHECK_H
#define FAKE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

/* check_ok: fails, with the error's message and cause, unless the call went well. */
#define check_ok(call) check_ok_at((call), #call, __FILE__, __LINE__)

/* check_error: the call must fail with this code; the error is freed. check_errno wants the
 * errno, too; check_says wants a text in message, cause, state, next or where. */
#define check_error(call, code) check_error_at((call), (code), 0, NULL, #call, __FILE__, __LINE__)
#define check_errno(call, code, number) check_error_at((call), (code), (number), NULL, #call, __FILE__, __LINE__)
#define check_says(call, code, text) check_error_at((call), (code), 0, (text), #call, __FILE__, __LINE__)

/* check_between: lowest <= value < highest, for durations in ms. */
#define check_between(value, lowest, highest) check_between_at((value), (lowest), (highest), __FILE__, __LINE__)

void check_ok_at(struct err *e, const char *call, const char *file, int line);
void check_error_at(struct err *e, enum err_code code, int number, const char *text, const char *call, const char *file,
                    int line);
void check_between_at(int64_t value, int64_t lowest, int64_t highest, const char *file, int line);

/* scratch_new: an empty folder of its own below $TMPDIR, which the test runner removes. */
char *scratch_new(void) MUST_USE;

/* A folder to work in: its path and its descriptor, -1 until a test has opened it. */
struct place {
    char *path;
    int fd;
};
void place_release(struct place *p);

/* scratch_write: the file name in dir gets this text. */
void scratch_write(const char *dir, const char *name, const char *text);

#endif
