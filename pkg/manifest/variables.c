#include "manifest/variables.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/literals.h"
#include "manifest/placeholder.h"

/* One walk over all texts of a set. */
struct walk {
    struct manifest_object *object;
    const struct values *values;
    const struct object_literals *literals; /* the object's */
    struct variable_uses *uses;             /* NULL: not wanted */
    bool write;                             /* put the values in */
    struct err *errors;
};

/* written: the default or the literal that stands there; text: what it becomes where nothing is given. */
static void add_use(struct walk *w, const char *pointer, enum variable_use_kind kind, const char *name,
                    const char *written, const struct value *given, const char *text)
{
    if (!w->uses)
        return;
    struct variable_uses *u = w->uses;
    u->items = xrealloc(u->items, u->count + 1, sizeof *u->items);
    u->items[u->count++] = (struct variable_use){
        .name = xstrdup(name),
        .kind = kind,
        .object = w->object,
        .where = manifest_where(w->object, pointer),
        .pointer = xstrdup(pointer),
        .has_default = written != NULL,
        .value = xstrdup(given ? given->text : text),
        .written = xstrdup(written),
        .given = given != NULL,
        .source = given ? given->source : VALUE_FOUND,
        .origin = given ? xstrdup(given->where) : NULL,
    };
}

/* What a placeholder gets: what was given, then its default, then what was found in the cluster. */
static const struct value *value_of(const struct walk *w, const struct placeholder *p)
{
    const struct value *explicit = values_find_explicit(w->values, p->name);
    return explicit || p->fallback ? explicit : values_find(w->values, p->name);
}

static struct err *unset(const struct walk *w, const char *pointer, const char *name)
{
    struct err *e = err_new(RW1030_VARIABLE_UNSET, "variable %s has no value", name);
    e = err_cause(e, "%s uses ${%s}, which has no default", w->object->label, name);
    e = err_next(e, "--set %s=…, or %s: … below vars in rwml.yaml", name, name);
    return manifest_err_where(e, w->object, pointer);
}

static struct err *malformed(const struct walk *w, const char *pointer, const char *why)
{
    struct err *e = err_new(RW1032_VARIABLE_SYNTAX, "no variable can be read in a text of %s", w->object->label);
    e = err_next(err_cause(e, "%s", why), "write $${ where a plain \"${\" is meant");
    return manifest_err_where(e, w->object, pointer);
}

/* Lists the placeholders of a text and fills it. NULL: one has no value. overridden: the text is
 * replaced as a whole, so that nothing in it is missed. */
static char *fill(struct walk *w, const char *pointer, const char *text, const struct placeholders *found,
                  bool overridden)
{
    const char **values = xcalloc(found->count + 1, sizeof *values);
    bool complete = true;
    for (size_t i = 0; i < found->count; i++) {
        const struct placeholder *p = &found->items[i];
        const struct value *given = value_of(w, p);
        values[i] = given ? given->text : p->fallback;
        complete = complete && values[i];
        if (values[i] || !overridden)
            add_use(w, pointer, USE_PLACEHOLDER, p->name, p->fallback, given, p->fallback);
        if (!values[i] && !overridden && !w->uses)
            w->errors = err_join(w->errors, unset(w, pointer, p->name));
    }
    char *filled = complete ? placeholders_fill(text, values, found->count) : NULL;
    free(values);
    return filled;
}

static bool has_placeholder(const struct placeholders *found, const char *name)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->items[i].name, name) == 0)
            return true;
    return false;
}

/* The explicit value that takes the text's place, if the text is a literal of that name. */
static const struct value * override(const struct walk *w, const char *pointer)
{
    for (size_t i = 0; i < w->literals->count; i++)
        if (strcmp(w->literals->items[i].pointer, pointer) == 0 &&
            values_find_explicit(w->values, w->literals->items[i].name))
            return values_find_explicit(w->values, w->literals->items[i].name);
    return NULL;
}

