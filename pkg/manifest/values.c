#include "manifest/values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"

static const char PREFIX[] = "RWML_VAR_";

bool variable_name_ok(const char *name, size_t len)
{
    if (len == 0 || isdigit((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            return false;
    return true;
}

void values_add(struct values *v, enum value_source source, const char *name, const char *text, const char *where)
{
    v->items = xrealloc(v->items, v->count + 1, sizeof *v->items);
    v->items[v->count++] =
        (struct value){ .name = xstrdup(name), .text = xstrdup(text), .source = source, .where = xstrdup(where) };
}

struct err *values_add_set(struct values *v, const char *assignment)
{
    size_t len = strcspn(assignment, "=");
    if (!assignment[len] || !variable_name_ok(assignment, len)) {
        const char *value = assignment[len] ? "=…" : ""; /* which may be a secret */
        struct err *e = err_new(RW1020_COMMAND_LINE, "--set wants NAME=VALUE, not \"%.*s%s\"",
                                (int)(len < 60 ? len : 60), assignment, value);
        return err_cause(e, "a name is letters, digits and \"_\", and does not begin with a digit");
    }
    AUTO_STR name = xstrndup(assignment, len);
    values_add(v, VALUE_SET, name, assignment + len + 1, "--set");
    return NULL;
}

void values_add_environment(struct values *v, char *const *environment)
{
    for (char *const *at = environment; at && *at; at++) {
        const char *equals = strchr(*at, '=');
        if (!equals || !str_starts(*at, PREFIX))
            continue;
        AUTO_STR name = xstrndup(*at, (size_t)(equals - *at));
        values_add(v, VALUE_ENVIRONMENT, name + sizeof PREFIX - 1, equals + 1, name);
    }
}

static struct err *bad_line(const char *name, size_t line, const char *why)
{
    struct err *e = err_new(RW1002_CONFIG_SYNTAX, "%s:%zu: no NAME=VALUE", name, line);
    return err_where(err_cause(e, "%s", why), name, line, 0);
}

/* Blanks around a line don't count. */
static void trim(const char **text, size_t *len)
{
    while (*len && isspace((unsigned char)**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len && isspace((unsigned char)(*text)[*len - 1]))
        (*len)--;
}

static struct err *read_line(struct values *v, const char *text, size_t len, const char *name, size_t line)
{
    trim(&text, &len);
    if (len == 0 || *text == '#')
        return NULL;
    const char *equals = memchr(text, '=', len);
    if (!equals)
        return bad_line(name, line, "there is no \"=\"");
    size_t key_len = (size_t)(equals - text);
    const char *key = text;
    trim(&key, &key_len);
    if (!variable_name_ok(key, key_len))
        return bad_line(name, line, "a name is letters, digits and \"_\", and does not begin with a digit");
    const char *value = equals + 1;
    size_t value_len = len - (size_t)(value - text);
    trim(&value, &value_len);
    if (value_len && (*value == '"' || *value == '\'')) {
        if (value_len < 2 || value[value_len - 1] != *value)
            return bad_line(name, line, "the quote is not closed");
        value++;
        value_len -= 2;
    }
    AUTO_STR key_text = xstrndup(key, key_len);
    AUTO_STR value_text = xstrndup(value, value_len);
    AUTO_STR where = xasprintf("%s:%zu", name, line);
    values_add(v, VALUE_FILE, key_text, value_text, where);
    return NULL;
}

struct err *values_parse_file(struct values *v, const char *text, size_t len, const char *name)
{
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (memchr(text, '\0', len))
        return err_at(err_new(RW1002_CONFIG_SYNTAX, "%s holds a NUL byte", name), "%s", name);
    struct err *errors = NULL;
    const char *end = text + len;
    for (size_t line = 1; text < end; line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        errors = err_join(errors, read_line(v, text, (size_t)(stop - text), name, line));
        text = newline ? newline + 1 : end;
    }
    return errors;
}

struct err *values_add_file(struct values *v, const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *e = fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text);
    if (e)
        return err_because(RW1001_CONFIG_UNREADABLE, e, "cannot read the variables in %s", path);
    return values_parse_file(v, buf_text(&text), text.len, path);
}

static const struct value *find(const struct values *v, const char *name, enum value_source last)
{
    const struct value *best = NULL;
    for (size_t i = 0; i < v->count; i++) {
        const struct value *item = &v->items[i];
        if (item->source <= last && strcmp(item->name, name) == 0 && (!best || item->source <= best->source))
            best = item;
    }
    return best;
}

const struct value *values_find(const struct values *v, const char *name)
{
    return find(v, name, VALUE_FOUND);
}

const struct value *values_find_explicit(const struct values *v, const char *name)
{
    return find(v, name, VALUE_WORKSPACE);
}

void values_copy(const struct values *from, struct values *to)
{
    for (size_t i = 0; i < from->count; i++)
        values_add(to, from->items[i].source, from->items[i].name, from->items[i].text, from->items[i].where);
}

void values_release(struct values *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->items[i].name);
        free(v->items[i].text);
        free(v->items[i].where);
    }
    free(v->items);
    *v = (struct values){ 0 };
}
