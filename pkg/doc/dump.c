#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "doc/number.h"
#include "doc/tree.h"

/* must_escape: what a YAML 1.1 reader refuses or folds when it stands raw in double quotes:
 * go.yaml.in/yaml/v2 readerc.go ("control characters are not allowed"), yamlprivateh.go is_break. */
static bool must_escape(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
           code == 0xFFFE || code == 0xFFFF;
}

static const char *short_escape(uint32_t code)
{
    switch (code) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    }
    return NULL;
}

static void add_text(struct buf *b, const char *text, size_t len)
{
    buf_adds(b, "\"");
    for (size_t i = 0; i < len;) {
        uint32_t code;
        size_t count = utf8_next(text + i, len - i, &code);
        if (count == 0)
            BUG("a text in a tree is not UTF-8");
        if (short_escape(code))
            buf_adds(b, short_escape(code));
        else if (must_escape(code))
            buf_addf(b, "\\u%04" PRIx32, code);
        else
            buf_add(b, text + i, count);
        i += count;
    }
    buf_adds(b, "\"");
}

static void add_value(struct buf *b, const json_t *value);

static void add_object(struct buf *b, const json_t *object)
{
    const char *key;
    const json_t *value;
    const char *between = "{";
    DOC_EACH_KEY (object, key, value) {
        buf_adds(b, between);
        between = ",";
        add_text(b, key, strlen(key));
        buf_adds(b, ":");
        add_value(b, value);
    }
    buf_adds(b, json_object_size(object) == 0 ? "{}" : "}");
}

static void add_array(struct buf *b, const json_t *array)
{
    size_t i;
    const json_t *item;
    buf_adds(b, "[");
    DOC_EACH_ITEM (array, i, item) {
        buf_adds(b, i ? "," : "");
        add_value(b, item);
    }
    buf_adds(b, "]");
}

static void add_number(struct buf *b, double number)
{
    AUTO_STR text = number_text(number);
    buf_adds(b, text);
}

static void add_value(struct buf *b, const json_t *value)
{
    switch (doc_kind(value)) {
    case DOC_NOTHING:
    case DOC_NULL:
        buf_adds(b, "null");
        return;
    case DOC_OBJECT:
        add_object(b, value);
        return;
    case DOC_ARRAY:
        add_array(b, value);
        return;
    case DOC_STRING:
        add_text(b, json_string_value(value), json_string_length(value));
        return;
    case DOC_INTEGER:
        buf_addf(b, "%" PRId64, (int64_t)json_integer_value(value));
        return;
    case DOC_REAL:
        add_number(b, json_real_value(value));
        return;
    case DOC_BOOLEAN:
        buf_adds(b, json_is_true(value) ? "true" : "false");
        return;
    }
}

char *doc_dump(const json_t *tree)
{
    AUTO(buf) b = BUF_INIT(SIZE_MAX);
    add_value(&b, tree);
    return buf_steal(&b, NULL);
}
