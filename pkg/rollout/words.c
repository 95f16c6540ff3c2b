#include "rollout/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define WORDS_MAX 240
#define LINE_MAX_SHOWN 400
#define GAP " ... "
#define LINES_AFTER_TRACEBACK 5 /* what a program may still print after its exception: its message's other lines */

struct span {
    const char *at;
    size_t len;
};

struct frame {
    struct span file;
    struct span line;
    struct span source; /* len 0: not shown */
};

struct traceback {
    struct frame frame; /* the innermost of the user's own code, else the innermost */
    bool frame_is_own;
    bool source_follows;   /* of this frame, in the next line */
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

/* `  File "/app/main.py", line 14, in <module>`; loguru begins the frame that caught it with "> ". */
static bool parse_frame(struct span s, struct frame *out)
{
    static const char open[] = "  File \"", marked[] = "> File \"";
    static const char between[] = "\", line ";
    if (!span_starts(s, open) && !span_starts(s, marked))
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
    *out = (struct frame){ .file = { file, (size_t)(end - file) }, .line = { number, digits } };
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
    t->source_follows = own || !t->frame_is_own;
    if (t->source_follows)
        t->frame = frame;
    t->frame_is_own = t->frame_is_own || own;
}

/* Deeper than the frame's own line; trimmed. */
static struct span source_of(struct span line)
{
    struct span source = line;
    while (source.len > 0 && source.at[0] == ' ') {
        source.at++;
        source.len--;
    }
    return line.len - source.len >= 4 ? source : (struct span){ 0 };
}

static void feed_line(struct traceback *t, struct span line)
{
    struct frame frame;
    bool follows = t->source_follows;
    t->source_follows = false;
    if (follows)
        t->frame.source = source_of(line);
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

/* So many bytes of it that no character is cut in two. */
static size_t shorter(struct span s, size_t max)
{
    size_t len = s.len;
    if (len > max) {
        len = max;
        while (len > 0 && ((unsigned char)s.at[len] & 0xc0) == 0x80)
            len--;
    }
    return len;
}

/* Its last bytes, as many as there is room for, from the beginning of a character on. */
static struct span end_of(struct span s, size_t max)
{
    struct span end = { s.at + s.len - max, max };
    while (end.len > 0 && ((unsigned char)*end.at & 0xc0) == 0x80) {
        end.at++;
        end.len--;
    }
    return end;
}

/* Appends the line; of one that is longer than max the beginning and the end, of which either may be what tells. */
static void add_shortened(struct buf *out, struct span line, size_t max)
{
    size_t half = (max - strlen(GAP)) / 2;
    if (line.len <= max) {
        buf_add(out, line.at, line.len);
        return;
    }
    struct span end = end_of(line, half);
    buf_add(out, line.at, shorter(line, half));
    buf_adds(out, GAP);
    buf_add(out, end.at, end.len);
}

/* What shows a line as a string would end there. */
static void show_nul(char *bytes, size_t from, size_t end)
{
    for (size_t i = from; i < end; i++)
        if (!bytes[i])
            bytes[i] = '?';
}

/* A text may hold any byte; what becomes a string must not end at a NUL, nor in half a character. */
static char *quote(struct span s)
{
    size_t len = shorter(s, WORDS_MAX);
    char *out = xcalloc(len + 1, 1);
    if (len > 0)
        memcpy(out, s.at, len);
    show_nul(out, 0, len);
    return out;
}

void rollout_words_release(struct rollout_words *w)
{
    free(w->text);
    free(w->file);
    free(w->source);
    *w = (struct rollout_words){ 0 };
}

static void take_frame(const struct frame *frame, struct rollout_words *out)
{
    AUTO_STR number = quote(frame->line);
    out->file = quote(frame->file);
    if (!num_i64(number, 1, INT32_MAX, &out->line))
        out->line = 0;
    if (frame->source.len > 0)
        out->source = quote(frame->source);
}

void rollout_words_read(const char *text, size_t len, struct rollout_words *out)
{
    *out = (struct rollout_words){ 0 };
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
        return;
    bool is_traceback = t.exception.len > 0 && t.lines_after <= LINES_AFTER_TRACEBACK;
    AUTO(buf) shown = BUF_INIT(WORDS_MAX + 1);
    add_shortened(&shown, is_traceback ? t.exception : last, WORDS_MAX);
    out->text = quote((struct span){ shown.bytes, shown.len });
    if (is_traceback)
        take_frame(&t.frame, out);
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

void rollout_excerpt(const char *text, size_t len, size_t lines, struct buf *out)
{
    for (size_t pos = rollout_tail(text, len, lines); pos < len;) {
        struct span line = next_line(text, len, &pos);
        size_t from = out->len;
        add_shortened(out, line, LINE_MAX_SHOWN);
        show_nul(out->bytes, from, out->len);
        buf_adds(out, "\n");
    }
}
