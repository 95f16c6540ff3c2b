#include "kube/reject.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "kube/apply.h"
#include "kube/owners.h"

#define HIDDEN "(hidden)"
#define SHORTEST_HIDDEN 4 /* shorter values are part of too many words */

void kube_refusal_release(struct kube_refusal *r)
{
    strv_release(&r->fields);
    strv_release(&r->lines);
    strv_release(&r->owners);
}

/* what is at least half as long as HIDDEN. */
static void hide(char **text, const char *what)
{
    AUTO(buf) out = BUF_INIT(2 * strlen(*text) + 1);
    const char *from = *text;
    for (const char *at; (at = strstr(from, what)) != NULL; from = at + strlen(what)) {
        buf_add(&out, from, (size_t)(at - from));
        buf_adds(&out, HIDDEN);
    }
    buf_adds(&out, from);
    free(*text);
    *text = buf_steal(&out, NULL);
}

static bool is_secret(const json_t *object)
{
    return str_eq(doc_text(object, "/kind"), "Secret");
}

/* Whatever the server quotes of a Secret, its values go no further. */
static void hide_values(const json_t *object, char **line)
{
    static const char *const keys[] = { "data", "stringData" };
    for (size_t i = 0; is_secret(object) && i < COUNT_OF(keys); i++) {
        const char *key;
        json_t *value;
        DOC_EACH_KEY (doc_key(object, keys[i]), key, value) {
            const char *text = doc_text(value, "");
            AUTO_STR dumped = text ? xstrdup(text) : doc_dump(value);
            if (strlen(dumped) >= SHORTEST_HIDDEN)
                hide(line, dumped);
        }
    }
}

static const char *value_word(const char *value)
{
    if (str_starts(value, "map["))
        return "a mapping";
    return str_starts(value, "[") ? "a list" : value;
}

/* "expected string, got &value.valueUnstructured{Value:65}", "expected boolean, got &{no}": Go's way
 * to print what we sent. */
static void plain_value(const json_t *object, char **line)
{
    static const char got[] = ", got ";
    char *at = strstr(*line, got);
    if (!at)
        return;
    const char *open = strchr(at, '{');
    const char *end = strrchr(at, '}');
    bool printed = at[strlen(got)] == '&' && open && end > open;
    AUTO_STR value = printed ? xstrndup(open + 1, (size_t)(end - open - 1)) : xstrdup(at + strlen(got));
    const char *shown = str_starts(value, "Value:") ? value + strlen("Value:") : value;
    AUTO_STR short_line =
        xasprintf("%.*s%s%s", (int)(at - *line), *line, got, is_secret(object) ? "another type" : value_word(shown));
    str_set(line, short_line);
}

/* Where the JSON value that begins at `text` ends. */
static const char *skip_json(const char *text)
{
    int depth = 0;
    bool quoted = false;
    for (const char *c = text; *c; c++) {
        if (quoted) {
            if (*c == '\\' && c[1])
                c++;
            else if (*c == '"')
                quoted = false;
        } else if (*c == '"') {
            quoted = true;
        } else if (*c == '{' || *c == '[') {
            depth++;
        } else if ((*c == '}' || *c == ']') && --depth == 0) {
            return c + 1;
        }
    }
    return text + strlen(text);
}

/* `Invalid value: {"matchLabels":…}: field is immutable` without the tree, which can be pages long. */
static void drop_trees(char **line)
{
    static const char words[] = "Invalid value: ";
    char *at = strstr(*line, words);
    const char *value = at ? at + strlen(words) : "";
    if (*value != '{' && *value != '[')
        return;
    const char *rest = skip_json(value);
    AUTO_STR short_line = xasprintf("%.*s%s", (int)(at - *line), *line, *rest == ':' ? rest + 2 : rest);
    str_set(line, short_line);
}

static void add_line(const json_t *object, struct kube_refusal *out, const char *text)
{
    AUTO_STR line = xstrdup(text);
    plain_value(object, &line);
    drop_trees(&line);
    hide_values(object, &line);
    strv_add(&out->lines, line);
}

/* What stands in the next quotes, owned; *text moves behind them. NULL: there are none. */
static char *next_quoted(const char **text)
{
    const char *open = *text ? strchr(*text, '"') : NULL;
    const char *end = open ? strchr(open + 1, '"') : NULL;
    *text = end ? end + 1 : NULL;
    return end ? xstrndup(open + 1, (size_t)(end - open - 1)) : NULL;
}

/* `conflict with "hpa" with subresource "scale" using apps/v1 at 2026-…`. Who wrote through a
 * subresource is another owner than who applied under the same name: `kubectl scale` is a person's
 * decision, and what it owns can't be moved. */
static void read_owner(const json_t *cause, struct kube_refusal *out)
{
    static const char subresource[] = " with subresource ";
    const char *rest = doc_text(cause, "/message");
    AUTO_STR name = next_quoted(&rest);
    AUTO_STR part = name && str_starts(rest, subresource) ? next_quoted(&rest) : NULL;
    strv_add_take(&out->owners, part ? xasprintf("%s (%s)", name, part) : xstrdup(name ? name : "?"));
}

static void read_causes(const json_t *object, const json_t *status, struct kube_refusal *out)
{
    size_t i;
    json_t *cause;
    DOC_EACH_ITEM (doc_get(status, "/details/causes"), i, cause) {
        const char *field = doc_text(cause, "/field");
        const char *message = doc_text(cause, "/message");
        if (str_eq(doc_text(cause, "/reason"), "FieldManagerConflict"))
            read_owner(cause, out);
        if (field && *field)
            strv_add(&out->fields, field);
        AUTO_STR line = xasprintf("%s%s%s", field ? field : "", field && *field ? ": " : "", message ? message : "");
        if (*line)
            add_line(object, out, line);
    }
}

