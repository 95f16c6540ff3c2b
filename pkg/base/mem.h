/* mem: ownership, spelled out by the compiler.
 *
 * Lifecycle law of the whole tree, told by the name:
 *   T_new / T_free        on the heap; T_free(NULL) is fine
 *   T_init / T_release    in place; a zeroed struct is always releasable
 *   T_get_…               borrows: valid while the parent lives unchanged
 *   T_dup / T_steal       an owned copy / moves out, leaving the source empty
 *
 * AUTO(T) x        declares `struct T x`, released by T_release at the end of its scope.
 * AUTO_PTR(T) p    declares `struct T *p`, freed by T_freep; DEFINE_FREEP(T) makes T_freep from T_free.
 * AUTO_STR s       declares `char *s`, freed.
 * AUTO_FD fd       declares `int fd`, closed when >= 0.
 * STEAL(pp)        moves a pointer out of *pp and leaves NULL, keeping its type.
 *
 * Out of memory is the one failure that is no error value: what remains to be done then can't be
 * done without memory, so the x… functions print one line and exit with class LOCAL (7), as git,
 * crun and bubblewrap do.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define AUTO(T) __attribute__((cleanup(T##_release))) struct T
#define AUTO_PTR(T) __attribute__((cleanup(T##_freep))) struct T *
#define AUTO_STR __attribute__((cleanup(str_freep))) char *
#define AUTO_FD __attribute__((cleanup(fd_closep))) int
#define DEFINE_FREEP(T)                                                                                                \
    static inline void T##_freep(struct T **pp)                                                                        \
    {                                                                                                                  \
        T##_free(*pp);                                                                                                 \
        *pp = NULL;                                                                                                    \
    }
#define STEAL(pp) ((__typeof__(*(pp)))mem_steal(pp))
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

void *xcalloc(size_t count, size_t size) MUST_USE;
void *xrealloc(void *old, size_t count, size_t size) MUST_USE;
char *xstrdup(const char *s) MUST_USE; /* NULL gives NULL */
char *xstrndup(const char *s, size_t len) MUST_USE;
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2) MUST_USE;
char *xvasprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0) MUST_USE;

/* str_set: *slot becomes a copy of s; what it held is freed. */
void str_set(char **slot, const char *s);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq(const char *a, const char *b); /* NULL equals only NULL */

/* size_add: *sum = a + b; false when it does not fit. For sums of numbers that come from outside. */
bool size_add(size_t a, size_t b, size_t *sum) MUST_USE;

void *mem_steal(void *pointer_to_pointer);
void str_freep(char **s);
void fd_closep(int *fd);

#endif
