#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEXT_COMMANDS = 2 };

struct err {
    enum err_code code;
    int errno_saved;
    char *message;
    char *cause;
    char *state;
    char *next[NEXT_COMMANDS];
    char *where;
    char *detail;
    struct err *sibling;
};

static enum err_class class_of(enum err_code code)
{
    switch (code) {
#define X(number, cls, name)                                                                                           \
    case RW##number##_##name:                                                                                          \
        return ERR_##cls;
        RWML_CODES(X)
#undef X
    }
    return ERR_BUG;
}

PRINTF_LIKE(2, 0) static struct err *make(enum err_code code, const char *fmt, va_list ap)
{
    struct err *e = xcalloc(1, sizeof *e);
    e->code = code;
    e->message = xvasprintf(fmt, ap);
    return e;
}

struct err *err_new(enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = make(code, fmt, ap);
    va_end(ap);
    return e;
}

struct err *err_sys(enum err_code code, int saved_errno, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct err *e = make(code, fmt, ap);
    va_end(ap);
    e->errno_saved = saved_errno;
    return err_cause(e, "%s (%s)", strerror(saved_errno), errno_name(saved_errno));
}

static void inherit(struct err *e, struct err *inner)
{
    e->errno_saved = inner->errno_saved;
    e->state = STEAL(&inner->state);
    e->where = STEAL(&inner->where);
    e->detail = STEAL(&inner->detail);
    for (size_t i = 0; i < NEXT_COMMANDS; i++)
        e->next[i] = STEAL(&inner->next[i]);
    e->sibling = STEAL(&inner->sibling);
}

struct err *err_because(enum err_code code, struct err *inner, const char *fmt, ...)
{
    if (!inner || inner->code == RW9009_INTERRUPTED)
        return inner;
    va_list ap;
    va_start(ap, fmt);
    struct err *e = make(code, fmt, ap);
    va_end(ap);
    e->cause = inner->cause ? xasprintf("%s: %s", inner->message, inner->cause) : xstrdup(inner->message);
    inherit(e, inner);
    err_free(inner);
    return e;
}

#define SET_FORMATTED(e, slot, fmt)                                                                                    \
    do {                                                                                                               \
        if (!(e))                                                                                                      \
            return NULL;                                                                                               \
        va_list ap;                                                                                                    \
        va_start(ap, fmt);                                                                                             \
        char *text = xvasprintf(fmt, ap);                                                                              \
        va_end(ap);                                                                                                    \
        free(slot);                                                                                                    \
        (slot) = text;                                                                                                 \
    } while (0)

struct err *err_cause(struct err *e, const char *fmt, ...)
{
    SET_FORMATTED(e, e->cause, fmt);
    return e;
}

struct err *err_state(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR text = xvasprintf(fmt, ap);
    va_end(ap);
    for (struct err *each = e; each; each = each->sibling)
        if (!each->state)
            each->state = xstrdup(text);
    return e;
}

struct err *err_state_add(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR more = xvasprintf(fmt, ap);
    va_end(ap);
    for (struct err *each = e; each; each = each->sibling) {
        AUTO_STR told = STEAL(&each->state);
        each->state = told ? xasprintf("%s; %s", told, more) : xstrdup(more);
    }
    return e;
}

struct err *err_next(struct err *e, const char *fmt, ...)
{
    if (!e || (e->next[0] && e->next[1]))
        return e;
    size_t free_slot = e->next[0] ? 1 : 0;
    SET_FORMATTED(e, e->next[free_slot], fmt);
    return e;
}

struct err *err_at(struct err *e, const char *fmt, ...)
{
    SET_FORMATTED(e, e->where, fmt);
    return e;
}

struct err *err_where(struct err *e, const char *file, size_t line, size_t column)
{
    if (line == 0)
        return err_at(e, "%s", file);
    if (column == 0)
        return err_at(e, "%s:%zu", file, line);
    return err_at(e, "%s:%zu:%zu", file, line, column);
}

struct err *err_detail(struct err *e, const char *text, size_t len)
{
    if (e) {
        free(e->detail);
        e->detail = xcalloc(len + 1, 1);
        for (size_t i = 0; i < len; i++)
            e->detail[i] = text[i] ? text[i] : '?'; /* a program may print any byte */
    }
    return e;
}

struct err *err_join(struct err *a, struct err *b)
{
    if (!a)
        return b;
    struct err **end = &a->sibling;
    while (*end)
        end = &(*end)->sibling;
    *end = b;
    return a;
}

const struct err *err_sibling(const struct err *e)
{
    return e->sibling;
}

enum err_class err_chain_class(const struct err *e)
{
    static const enum err_class by_weight[] = { ERR_BUG,    ERR_INTERRUPTED, ERR_LOCKED,  ERR_INTEGRITY,
                                                ERR_LOCAL,  ERR_USAGE,       ERR_PARTIAL, ERR_ENV,
                                                ERR_REJECT, ERR_TIMEOUT,     ERR_APP };
    for (size_t i = 0; i < COUNT_OF(by_weight); i++)
        for (const struct err *each = e; each; each = each->sibling)
            if (class_of(each->code) == by_weight[i])
                return by_weight[i];
    return ERR_BUG;
}

enum err_class err_get_class(const struct err *e)
{
    return class_of(e->code);
}

enum err_code err_get_code(const struct err *e)
{
    return e->code;
}

const char *err_get_message(const struct err *e)
{
    return e->message;
}

char *err_words(const struct err *e)
{
    return xasprintf("%s%s%s", e->message, e->cause ? ": " : "", e->cause ? e->cause : "");
}

const char *err_get_cause(const struct err *e)
{
    return e->cause;
}

const char *err_get_state(const struct err *e)
{
    return e->state;
}

const char *err_get_next(const struct err *e, size_t i)
{
    return i < NEXT_COMMANDS ? e->next[i] : NULL;
}

const char *err_get_where(const struct err *e)
{
    return e->where;
}

const char *err_get_detail(const struct err *e)
{
    return e->detail;
}

int err_errno(const struct err *e)
{
    return e ? e->errno_saved : 0;
}

const char *err_class_name(enum err_class cls)
{
    switch (cls) {
    case ERR_APP:
        return "APP";
    case ERR_USAGE:
        return "USAGE";
    case ERR_ENV:
        return "ENV";
    case ERR_REJECT:
        return "REJECT";
    case ERR_TIMEOUT:
        return "TIMEOUT";
    case ERR_PARTIAL:
        return "PARTIAL";
    case ERR_LOCAL:
        return "LOCAL";
    case ERR_INTEGRITY:
        return "INTEGRITY";
    case ERR_LOCKED:
        return "LOCKED";
    case ERR_BUG:
        return "BUG";
    case ERR_INTERRUPTED:
        return "INTERRUPTED";
    }
    return "UNKNOWN";
}

const char *errno_name(int number)
{
    const char *name = strerrorname_np(number);
    return name ? name : "unknown errno";
}

void err_ignore(struct err *e, const char *why)
{
    (void)why;
    err_free(e);
}

void err_free(struct err *e)
{
    while (e) {
        struct err *sibling = e->sibling;
        free(e->message);
        free(e->cause);
        free(e->state);
        free(e->where);
        free(e->detail);
        for (size_t i = 0; i < NEXT_COMMANDS; i++)
            free(e->next[i]);
        free(e);
        e = sibling;
    }
}

void err_bug(const char *file, int line, const char *fmt, ...)
{
    fprintf(stderr, "error: rwml has a bug (report id %s:%d)\n  cause: ", file, line);
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\n  state: the step under way was not finished; look before you repeat it\n");
    exit(ERR_BUG);
}