static void list_literals(struct walk *w, const char *pointer, const struct placeholders *found, const char *written,
                          const char *text)
{
    for (size_t i = 0; i < w->literals->count; i++) {
        const struct literal *l = &w->literals->items[i];
        if (strcmp(l->pointer, pointer) == 0 && !has_placeholder(found, l->name))
            add_use(w, pointer, l->kind, l->name, written, values_find_explicit(w->values, l->name), text);
    }
}

static struct err *visit_text(void *ctx, const char *pointer, const char *text, char **replacement)
{
    struct walk *w = ctx;
    __attribute__((cleanup(placeholders_release))) struct placeholders found = { 0 };
    const char *why = NULL;
    const struct value *given = override(w, pointer);
    if (!placeholders_read(text, &found, &why)) {
        w->errors = err_join(w->errors, malformed(w, pointer, why));
        return NULL;
    }
    AUTO_STR filled = fill(w, pointer, text, &found, given != NULL);
    list_literals(w, pointer, &found, text, given ? given->text : filled);
    const char *result = given ? given->text : filled;
    if (w->write && result && strcmp(result, text) != 0)
        *replacement = xstrdup(result);
    return NULL;
}

static struct err *walk_set(struct manifest_set *set, const struct values *values, struct variable_uses *uses,
                            bool write)
{
    struct literals literals = { 0 };
    literals_find(set, &literals);
    struct walk w = { .values = values, .uses = uses, .write = write };
    for (size_t i = 0; i < set->count; i++) {
        w.object = &set->objects[i];
        w.literals = &literals.of[i];
        struct err *e = doc_each_text(w.object->tree, visit_text, &w);
        w.errors = err_join(w.errors, e); /* the walk has added to it by now */
        if (write)
            manifest_object_refresh(w.object);
    }
    literals_release(&literals);
    return w.errors;
}

struct err *manifest_variable_uses(const struct manifest_set *set, const struct values *values,
                                   struct variable_uses *out)
{
    struct variable_uses uses = { 0 };
    struct manifest_set same = *set;
    struct err *e = walk_set(&same, values, &uses, false);
    if (e) {
        variable_uses_release(&uses);
        return e;
    }
    *out = uses;
    return NULL;
}

struct err *manifest_set_variables(struct manifest_set *set, const struct values *values)
{
    TRY(walk_set(set, values, NULL, false));
    return walk_set(set, values, NULL, true);
}

void variable_uses_release(struct variable_uses *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->items[i].name);
        free(u->items[i].where);
        free(u->items[i].pointer);
        free(u->items[i].value);
        free(u->items[i].written);
        free(u->items[i].origin);
    }
    free(u->items);
    *u = (struct variable_uses){ 0 };
}

static void collect_names(const struct variable_uses *const *uses, size_t count, struct strv *out)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < uses[i]->count; j++)
            if (!strv_has(out, uses[i]->items[j].name))
                strv_add(out, uses[i]->items[j].name);
    strv_sort(out);
}

struct err *variables_check_used(const struct values *values, const struct variable_uses *const *uses, size_t count)
{
    AUTO(strv) names = { 0 };
    struct err *errors = NULL;
    collect_names(uses, count, &names);
    AUTO_STR list = strv_join(&names, ", ");
    for (size_t i = 0; i < values->count; i++) {
        const struct value *v = &values->items[i];
        if (v->source != VALUE_SET || strv_has(&names, v->name))
            continue;
        const char *near = str_nearest(v->name, (const char *const *)names.items, names.count);
        struct err *e = err_new(RW1031_VARIABLE_UNUSED, "--set %s is used nowhere%s%s%s", v->name,
                                near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        e = err_cause(e, "%s%s", names.count ? "the manifests use " : "the manifests use no variable", list);
        errors = err_join(errors, err_at(e, "the command line"));
    }
    return errors;
}
