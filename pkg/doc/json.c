#include <string.h>

#include "base/limits.h"
#include "doc/doc.h"
#include "doc/json.h"

/* refuse: an error at a byte offset. */
static struct err *refuse_at(const char *bytes, size_t offset, const char *name, const char *why)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        bool is_break = bytes[i] == '\n';
        bool is_tail = ((unsigned char)bytes[i] & 0xC0) == 0x80;
        line += is_break;
        column = is_break ? 1 : column + !is_tail;
    }
    struct err *e = err_new(RW1110_JSON_SYNTAX, "%s is not JSON that can be used", name);
    return err_where(err_cause(e, "%s", why), name, line, column);
}

/* A value stands behind each "[", "{" and "," at most. */
struct err *json_check_bounds(const char *bytes, size_t len, const char *name)
{
    size_t depth = 0, values = 1;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == '[' || c == '{')
            depth++, values++;
        else if (c == ']' || c == '}')
            depth -= depth > 0;
        else if (c == ',')
            values++;
        if (depth > LIMIT_DOC_DEPTH)
            return refuse_at(bytes, i, name, "it is nested too deeply");
        if (values > LIMIT_DOC_NODES)
            return refuse_at(bytes, i, name, "it has too many values");
    }
    return NULL;
}

/* load: one JSON text from the front of the bytes. jansson's words end in " near '…'", which
 * quotes the content. */
static struct err *load(const char *bytes, size_t len, const char *name, size_t flags, json_t **out, size_t *used)
{
    json_error_t error;
    json_t *value = json_loadb(bytes, len, flags | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        char *quote = strstr(error.text, " near '");
        if (quote)
            *quote = '\0';
        struct err *e = err_new(RW1110_JSON_SYNTAX, "%s is not valid JSON", name);
        return err_where(err_cause(e, "%s", error.text), name, error.line > 0 ? (size_t)error.line : 1,
                         error.column > 0 ? (size_t)error.column : 1);
    }
    *out = value;
    *used = (size_t)error.position;
    return NULL;
}

struct err *doc_parse_json(const char *bytes, size_t len, const char *name, json_t **out)
{
    size_t used;
    TRY(json_check_bounds(bytes, len, name));
    return load(bytes, len, name, 0, out, &used);
}

struct err *json_parse_first(const char *bytes, size_t len, const char *name, json_t **out, size_t *used)
{
    return load(bytes, len, name, JSON_DISABLE_EOF_CHECK, out, used);
}
