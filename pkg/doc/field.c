#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "doc/pointer.h"
#include "doc/tree.h"

/* A step goes from `value` to the value that the front of *field names, adds its segment to the
 * pointer and moves *field behind it; NULL, and nothing changed, when the tree has no such value. */

static const json_t *go(const json_t *value, const char *segment, char **pointer)
{
    char *longer = doc_pointer_add(*pointer, segment);
    free(*pointer);
    *pointer = longer;
    return value;
}

/* step_name: the longest key of the object that stands at *field, up to ".", "[" or the end. */
static const json_t *step_name(const json_t *object, const char **field, char **pointer)
{
    const char *key, *best = NULL;
    const json_t *value, *found = NULL;
    DOC_EACH_KEY (object, key, value) {
        size_t len = strlen(key);
        bool fits = len > 0 && strncmp(*field, key, len) == 0 && strchr(".[", (*field)[len]) != NULL;
        if (fits && (!best || len > strlen(best))) {
            best = key;
            found = value;
        }
    }
    if (!found)
        return NULL;
    *field += strlen(best);
    return go(found, best, pointer);
}

/* json_end: behind the JSON scalar at s, which ends at "," or "]" outside of quotes. */
static const char *json_end(const char *s)
{
    bool quoted = false;
    for (; *s && (quoted || (*s != ',' && *s != ']')); s++) {
        if (quoted && *s == '\\' && s[1])
            s++;
        else if (*s == '"')
            quoted = !quoted;
    }
    return s;
}

/* matches: whether an item has all of name=value,name=value at s; an empty name is the item
 * itself. */
static bool matches(const json_t *item, const char *s)
{
    for (;;) {
        size_t len = strcspn(s, "=]");
        if (s[len] != '=')
            return false;
        AUTO_STR name = xstrndup(s, len);
        const char *from = s + len + 1;
        s = json_end(from);
        DOC_AUTO wanted = json_loadb(from, (size_t)(s - from), JSON_DECODE_ANY, NULL);
        if (!wanted || !doc_equal(wanted, *name ? doc_key(item, name) : item))
            return false;
        if (*s != ',')
            return *s == ']';
        s++;
    }
}

/* selector_end: the "]" that closes the selector behind "[". */
static const char *selector_end(const char *s)
{
    const char *end = s;
    while (*end && *end != ']')
        end = *end == '"' ? json_end(end) : end + 1;
    return *end ? end : NULL;
}

static const json_t *step_item(const json_t *array, const char **field, char **pointer)
{
    const char *end = selector_end(*field + 1);
    if (!end)
        return NULL;
    AUTO_STR inside = xstrndup(*field + 1, (size_t)(end - *field - 1));
    size_t wanted, i;
    bool by_index = doc_index(inside, &wanted);
    const json_t *item;
    DOC_EACH_ITEM (array, i, item) {
        if (by_index ? i != wanted : !matches(item, *field + 1))
            continue;
        AUTO_STR segment = xasprintf("%zu", i);
        *field = end + 1;
        return go(item, segment, pointer);
    }
    return NULL;
}

/* step_key: "[app.kubernetes.io/name]", the form of validation errors for a key of a map. */
static const json_t *step_key(const json_t *object, const char **field, char **pointer)
{
    const char *end = strchr(*field, ']');
    if (!end)
        return NULL;
    AUTO_STR key = xstrndup(*field + 1, (size_t)(end - *field - 1));
    const json_t *value = doc_key(object, key);
    if (!value)
        return NULL;
    *field = end + 1;
    return go(value, key, pointer);
}

char *doc_pointer_of_field(const json_t *tree, const char *field)
{
    char *pointer = xstrdup("");
    while (tree && *field) {
        if (*field == '[')
            tree = doc_is_array(tree) ? step_item(tree, &field, &pointer) : step_key(tree, &field, &pointer);
        else if (*field == '.')
            field++;
        else
            tree = step_name(tree, &field, &pointer);
    }
    return pointer;
}
