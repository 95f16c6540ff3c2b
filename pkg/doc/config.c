#include "doc/doc.h"

#include "base/strv.h"

/* wrong: "/port: expected a string, found a list", at the value; for an absent value at what
 * it is missing from. */
static struct err *wrong(const struct doc *d, const char *pointer, enum doc_kind wanted, enum doc_kind found)
{
    struct err *e;
    const char *shown = *pointer ? pointer : "the document";
    if (found == DOC_NOTHING || found == DOC_NULL)
        e = err_new(RW1004_CONFIG_TYPE, "%s is missing: expected %s", shown, doc_kind_name(wanted));
    else
        e = err_new(RW1004_CONFIG_TYPE, "%s: expected %s, found %s", shown, doc_kind_name(wanted),
                    doc_kind_name(found));
    return doc_err_where(e, d, pointer);
}

static struct err *typed(const struct doc *d, const char *pointer, enum doc_kind wanted, bool needed,
                         const json_t **out)
{
    const json_t *value = doc_get(d->root, pointer);
    enum doc_kind found = doc_kind(value);
    *out = NULL;
    if (found != wanted && (needed || !doc_is_null(value)))
        return wrong(d, pointer, wanted, found);
    if (found == wanted)
        *out = value;
    return NULL;
}

static struct err *text(const struct doc *d, const char *pointer, bool needed, const char **out)
{
    const json_t *value;
    TRY(typed(d, pointer, DOC_STRING, needed, &value));
    if (value)
        *out = doc_text(value, "");
    return NULL;
}

static struct err *boolean(const struct doc *d, const char *pointer, bool *out)
{
    const json_t *value;
    TRY(typed(d, pointer, DOC_BOOLEAN, false, &value));
    *out = doc_bool(value, "", *out);
    return NULL;
}

static struct err *container(const struct doc *d, const char *pointer, enum doc_kind kind, bool needed,
                             const json_t **out)
{
    const json_t *value;
    TRY(typed(d, pointer, kind, needed, &value));
    if (value)
        *out = value;
    return NULL;
}

struct err *doc_want_text(const struct doc *d, const char *pointer, const char **out)
{
    return text(d, pointer, false, out);
}

struct err *doc_want_bool(const struct doc *d, const char *pointer, bool *out)
{
    return boolean(d, pointer, out);
}

struct err *doc_want_object(const struct doc *d, const char *pointer, const json_t **out)
{
    return container(d, pointer, DOC_OBJECT, false, out);
}

struct err *doc_want_array(const struct doc *d, const char *pointer, const json_t **out)
{
    return container(d, pointer, DOC_ARRAY, false, out);
}

struct err *doc_need_text(const struct doc *d, const char *pointer, const char **out)
{
    return text(d, pointer, true, out);
}

struct err *doc_need_object(const struct doc *d, const char *pointer, const json_t **out)
{
    return container(d, pointer, DOC_OBJECT, true, out);
}

static struct err *unknown_key(const struct doc *d, const char *pointer, const char *key, const char *const *known,
                               size_t count)
{
    AUTO_STR at = doc_pointer_add(pointer, key);
    const char *meant = str_nearest(key, known, count);
    struct err *e = err_new(RW1003_CONFIG_KEY, "unknown key \"%s\"", key);
    if (meant)
        e = err_cause(e, "did you mean \"%s\"?", meant);
    return doc_err_where_key(e, d, at);
}

struct err *doc_check_keys(const struct doc *d, const char *pointer, const char *const *known, size_t count)
{
    const json_t *object = NULL;
    TRY(doc_want_object(d, pointer, &object));
    const char *key;
    const json_t *value;
    struct err *all = NULL;
    DOC_EACH_KEY (object, key, value) {
        size_t i = 0;
        while (i < count && !str_eq(known[i], key))
            i++;
        if (i == count)
            all = err_join(all, unknown_key(d, pointer, key, known, count));
    }
    return all;
}
