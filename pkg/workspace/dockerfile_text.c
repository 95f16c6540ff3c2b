#include "workspace/dockerfile_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

enum { NESTED_BRACES = 16 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct reader {
    const char *at, *end;
    const char *name;
    size_t line; /* of the line given last */
};

static bool next_line(struct reader *r, const char **text, size_t *len)
{
    if (r->at >= r->end)
        return false;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *stop = newline ? newline : r->end;
    *text = r->at;
    *len = (size_t)(stop - r->at);
    if (*len && stop[-1] == '\r')
        (*len)--;
    r->at = newline ? newline + 1 : r->end;
    r->line++;
    return true;
}

static void skip_blanks(const char **text, size_t *len)
{
    while (*len && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
}

static bool is_comment_or_empty(const char *text, size_t len)
{
    skip_blanks(&text, &len);
    return len == 0 || *text == '#';
}

/* Takes a continuation mark off the end: an escape that is not itself escaped, blanks allowed
 * behind it (parser.go, reLineContinuation). */
static bool take_continuation(const char *text, size_t *len, char escape)
{
    size_t stop = *len;
    while (stop && (text[stop - 1] == ' ' || text[stop - 1] == '\t'))
        stop--;
    if (stop == 0 || text[stop - 1] != escape || (stop > 1 && text[stop - 2] == escape))
        return false;
    *len = stop - 1;
    return true;
}

/* Joins what continues the line; comments and empty lines in between do not end it. */
static void read_continued(struct reader *r, char escape, const char *text, size_t len, struct buf *out)
{
    bool more = take_continuation(text, &len, escape);
    buf_add(out, text, len);
    while (more && next_line(r, &text, &len)) {
        if (is_comment_or_empty(text, len))
            continue;
        more = take_continuation(text, &len, escape);
        buf_add(out, text, len);
    }
}

/* `# name=value` in front of everything else; false ends the search for more. */
static bool read_directive(const char *text, size_t len, struct instructions *out)
{
    skip_blanks(&text, &len);
    if (len == 0 || *text != '#')
        return false;
    AUTO_STR line = xstrndup(text + 1, len - 1);
    char *value = strchr(line, '=');
    if (!value)
        return false;
    *value++ = '\0';
    char *key = line + strspn(line, " \t");
    key[strcspn(key, " \t")] = '\0';
    value += strspn(value, " \t");
    for (size_t stop = strlen(value); stop && is_blank(value[stop - 1]); stop--)
        value[stop - 1] = '\0';
    if (strcasecmp(key, "syntax") == 0)
        str_set(&out->syntax, value);
    else if (strcasecmp(key, "escape") == 0)
        out->escape = value[0] == '`' ? '`' : '\\';
    else
        return strcasecmp(key, "check") == 0;
    return true;
}

static struct instruction *add_instruction(struct instructions *out, const char *text, size_t line)
{
    size_t word = strcspn(text, " \t");
    out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
    struct instruction *in = &out->items[out->count++];
    *in = (struct instruction){ .keyword = xstrndup(text, word), .line = line };
    for (char *c = in->keyword; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    const char *rest = text + word;
    size_t len = strlen(rest);
    skip_blanks(&rest, &len);
    while (len && is_blank(rest[len - 1]))
        len--;
    in->rest = xstrndup(rest, len);
    return in;
}

static struct err *skip_heredoc(struct reader *r, const char *terminator, bool tabs, size_t line)
{
    const char *text;
    size_t len;
    while (next_line(r, &text, &len)) {
        while (tabs && len && *text == '\t') {
            text++;
            len--;
        }
        if (len == strlen(terminator) && strncmp(text, terminator, len) == 0)
            return NULL;
    }
    struct err *e = err_new(RW2001_DOCKERFILE_SYNTAX, "%s: the heredoc \"%s\" has no end", r->name, terminator);
    return err_where(e, r->name, line, 0);
}

static struct err *skip_heredocs(struct reader *r, const struct instruction *in, char escape)
{
    if (strcmp(in->keyword, "RUN") != 0 && strcmp(in->keyword, "COPY") != 0 && strcmp(in->keyword, "ADD") != 0)
        return NULL;
    AUTO(strv) words = { 0 };
    words_split(in->rest, escape, &words);
    for (size_t i = 0; i < words.count; i++) {
        bool tabs;
        AUTO_STR terminator = word_heredoc(words.items[i], &tabs);
        if (terminator)
            TRY(skip_heredoc(r, terminator, tabs, in->line));
    }
    return NULL;
}

static struct err *read_all(struct reader *r, struct instructions *out)
{
    const char *text;
    size_t len;
    bool directives = true;
    while (next_line(r, &text, &len)) {
        directives = directives && read_directive(text, len, out);
        if (directives || is_comment_or_empty(text, len))
            continue;
        size_t line = r->line;
        AUTO(buf) joined = BUF_INIT(LIMIT_DOCKERFILE);
        skip_blanks(&text, &len);
        read_continued(r, out->escape, text, len, &joined);
        TRY(skip_heredocs(r, add_instruction(out, buf_text(&joined), line), out->escape));
    }
    return NULL;
}

struct err *instructions_read(const char *text, size_t len, const char *name, struct instructions *out)
{
    AUTO(instructions) in = { .escape = '\\' };
    if (len > LIMIT_DOCKERFILE)
        return err_new(RW2001_DOCKERFILE_SYNTAX, "%s is larger than %u bytes", name, LIMIT_DOCKERFILE);
    if (memchr(text, '\0', len))
        return err_at(err_new(RW2001_DOCKERFILE_SYNTAX, "%s holds a NUL byte", name), "%s", name);
    bool marked = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    struct reader r = { .at = text + (marked ? 3 : 0), .end = text + len, .name = name };
    TRY(read_all(&r, &in));
    *out = in;
    in = (struct instructions){ 0 };
    return NULL;
}

void instructions_release(struct instructions *in)
{
    for (size_t i = 0; i < in->count; i++) {
        free(in->items[i].keyword);
        free(in->items[i].rest);
    }
    free(in->items);
    free(in->syntax);
    *in = (struct instructions){ 0 };
}

/* The length of a word: quoted blanks belong to it. */
static size_t word_length(const char *text, char escape)
{
    char quote = '\0';
    size_t i = 0;
    for (; text[i] && (quote || !is_blank(text[i])); i++) {
        if (text[i] == escape && quote != '\'' && text[i + 1])
            i++;
        else if (quote)
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
    }
    return i;
}

void words_split(const char *text, char escape, struct strv *out)
{
    for (;;) {
        while (is_blank(*text))
            text++;
        if (!*text)
            return;
        size_t len = word_length(text, escape);
        strv_add_take(out, xstrndup(text, len));
        text += len;
    }
}

char *word_heredoc(const char *word, bool *tabs)
{
    while (isdigit((unsigned char)*word))
        word++;
    if (!str_starts(word, "<<"))
        return NULL;
    word += 2;
    *tabs = *word == '-';
    word += *tabs;
    if (!*word || strchr(word, '<'))
        return NULL;
    return word_expand(word, '\\', &(struct strv){ 0 });
}

const char *vars_get(const struct strv *vars, const char *name, size_t len)
{
    for (size_t i = vars->count; i-- > 0;)
        if (strncmp(vars->items[i], name, len) == 0 && vars->items[i][len] == '=')
            return vars->items[i] + len + 1;
    return NULL;
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    return n;
}

/* The "}" that ends what begins behind "${"; NULL without one, or when nested deeper than anybody
 * writes, which bounds the recursion. */
static const char *closing_brace(const char *s)
{
    for (size_t depth = 1; *s && depth <= NESTED_BRACES; s++) {
        if (str_starts(s, "${"))
            depth++;
        else if (*s == '}' && --depth == 0)
            return s;
    }
    return NULL;
}

/* ${NAME}, and with an operator: at stands behind "${". *end: behind "}". */
static char *expand_braces(const char *at, char escape, const struct strv *vars, const char **end)
{
    const char *close = closing_brace(at);
    size_t len = name_length(at);
    if (!close || len == 0)
        return NULL;
    *end = close + 1;
    const char *value = vars_get(vars, at, len), *mark = at + len;
    if (mark == close)
        return xstrdup(value);
    if (*mark == ':') {
        mark++;
        value = value && *value ? value : NULL;
    }
    if (*mark != '-' && *mark != '+')
        return NULL;
    AUTO_STR word = xstrndup(mark + 1, (size_t)(close - mark - 1));
    if (*mark == '-')
        return value ? xstrdup(value) : word_expand(word, escape, vars);
    return value ? word_expand(word, escape, vars) : xstrdup("");
}

/* at stands on "$". *end: behind what was read. */
static char *expand_dollar(const char *at, char escape, const struct strv *vars, const char **end)
{
    if (at[1] == '{')
        return expand_braces(at + 2, escape, vars, end);
    size_t len = name_length(at + 1);
    *end = at + 1 + len;
    return len ? xstrdup(vars_get(vars, at + 1, len)) : xstrdup("$");
}

char *word_expand(const char *word, char escape, const struct strv *vars)
{
    AUTO(buf) out = BUF_INIT(LIMIT_DOCKERFILE);
    char quote = '\0';
    for (const char *at = word; *at;) {
        if (*at == '$' && quote != '\'') {
            AUTO_STR value = expand_dollar(at, escape, vars, &at);
            if (!value || !buf_append(&out, value, strlen(value)))
                return NULL;
            continue;
        }
        if (*at == escape && quote != '\'' && at[1])
            at++;
        else if (quote ? *at == quote : (*at == '"' || *at == '\'')) {
            quote = quote ? '\0' : *at;
            at++;
            continue;
        }
        if (!buf_append(&out, at++, 1))
            return NULL;
    }
    return buf_steal(&out, NULL);
}
