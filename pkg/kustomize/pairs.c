#include "kustomize/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/utf8.h"

static void add(struct pairs *out, const char *key, size_t key_len, const char *bytes, size_t len,
                struct doc_origin from_steal)
{
    out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
    struct pair *p = &out->items[out->count++];
    *p = (struct pair){ .key = xstrndup(key, key_len), .bytes = xcalloc(len + 1, 1), .len = len, .from = from_steal };
    if (len)
        memcpy(p->bytes, bytes, len);
}

/* White space as Go's unicode.IsSpace has it. */
static bool is_space(uint32_t code)
{
    static const uint32_t others[] = { 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 };
    if ((code >= '\t' && code <= '\r') || code == ' ' || (code >= 0x2000 && code <= 0x200A))
        return true;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (others[i] == code)
            return true;
    return false;
}

static void skip_space(const char **line, size_t *len)
{
    uint32_t code;
    for (size_t n; *len && (n = utf8_next(*line, *len, &code)) != 0 && is_space(code);) {
        *line += n;
        *len -= n;
    }
}

static bool is_utf8(const char *s, size_t len)
{
    uint32_t code;
    for (size_t i = 0, n; i < len; i += n)
        if ((n = utf8_next(s + i, len - i, &code)) == 0)
            return false;
    return true;
}

static struct err *bad_line(const char *path, size_t line, const char *why)
{
    struct err *e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s: this line can't be read", path);
    return err_where(err_cause(e, "%s", why), path, line, 1);
}

static struct err *add_line(struct pairs *out, const char *path, size_t number, const char *line, size_t len)
{
    if (!is_utf8(line, len))
        return bad_line(path, number, "it is not UTF-8");
    if (memchr(line, '\0', len))
        return bad_line(path, number, "it holds a NUL");
    skip_space(&line, &len);
    if (!len || *line == '#')
        return NULL;
    const char *equals = memchr(line, '=', len);
    if (!equals)
        return bad_line(path, number, "it has no =; write NAME= for an empty value");
    size_t key = (size_t)(equals - line);
    add(out, line, key, equals + 1, len - key - 1, doc_origin_line(path, number));
    return NULL;
}

/* The byte order mark goes with the file's first line only; so does "\r" at the end of any. */
static struct err *add_env_file(const struct layer *l, const char *pointer, const char *name, struct pairs *out)
{
    static const char bom[] = "\xEF\xBB\xBF";
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO_STR path = NULL;
    struct err *errors = NULL;
    size_t number = 0;
    TRY(layer_read(l, pointer, name, &text, &path));
    const char *at = buf_text(&text), *end = at + text.len;
    if (str_starts(at, bom))
        at += strlen(bom);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        size_t shown = len && at[len - 1] == '\r' ? len - 1 : len;
        errors = err_join(errors, add_line(out, path, ++number, at, shown));
        at += len + (newline != NULL);
    }
    return errors;
}

/* "NAME=VALUE"; quotes around the whole value go. */
static struct err *add_literal(const struct layer *l, const char *pointer, const char *literal, struct pairs *out)
{
    const char *equals = strchr(literal, '=');
    if (!equals || equals == literal)
        return layer_refuse(l, pointer, "a literal is NAME=VALUE");
    const char *value = equals + 1;
    size_t len = strlen(value);
    bool quoted = len > 1 && value[0] == value[len - 1] && (value[0] == '"' || value[0] == '\'');
    add(out, literal, (size_t)(equals - literal), quoted ? value + 1 : value, quoted ? len - 2 : len,
        doc_origin_of(l->doc, pointer));
    return NULL;
}

/* "KEY=PATH", or PATH, whose last part is the key. */
static struct err *add_file(const struct layer *l, const char *pointer, const char *source, struct pairs *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO_STR path = NULL;
    const char *equals = strchr(source, '=');
    if (equals && (equals == source || !equals[1] || strchr(equals + 1, '=')))
        return layer_refuse(l, pointer, "a file is PATH or KEY=PATH");
    TRY(layer_read(l, pointer, equals ? equals + 1 : source, &text, &path));
    const char *key = equals ? source : fs_base(path);
    size_t key_len = equals ? (size_t)(equals - source) : strlen(key);
    add(out, key, key_len, buf_text(&text), text.len, doc_origin_line(path, 1));
    return NULL;
}

static struct err *add_all(const struct layer *l, const char *list,
                           struct err *(*add_one)(const struct layer *, const char *, const char *, struct pairs *),
                           struct pairs *out)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < doc_count(layer_at(l, "%s", list)); i++) {
        AUTO_STR pointer = xasprintf("%s/%zu", list, i);
        errors = err_join(errors, add_one(l, pointer, doc_text(l->doc->root, pointer), out));
    }
    return errors;
}

static struct err *check_twice(const struct layer *l, const char *entry, const struct pairs *p)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(p->items[i].key, p->items[j].key) == 0) {
                AUTO_STR first = doc_origin_where(&p->items[j].from);
                AUTO_STR second = doc_origin_where(&p->items[i].from);
                struct err *e = layer_refuse(l, entry, "the key %s is given twice", p->items[i].key);
                return err_cause(e, "at %s and at %s", first, second);
            }
    return NULL;
}

static struct err *read_all(const struct layer *l, const char *entry, struct pairs *out)
{
    AUTO_STR envs = xasprintf("%s/envs", entry);
    AUTO_STR env = xasprintf("%s/env", entry);
    AUTO_STR literals = xasprintf("%s/literals", entry);
    AUTO_STR files = xasprintf("%s/files", entry);
    struct err *errors = add_all(l, envs, add_env_file, out);
    if (layer_text(l, "%s", env))
        errors = err_join(errors, add_env_file(l, env, layer_text(l, "%s", env), out));
    errors = err_join(errors, add_all(l, literals, add_literal, out));
    errors = err_join(errors, add_all(l, files, add_file, out));
    return errors ? errors : check_twice(l, entry, out);
}

struct err *pairs_read(const struct layer *l, const char *entry, struct pairs *out)
{
    struct pairs read = { 0 };
    struct err *e = read_all(l, entry, &read);
    if (e) {
        pairs_release(&read);
        return e;
    }
    *out = read;
    return NULL;
}

void pairs_release(struct pairs *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].key);
        free(p->items[i].bytes);
        doc_origin_release(&p->items[i].from);
    }
    free(p->items);
    *p = (struct pairs){ 0 };
}
