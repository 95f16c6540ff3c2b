#include "kustomize/select.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum part { PART_GROUP, PART_VERSION, PART_KIND, PART_NAME, PART_NAMESPACE, PART_COUNT };

struct condition {
    bool annotation; /* else a label */
    bool negated;
    char *name;
    char *value; /* NULL: any */
};

struct selector {
    bool given[PART_COUNT];
    regex_t patterns[PART_COUNT];
    struct condition *conditions;
    size_t count;
};

static struct err *compile(const struct layer *l, const char *at, const char *pattern, regex_t *out)
{
    static const char *const perls[] = { "(?", "*?", "+?", "??", "*+", "++", "?+", "**", "+*", "?*" };
    bool known = !strpbrk(pattern, "\\[]{}");
    for (size_t i = 0; i < COUNT_OF(perls); i++)
        known = known && !strstr(pattern, perls[i]);
    AUTO_STR whole = xasprintf("^(%s)$", pattern);
    if (!known || regcomp(out, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return layer_refuse(l, at, "the pattern of the target can't be read");
    return NULL;
}

static struct err *compile_all(const struct layer *l, const char *target, struct selector *s)
{
    static const char *const names[PART_COUNT] = { "group", "version", "kind", "name", "namespace" };
    for (size_t i = 0; i < PART_COUNT; i++) {
        AUTO_STR at = xasprintf("%s/%s", target, names[i]);
        if (!layer_text(l, "%s", at))
            continue;
        TRY(compile(l, at, layer_text(l, "%s", at), &s->patterns[i]));
        s->given[i] = true;
    }
    return NULL;
}

static char *trimmed(const char *from, size_t len)
{
    for (; len && *from == ' '; len--)
        from++;
    while (len && from[len - 1] == ' ')
        len--;
    return xstrndup(from, len);
}

/* "a", "!a", "a=b", "a==b", "a!=b" */
static void add_condition(struct selector *s, bool annotation, const char *text)
{
    bool absent = text[0] == '!';
    const char *equals = strchr(text, '=');
    bool unequal = equals && equals > text && equals[-1] == '!';
    const char *end = !equals ? text + strlen(text) : equals - unequal;
    s->conditions = xrealloc(s->conditions, s->count + 1, sizeof *s->conditions);
    s->conditions[s->count++] = (struct condition){
        .annotation = annotation,
        .negated = absent || unequal,
        .name = trimmed(text + absent, (size_t)(end - text) - absent),
        .value = equals ? trimmed(equals + 1 + (equals[1] == '='), strlen(equals + 1 + (equals[1] == '='))) : NULL,
    };
}

static struct err *read_conditions(const struct layer *l, const char *target, bool annotation, struct selector *s)
{
    AUTO_STR at = xasprintf("%s/%s", target, annotation ? "annotationSelector" : "labelSelector");
    const char *text = layer_text(l, "%s", at);
    if (text && strpbrk(text, "()<>"))
        return layer_refuse(l, at, "only NAME, !NAME, NAME=VALUE and NAME!=VALUE can be read here");
    while (text && *text) {
        size_t len = strcspn(text, ",");
        AUTO_STR one = trimmed(text, len);
        if (strchr(one, ' '))
            return layer_refuse(l, at, "only NAME, !NAME, NAME=VALUE and NAME!=VALUE can be read here");
        add_condition(s, annotation, one);
        text += len + (text[len] == ',');
    }
    return NULL;
}

struct err *selector_new(const struct layer *l, const char *target, struct selector **out)
{
    AUTO_PTR(selector) s = xcalloc(1, sizeof *s);
    TRY(compile_all(l, target, s));
    TRY(read_conditions(l, target, false, s));
    TRY(read_conditions(l, target, true, s));
    *out = STEAL(&s);
    return NULL;
}

static bool fits(const struct selector *s, enum part part, const char *text)
{
    return !s->given[part] || regexec(&s->patterns[part], text, 0, NULL, 0) == 0;
}

static bool holds(const struct condition *c, const struct resource *r)
{
    const json_t *pairs = doc_get(r->tree, c->annotation ? "/metadata/annotations" : "/metadata/labels");
    const char *value = doc_text(doc_key(pairs, c->name), "");
    bool found = value && (!c->value || strcmp(value, c->value) == 0);
    return found != c->negated;
}

bool selector_takes(const struct selector *s, const struct resource *r)
{
    const char *api = doc_text(r->tree, "/apiVersion"), *slash = api ? strchr(api, '/') : NULL;
    AUTO_STR group = slash ? xstrndup(api, (size_t)(slash - api)) : xstrdup("");
    const struct resource_id *first = r->before_count ? &r->before[0] : NULL;
    bool named = fits(s, PART_NAME, resource_name(r)) || (first && fits(s, PART_NAME, first->name));
    bool placed = fits(s, PART_NAMESPACE, resource_effective_namespace(r)) ||
                  (first && fits(s, PART_NAMESPACE, first->namespace));
    bool taken = named && placed && fits(s, PART_KIND, resource_kind(r)) && fits(s, PART_GROUP, group) &&
                 fits(s, PART_VERSION,
                      slash ? slash + 1
                      : api ? api
                            : "");
    for (size_t i = 0; i < s->count; i++)
        taken = taken && holds(&s->conditions[i], r);
    return taken;
}

void selector_free(struct selector *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < PART_COUNT; i++)
        if (s->given[i])
            regfree(&s->patterns[i]);
    for (size_t i = 0; i < s->count; i++) {
        free(s->conditions[i].name);
        free(s->conditions[i].value);
    }
    free(s->conditions);
    free(s);
}