/* A line of a schema error starts with its field: `.spec.x[name="a"].y: expected string, …`. */
static void read_field(const char *line, struct kube_refusal *out)
{
    size_t len = 0;
    for (bool quoted = false; line[len] && (quoted || line[len] != ':'); len++) {
        if (line[len] == '"')
            quoted = !quoted;
    }
    if (line[0] == '.' && line[len] == ':')
        strv_add_take(&out->fields, xstrndup(line, len));
}

/* "failed to create typed patch object (ns/name; apps/v1, Kind=Deployment): errors:\n  .a: …\n  .b: …" */
static void read_schema_errors(const json_t *object, const char *words, struct kube_refusal *out)
{
    static const char end_of_head[] = "): ";
    const char *from = strstr(words, end_of_head);
    from = from ? from + strlen(end_of_head) : words;
    while (*from) {
        size_t len = strcspn(from, "\n");
        AUTO_STR line = xstrndup(from, len);
        const char *text = line + strspn(line, " ");
        if (*text && strcmp(text, "errors:") != 0) {
            read_field(text, out);
            add_line(object, out, text);
        }
        from += len + (from[len] == '\n');
    }
}

/* `strict decoding error: unknown field "spec.x"`: names the field in quotes. */
static void read_strict_error(const char *words, struct kube_refusal *out)
{
    static const char open[] = "unknown field \"";
    for (const char *at = words; (at = strstr(at, open)) != NULL;) {
        at += strlen(open);
        strv_add_take(&out->fields, xstrndup(at, strcspn(at, "\"")));
    }
}

void kube_refusal_read(const json_t *object, const json_t *status, const char *words, struct kube_refusal *out)
{
    *out = (struct kube_refusal){ 0 };
    if (str_starts(words, "failed to create typed"))
        read_schema_errors(object, words, out);
    else
        read_causes(object, status, out);
    if (strstr(words, "strict decoding error"))
        read_strict_error(words, out);
    if (out->lines.count == 0)
        add_line(object, out, words);
}

/* Only what can't be a password: numbers, booleans, image names. */
static char *shown_value(const json_t *object, const char *field)
{
    AUTO_STR pointer = doc_pointer_of_field(object, field);
    const json_t *value = doc_get(object, pointer);
    if (is_secret(object))
        return NULL;
    switch (doc_kind(value)) {
    case DOC_INTEGER:
    case DOC_REAL:
    case DOC_BOOLEAN:
        return doc_dump(value);
    case DOC_STRING:
        return str_ends(pointer, "/image") ? xstrdup(doc_text(value, "")) : NULL;
    case DOC_NOTHING:
    case DOC_NULL:
    case DOC_OBJECT:
    case DOC_ARRAY:
        break;
    }
    return NULL;
}

static char *conflict_line(const struct kube_refusal *r, size_t i, const json_t *object, const json_t *live)
{
    AUTO_STR ours = shown_value(object, r->fields.items[i]);
    AUTO_STR theirs = shown_value(live, r->fields.items[i]);
    if (ours && theirs)
        return xasprintf("%s is owned by \"%s\"; you set %s, the cluster has %s", r->fields.items[i],
                         r->owners.items[i], ours, theirs);
    return xasprintf("%s is owned by \"%s\"; you set another value", r->fields.items[i], r->owners.items[i]);
}

static bool is_inherited_from(const struct kube_refusal *r, size_t i)
{
    return kube_is_inherited(r->owners.items[i], strlen(r->owners.items[i]));
}

bool kube_refusal_by_inherited(const struct kube_refusal *r)
{
    for (size_t i = 0; i < r->owners.count; i++) {
        if (!is_inherited_from(r, i))
            return false;
    }
    return r->owners.count > 0;
}

/* The first reason is the cause; the others stand below it. */
static struct err *add_others(struct err *e, const struct strv *lines)
{
    AUTO(strv) others = { 0 };
    for (size_t i = 1; i < lines->count; i++)
        strv_add(&others, lines->items[i]);
    AUTO_STR text = strv_join(&others, "\n");
    return others.count > 0 ? err_detail(e, text, strlen(text)) : e;
}

/* What kubectl owns is not told: it would be taken over if nobody else stood in the way. */
static struct err *conflict_error(const struct kube_refusal *r, const json_t *object, const json_t *live)
{
    AUTO_STR what = kube_id_text(kube_id_of(object));
    AUTO(strv) lines = { 0 };
    for (size_t i = 0; i < r->owners.count && i < r->fields.count; i++) {
        if (!is_inherited_from(r, i))
            strv_add_take(&lines, conflict_line(r, i, object, live));
    }
    struct err *e = err_new(RW5409_CONFLICT, "%s: another manager owns %zu field%s that you set", what, lines.count,
                            lines.count == 1 ? "" : "s");
    e = err_at(err_cause(e, "%s", lines.count > 0 ? lines.items[0] : r->lines.items[0]), "%s", what);
    return err_next(add_others(e, &lines), "delete the field from the manifest, so that its owner keeps it");
}

struct err *kube_refusal_error(const struct kube_refusal *r, const json_t *object, const json_t *live, int status)
{
    if (r->owners.count > 0)
        return conflict_error(r, object, live);
    AUTO_STR what = kube_id_text(kube_id_of(object));
    struct err *e = err_new(RW5401_OBJECT_REJECTED, "%s: the API server refuses it", what);
    bool quotes_help = strstr(r->lines.items[0], "expected string, got") && !is_secret(object);
    e = err_cause(e, "%s%s (HTTP %d)", r->lines.items[0], quotes_help ? "; in YAML, put it in quotes" : "", status);
    return err_at(add_others(e, &r->lines), "%s", what);
}
