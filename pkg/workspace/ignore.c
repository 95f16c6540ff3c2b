#include "workspace/ignore.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"

/* A pattern is compiled to pieces and run as a nondeterministic automaton, one set of states per
 * character of the path, so that no pattern of a cloned repository can take exponential time.
 * State i means: pieces before i are done. */
enum piece_kind {
    PIECE_TEXT, /* this character */
    PIECE_ONE,  /* ?   any but a slash */
    PIECE_STAR, /* *   any number of any but a slash */
    PIECE_REST, /* .*  anything, at the end of a pattern */
    PIECE_DEEP, /* **  none, or what PIECE_DIRS takes */
    PIECE_DIRS, /*     anything that ends in a slash; always behind PIECE_DEEP */
    PIECE_CLASS /* […] */
};

struct range {
    uint32_t low, high;
};

struct piece {
    enum piece_kind kind;
    uint32_t text;
    bool negated;
    struct range *ranges;
    size_t range_count;
};

struct pattern {
    char *source; /* cleaned, without "!" */
    bool exception;
    struct piece *pieces;
    size_t count;
};

struct ignore {
    struct pattern *patterns;
    size_t count;
};

/* The next character of UTF-8; a byte that is none stands for itself, out of Unicode's range. */
static uint32_t next_character(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;
    size_t more = s[0] < 0x80 ? 0 : s[0] >= 0xf0 && s[0] < 0xf5 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc2 ? 1 : 0;
    uint32_t c = more ? s[0] & (0x3fu >> more) : s[0];
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            more = 0;
            c = s[0];
            break;
        }
        c = (c << 6) | (s[i] & 0x3fu);
    }
    *at += more + 1;
    return more == 0 && c >= 0x80 ? c + 0x110000 : c;
}

static struct piece *add_piece(struct pattern *p, enum piece_kind kind)
{
    p->pieces = xrealloc(p->pieces, p->count + 1, sizeof *p->pieces);
    p->pieces[p->count] = (struct piece){ .kind = kind };
    return &p->pieces[p->count++];
}

/* One end of a range, as Go's path/filepath getEsc: "-" and "]" need a backslash. */
static bool class_character(const char **at, uint32_t *out)
{
    if (**at == '\0' || **at == '-' || **at == ']')
        return false;
    if (**at == '\\')
        (*at)++;
    if (**at == '\0')
        return false;
    *out = next_character(at);
    return **at != '\0';
}

static bool compile_class(struct pattern *p, const char **at)
{
    struct piece *piece = add_piece(p, PIECE_CLASS);
    if (**at == '^') {
        piece->negated = true;
        (*at)++;
    }
    while (**at != ']' || piece->range_count == 0) {
        struct range r;
        if (!class_character(at, &r.low))
            return false;
        r.high = r.low;
        if (**at == '-') {
            (*at)++;
            if (!class_character(at, &r.high))
                return false;
        }
        if (r.high < r.low)
            return false;
        piece->ranges = xrealloc(piece->ranges, piece->range_count + 1, sizeof r);
        piece->ranges[piece->range_count++] = r;
    }
    (*at)++;
    return true;
}

static void compile_stars(struct pattern *p, const char **at)
{
    if (**at != '*') {
        add_piece(p, PIECE_STAR);
        return;
    }
    (*at)++;
    bool slash = **at == '/';
    bool plain_suffix = p->count == 0 && !slash && !strpbrk(*at, "*?[]\\");
    *at += slash;
    if (**at == '\0' || plain_suffix) {
        add_piece(p, PIECE_REST);
        return;
    }
    add_piece(p, PIECE_DEEP);
    add_piece(p, PIECE_DIRS);
}

static bool compile(struct pattern *p)
{
    for (const char *at = p->source; *at;) {
        if (*at == '*') {
            at++;
            compile_stars(p, &at);
        } else if (*at == '?') {
            at++;
            add_piece(p, PIECE_ONE);
        } else if (*at == '[') {
            at++;
            if (!compile_class(p, &at))
                return false;
        } else {
            if (*at == '\\' && *++at == '\0')
                return false;
            add_piece(p, PIECE_TEXT)->text = next_character(&at);
        }
    }
    return true;
}

static bool class_has(const struct piece *p, uint32_t c)
{
    bool in = false;
    for (size_t i = 0; i < p->range_count && !in; i++)
        in = c >= p->ranges[i].low && c <= p->ranges[i].high;
    return in != p->negated;
}

/* Enters a state, and those that can be reached from it without a character. */
static void enter(const struct pattern *p, bool *states, size_t i)
{
    for (;;) {
        states[i] = true;
        if (i == p->count)
            return;
        switch (p->pieces[i].kind) {
        case PIECE_DEEP:
            states[i + 1] = true;
            i += 2;
            continue;
        case PIECE_STAR:
        case PIECE_REST:
            i++;
            continue;
        case PIECE_TEXT:
        case PIECE_ONE:
        case PIECE_DIRS:
        case PIECE_CLASS:
            return;
        }
    }
}

static void step(const struct pattern *p, size_t i, uint32_t c, bool *next)
{
    const struct piece *piece = &p->pieces[i];
    switch (piece->kind) {
    case PIECE_TEXT:
        if (c == piece->text)
            enter(p, next, i + 1);
        return;
    case PIECE_ONE:
        if (c != '/')
            enter(p, next, i + 1);
        return;
    case PIECE_CLASS:
        if (class_has(piece, c))
            enter(p, next, i + 1);
        return;
    case PIECE_STAR:
        if (c != '/')
            enter(p, next, i);
        return;
    case PIECE_REST:
        enter(p, next, i);
        return;
    case PIECE_DIRS:
        next[i] = true;
        if (c == '/')
            enter(p, next, i + 1);
        return;
    case PIECE_DEEP:
        return;
    }
}

