#include "rollout/words.h"

#include <string.h>

#define WORDS_MAX 240
#define LINES_AFTER_TRACEBACK 5 /* what a program may still print after its exception: its message's other lines */

struct span {
    const char *at;
    size_t len;
};

struct frame {
    struct span file;
    struct span line;
};

struct traceback {
    struct frame frame; /* the innermost of the user's own code, else the innermost */
    bool frame_is_own;
    bool in_frames;        /* between a frame and its exception */
    struct span exception; /* len 0: none yet */
    size_t lines_after;
};

static bool span_starts(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.at, prefix, len) == 0;
}

static bool span_has(struct span s, const char *needle)
{
    return memmem(s.at, s.len, needle, strlen(needle)) != NULL;
}

static struct span span_trim(struct span s)
{
    while (s.len > 0 && strchr(" \t\r", s.at[s.len - 1]) && s.at[s.len - 1] != '\0')
        s.len--;
    return s;
}

static struct span next_line(const char *text, size_t len, size_t *pos)
{
    const char *from = text + *pos;
    const char *end = memchr(from, '\n', len - *pos);
    struct span line = { from, end ? (size_t)(end - from) : len - *pos };
    *pos += line.len + (end ? 1 : 0);
    return span_trim(line);
}

/* `  File "/app/main.py", line 14, in <module>` */
static bool parse_frame(struct span s, struct frame *out)
{
    static const char open[] = "  File \"";
    static const char between[] = "\", line ";
    if (!span_starts(s, open))
        return false;
    const char *file = s.at + strlen(open);
    size_t rest = s.len - strlen(open);
    const char *end = memmem(file, rest, between, strlen(between));
    if (!end)
        return false;
    const char *number = end + strlen(between);
    size_t digits = 0;
    while (number + digits < s.at + s.len && number[digits] >= '0' && number[digits] <= '9')
        digits++;
    *out = (struct frame){ { file, (size_t)(end - file) }, { number, digits } };
    return digits > 0;
}

static bool frame_is_own(struct frame f)
{
    return !span_starts(f.file, "<frozen ") && !span_has(f.file, "/site-packages/") && !span_has(f.file, "/lib/python");
}

static void feed_frame(struct traceback *t, struct frame frame)
{
    bool own = frame_is_own(frame);
    if (!t->in_frames)
        *t = (struct traceback){ .in_frames = true, .frame = frame, .frame_is_own = own };
    if (own || !t->frame_is_own)
        t->frame = frame;
    t->frame_is_own = t->frame_is_own || own;
}

static void feed_line(struct traceback *t, struct span line)
{
    struct frame frame;
    if (parse_frame(line, &frame)) {
        feed_frame(t, frame);
    } else if (span_starts(line, "Traceback (most recent call last)")) {
        *t = (struct traceback){ 0 };
    } else if (t->in_frames && line.len > 0 && line.at[0] != ' ') {
        t->exception = line;
        t->in_frames = false;
        t->lines_after = 0; /* each frame has its source line, since Python 3.11 also one of carets */
    } else if (line.len > 0) {
        t->lines_after++;
    }
}

/* In the traceback of an ExceptionGroup each line stands behind a margin: "  | ", "    | " … */
static struct span cut_margin(struct span s)
{
    size_t at = 0;
    while (at < s.len && s.at[at] == ' ')
        at++;
    if (s.len - at < 2 || memcmp(s.at + at, "| ", 2) != 0)
        return s;
    return (struct span){ s.at + at + 2, s.len - at - 2 };
}

/* A text may hold any byte; what becomes a string must not end at a NUL, nor in half a character. */
static char *quote(struct span s)
{
    size_t len = s.len;
    if (len > WORDS_MAX) {
        len = WORDS_MAX;
        while (len > 0 && ((unsigned char)s.at[len] & 0xc0) == 0x80)
            len--;
    }
    char *out = xcalloc(len + 1, 1);
    for (size_t i = 0; i < len; i++)
        out[i] = s.at[i] ? s.at[i] : '?';
    return out;
}

char *rollout_last_words(const char *text, size_t len)
{
    struct traceback t = { 0 };
    struct span last = { 0 };
    bool grouped = false;
    for (size_t pos = 0; pos < len;) {
        struct span line = next_line(text, len, &pos);
        grouped = grouped || span_has(line, "+ Exception Group Traceback (most recent call last)");
        feed_line(&t, grouped ? cut_margin(line) : line);
        if (line.len > 0)
            last = line;
    }
    if (last.len == 0)
        return NULL;
    if (t.exception.len == 0 || t.lines_after > LINES_AFTER_TRACEBACK)
        return quote(last);
    AUTO_STR exception = quote(t.exception);
    AUTO_STR file = quote(t.frame.file);
    return xasprintf("%s at %s:%.*s", exception, file, (int)t.frame.line.len, t.frame.line.at);
}

size_t rollout_tail(const char *text, size_t len, size_t lines)
{
    size_t at = len;
    if (at > 0 && text[at - 1] == '\n')
        at--;
    for (; at > 0; at--) {
        if (text[at - 1] == '\n' && --lines == 0)
            break;
    }
    return at;
}
