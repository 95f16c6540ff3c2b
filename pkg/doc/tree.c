#include "doc/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "doc/pointer.h"
#include "base/utf8.h"

/* made: jansson answers NULL when memory is out. Asking for more than there can be ends the process
 * as mem.h does everywhere. */
static json_t *made(json_t *value)
{
    if (!value)
        free(xrealloc(NULL, SIZE_MAX, 1));
    return value;
}

json_t *doc_object(void)
{
    return made(json_object());
}

json_t *doc_array(void)
{
    return made(json_array());
}

json_t *doc_string(const char *text)
{
    return doc_string_len(text, strlen(text));
}

json_t *doc_string_len(const char *text, size_t len)
{
    len = strnlen(text, len);
    json_t *value = json_stringn(text, len);
    if (value)
        return value;
    AUTO(buf) clean = BUF_INIT(SIZE_MAX);
    for (size_t i = 0; i < len;) {
        uint32_t code;
        size_t count = utf8_next(text + i, len - i, &code);
        if (count == 0)
            buf_adds(&clean, "\xEF\xBF\xBD");
        else
            buf_add(&clean, text + i, count);
        i += count ? count : 1;
    }
    return made(json_stringn(buf_text(&clean), clean.len));
}

json_t *doc_integer(int64_t number)
{
    return made(json_integer(number));
}

json_t *doc_number(double number)
{
    if (!isfinite(number))
        BUG("JSON has no NaN and no infinity");
    return made(json_real(number));
}

json_t *doc_boolean(bool value)
{
    return json_boolean(value);
}

json_t *doc_null(void)
{
    return json_null();
}

json_t *doc_copy(const json_t *tree)
{
    return tree ? made(json_deep_copy(tree)) : NULL;
}

json_t *doc_ref(json_t *tree)
{
    return json_incref(tree);
}

void doc_unref(json_t *tree)
{
    json_decref(tree);
}

void doc_unrefp(json_t **tree)
{
    json_decref(*tree);
    *tree = NULL;
}

enum doc_kind doc_kind(const json_t *value)
{
    if (!value)
        return DOC_NOTHING;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return DOC_OBJECT;
    case JSON_ARRAY:
        return DOC_ARRAY;
    case JSON_STRING:
        return DOC_STRING;
    case JSON_INTEGER:
        return DOC_INTEGER;
    case JSON_REAL:
        return DOC_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return DOC_BOOLEAN;
    case JSON_NULL:
        return DOC_NULL;
    }
    BUG("jansson has a new kind of value");
}

const char *doc_kind_name(enum doc_kind kind)
{
    switch (kind) {
    case DOC_NOTHING:
        return "nothing";
    case DOC_NULL:
        return "null";
    case DOC_OBJECT:
        return "a mapping";
    case DOC_ARRAY:
        return "a list";
    case DOC_STRING:
        return "a string";
    case DOC_INTEGER:
        return "an integer";
    case DOC_REAL:
        return "a number with a fraction";
    case DOC_BOOLEAN:
        return "a boolean";
    }
    return "nothing";
}

bool doc_is_object(const json_t *value)
{
    return json_is_object(value);
}

bool doc_is_array(const json_t *value)
{
    return json_is_array(value);
}

bool doc_is_null(const json_t *value)
{
    return !value || json_is_null(value);
}

/* child: what a segment names in an object or a list; NULL if nothing. */
static json_t *child(const json_t *value, const char *segment)
{
    size_t index;
    if (json_is_object(value))
        return json_object_get(value, segment);
    if (json_is_array(value) && doc_index(segment, &index))
        return json_array_get(value, index);
    return NULL;
}

json_t *doc_get(const json_t *tree, const char *pointer)
{
    const json_t *value = tree;
    while (value) {
        AUTO_STR segment = doc_segment(&pointer);
        if (!segment)
            break;
        value = child(value, segment);
    }
    return (json_t *)value;
}

const char *doc_text(const json_t *tree, const char *pointer)
{
    return json_string_value(doc_get(tree, pointer));
}

int64_t doc_i64(const json_t *tree, const char *pointer, int64_t fallback)
{
    const json_t *value = doc_get(tree, pointer);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool doc_bool(const json_t *tree, const char *pointer, bool fallback)
{
    const json_t *value = doc_get(tree, pointer);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

json_t *doc_key(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

size_t doc_count(const json_t *list_or_object)
{
    return json_is_array(list_or_object) ? json_array_size(list_or_object) : json_object_size(list_or_object);
}

json_t *doc_at(const json_t *array, size_t index)
{
    return json_array_get(array, index);
}

json_t *doc_find(const json_t *array, const char *pointer, const char *text)
{
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (array, i, item)
        if (str_eq(doc_text(item, pointer), text))
            return item;
    return NULL;
}

/* jansson's iteration takes a json_t * that it does not change. */
const char *doc_first_key(const json_t *object)
{
    return json_object_iter_key(json_object_iter((json_t *)object));
}

const char *doc_next_key(const json_t *object, const char *key)
{
    return json_object_iter_key(json_object_iter_next((json_t *)object, json_object_key_to_iter(key)));
}

json_t *doc_value_of_key(const char *key)
{
    return json_object_iter_value(json_object_key_to_iter(key));
}

bool doc_equal(const json_t *a, const json_t *b)
{
    return a == b || json_equal(a, b);
}