/* A directory that matches carries all below it, so a match up to any slash is one. */
static bool matches_or_parent(const struct pattern *p, const char *path)
{
    size_t size = p->count + 1;
    bool *now = xcalloc(2 * size, sizeof *now), *next = now + size, *allocated = now;
    bool matched = false, alive = true;
    enter(p, now, 0);
    for (const char *at = path; *at && alive && !matched;) {
        uint32_t c = next_character(&at);
        alive = false;
        memset(next, 0, size * sizeof *next);
        for (size_t i = 0; i < p->count; i++) {
            alive = alive || now[i];
            if (now[i])
                step(p, i, c, next);
        }
        bool *swap = now;
        now = next;
        next = swap;
        matched = now[p->count] && (*at == '/' || !*at);
    }
    free(allocated);
    return matched;
}

bool ignore_has(const struct ignore *g, const char *path)
{
    bool ignored = false;
    for (size_t i = 0; i < g->count; i++) {
        const struct pattern *p = &g->patterns[i];
        if (p->exception == ignored && matches_or_parent(p, path))
            ignored = !p->exception;
    }
    return ignored;
}

/* Up to the first wildcard the pattern must go the way of the directory, or stop on it. */
static bool reaches_below(const struct pattern *p, const char *dir)
{
    size_t fixed = strcspn(p->source, "*?[\\"), len = strlen(dir);
    bool whole = p->source[fixed] == '\0';
    if (fixed > len)
        return strncmp(p->source, dir, len) == 0 && p->source[len] == '/';
    if (whole)
        return false;
    return strncmp(p->source, dir, fixed) == 0;
}

bool ignore_may_keep_below(const struct ignore *g, const char *dir)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->patterns[i].exception && reaches_below(&g->patterns[i], dir))
            return true;
    return false;
}

/* What moby's ignorefile.ReadAll makes of a trimmed line; "" when nothing is left. */
static char *clean_pattern(const char *text)
{
    if (!*text)
        return xstrdup("");
    AUTO_STR clean = path_clean(text);
    return xstrdup(clean[0] == '/' && clean[1] ? clean + 1 : clean);
}

static char *trim(const char *text, size_t len)
{
    while (len && isspace((unsigned char)text[0])) {
        text++;
        len--;
    }
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    return xstrndup(text, len);
}

static struct err *bad_pattern(const char *name, size_t line, const char *text, const char *why)
{
    struct err *e = err_new(RW2002_IGNORE_SYNTAX, "%s:%zu: no pattern: \"%s\"", name, line, text);
    return err_where(err_cause(e, "%s", why), name, line, 0);
}

static struct err *add_pattern(struct ignore *g, const char *line_text, size_t len, const char *name, size_t line)
{
    if (len && line_text[0] == '#')
        return NULL;
    AUTO_STR text = trim(line_text, len);
    if (!*text)
        return NULL;
    bool exception = text[0] == '!';
    AUTO_STR body = trim(text + exception, strlen(text + exception));
    if (!*body)
        return bad_pattern(name, line, text, "\"!\" needs a pattern behind it");
    g->patterns = xrealloc(g->patterns, g->count + 1, sizeof *g->patterns);
    struct pattern *p = &g->patterns[g->count++];
    *p = (struct pattern){ .source = clean_pattern(body), .exception = exception };
    if (!compile(p))
        return bad_pattern(name, line, text, "a [ without its ], an empty or backward range, or a \\ at the end");
    return NULL;
}

struct err *ignore_parse(const char *text, size_t len, const char *name, struct ignore **out)
{
    AUTO_PTR(ignore) g = xcalloc(1, sizeof *g);
    const char *at = text, *end = text + len;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    if (memchr(text, '\0', len))
        return err_where(err_new(RW2002_IGNORE_SYNTAX, "%s holds a NUL byte", name), name, 0, 0);
    for (size_t line = 1; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        TRY(add_pattern(g, at, (size_t)(stop - at), name, line));
        at = newline ? newline + 1 : end;
    }
    *out = STEAL(&g);
    return NULL;
}

struct err *ignore_load(int root_fd, const char *context_dir, const char *dockerfile, struct ignore **out)
{
    AUTO_STR own = xasprintf("%s.dockerignore", dockerfile);
    AUTO_STR shared = path_join(context_dir, ".dockerignore");
    const char *candidates[] = { own, shared };
    for (size_t i = 0; i < COUNT_OF(candidates); i++) {
        AUTO(buf) text = BUF_INIT(LIMIT_DOCKERFILE);
        struct err *e = fs_read_beneath(root_fd, candidates[i], LIMIT_DOCKERFILE, &text);
        if (!e)
            return ignore_parse(buf_text(&text), text.len, candidates[i], out);
        if (err_errno(e) != ENOENT)
            return err_because(RW2003_CONTEXT_UNREADABLE, e, "cannot read %s", candidates[i]);
        err_free(e);
    }
    *out = xcalloc(1, sizeof **out);
    return NULL;
}

static void pattern_release(struct pattern *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->pieces[i].ranges);
    free(p->pieces);
    str_freep(&p->source);
}

void ignore_free(struct ignore *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->count; i++)
        pattern_release(&g->patterns[i]);
    free(g->patterns);
    free(g);
}
