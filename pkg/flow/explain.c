#include <string.h>

#include "flow/environment.h"
#include "flow/flow.h"

struct explanation {
    const struct request *request;
    json_t *rows;
    struct strv names; /* of all variables, for a suggestion */
};

/* One row: something that gives the variable a value, or a place that it reaches. */
struct row {
    const char *in;
    json_t *value_steal;
    const char *from;
    const char *where;
    const char *verdict;
};

static void add_row(json_t *rows, const struct service_environment *service, struct row r)
{
    json_t *row = doc_object();
    doc_set_key(row, "service", doc_string(service->item->service->name));
    doc_set_key(row, "in", doc_string(r.in));
    doc_set_key(row, "value", r.value_steal);
    doc_set_key(row, "from", doc_string(r.from));
    doc_set_key(row, "where", doc_string(r.where));
    doc_set_key(row, "verdict", doc_string(r.verdict));
    doc_append(rows, row);
}

/* A value that reaches a Secret anywhere is a secret everywhere. */
static bool is_secret(const struct service_environment *service, const char *name)
{
    for (size_t i = 0; i < service->uses.count; i++)
        if (strcmp(service->uses.items[i].name, name) == 0 &&
            strcmp(service->uses.items[i].object->kind, "Secret") == 0)
            return true;
    for (size_t i = 0; i < service->containers.count; i++)
        for (size_t j = 0; j < service->containers.items[i].count; j++) {
            const struct environment_value *v = &service->containers.items[i].items[j];
            if (v->secret && strcmp(v->name, name) == 0)
                return true;
        }
    return false;
}

static json_t *shown_text(const struct request *request, const struct service_environment *service, const char *text)
{
    bool hidden = !text || (is_secret(service, request->variable) && !request->show_secrets);
    return hidden ? doc_null() : doc_string(text);
}

/* ---------------------------------------------------------------- what gives it a value */

static const char *source_words(enum value_source source)
{
    switch (source) {
    case VALUE_SET:
        return "the command line";
    case VALUE_ENVIRONMENT:
        return "rwml's environment";
    case VALUE_FILE:
        return "--var-file";
    case VALUE_SERVICE:
        return "vars of the service";
    case VALUE_WORKSPACE:
        return "vars of the workspace";
    case VALUE_FOUND:
        return "the cluster";
    }
    return "unknown";
}

/* In the order in which they win; inside one source the last is first. */
static void show_values(const struct request *request, const struct service_environment *service, json_t *rows)
{
    const struct values *values = &service->item->values;
    const struct value *winner = values_find(values, request->variable);
    AUTO_STR loses = winner ? xasprintf("loses to %s", winner->where) : NULL;
    for (int source = VALUE_SET; source <= VALUE_FOUND; source++)
        for (size_t i = values->count; i > 0; i--) {
            const struct value *v = &values->items[i - 1];
            if ((int)v->source != source || strcmp(v->name, request->variable) != 0)
                continue;
            add_row(rows, service,
                    (struct row){ "the variable", shown_text(request, service, v->text), source_words(v->source),
                                  v->where, v == winner ? "wins" : loses });
        }
}

/* ---------------------------------------------------------------- where it is put in */

static char *use_verdict(const struct variable_use *use)
{
    if (use->given)
        return xasprintf(use->written ? "loses to %s" : "set by %s", use->origin);
    return xstrdup(use->written ? "stays" : "has no value");
}

static char *use_words(const struct variable_use *use)
{
    switch (use->kind) {
    case USE_PLACEHOLDER:
        return xasprintf(use->written ? "the default of ${%s}" : "${%s}", use->name);
    case USE_ENV:
        return xstrdup("literal");
    case USE_CONFIG_MAP:
        return xasprintf("key %s", strrchr(use->pointer, '/') + 1);
    }
    return xstrdup("unknown");
}

static void show_uses(const struct request *request, const struct service_environment *service, json_t *rows)
{
    for (size_t i = 0; i < service->uses.count; i++) {
        const struct variable_use *use = &service->uses.items[i];
        if (strcmp(use->name, request->variable) != 0)
            continue;
        AUTO_STR from = use_words(use);
        AUTO_STR verdict = use_verdict(use);
        add_row(
            rows, service,
            (struct row){ use->object->label, shown_text(request, service, use->written), from, use->where, verdict });
    }
}

/* ---------------------------------------------------------------- who gets it */

static char *value_verdict(const struct environment *e, const struct environment_value *v)
{
    if (v->wins)
        return xstrdup("wins");
    if (v->state == ENVIRONMENT_ABSENT)
        return xstrdup("absent");
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].wins && strcmp(e->items[i].name, v->name) == 0)
            return xasprintf("loses to %s", e->items[i].where);
    return xstrdup("loses");
}

static void show_containers(const struct request *request, const struct service_environment *service, json_t *rows)
{
    AUTO_STR reference = xasprintf("$(%s)", request->variable);
    for (size_t i = 0; i < service->containers.count; i++) {
        const struct environment *e = &service->containers.items[i];
        AUTO_STR container = environment_container(e);
        AUTO_STR in = xasprintf("%s, %s", e->object->label, container);
        for (size_t j = 0; j < e->count; j++) {
            const struct environment_value *v = &e->items[j];
            bool is_part = v->written && strstr(v->written, reference);
            if (strcmp(v->name, request->variable) != 0 && !is_part)
                continue;
            AUTO_STR origin = environment_origin(v);
            AUTO_STR from = is_part ? xasprintf("%s in %s", reference, v->name) : NULL;
            AUTO_STR verdict = value_verdict(e, v);
            add_row(rows, service,
                    (struct row){ in, environment_shown(request, v), from ? from : origin, v->where, verdict });
        }
    }
}

/* ---------------------------------------------------------------- all of it */

static void list_names(const struct service_environment *service, struct strv *names)
{
    for (size_t i = 0; i < service->uses.count; i++)
        if (!strv_has(names, service->uses.items[i].name))
            strv_add(names, service->uses.items[i].name);
    for (size_t i = 0; i < service->containers.count; i++)
        for (size_t j = 0; j < service->containers.items[i].count; j++)
            if (!strv_has(names, service->containers.items[i].items[j].name))
                strv_add(names, service->containers.items[i].items[j].name);
}

/* Values that reach nothing explain nothing. */
static void explain_service(void *ctx, const struct service_environment *service)
{
    struct explanation *x = ctx;
    DOC_AUTO places = doc_array();
    json_t *row;
    size_t i;
    list_names(service, &x->names);
    show_uses(x->request, service, places);
    show_containers(x->request, service, places);
    if (doc_count(places))
        show_values(x->request, service, x->rows);
    DOC_EACH_ITEM (places, i, row)
        doc_append(x->rows, doc_ref(row));
}

static struct err *used_nowhere(struct explanation *x)
{
    const char *variable = x->request->variable;
    strv_sort(&x->names);
    const char *near = str_nearest(variable, (const char *const *)x->names.items, x->names.count);
    struct err *e = err_new(RW1031_VARIABLE_UNUSED, "variable %s is used nowhere%s%s%s", variable,
                            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    AUTO_STR list = strv_join(&x->names, ", ");
    e = err_cause(e, "%s%s", x->names.count ? "the manifests use " : "the manifests use no variable", list);
    return err_state(err_at(e, "the command line"), "nothing was changed");
}

struct err *flow_explain(const struct request *request)
{
    static const struct ui_column columns[] = {
        { "IN", "in", NULL },       { "VALUE", "value", NULL },     { "FROM", "from", NULL },
        { "WHERE", "where", NULL }, { "VERDICT", "verdict", NULL },
    };
    DOC_AUTO rows = doc_array();
    struct explanation x = { .request = request, .rows = rows };
    struct err *e = environment_each(request, explain_service, &x);
    if (!e && doc_count(rows) == 0)
        e = used_nowhere(&x);
    strv_release(&x.names);
    if (!e)
        ui_table(request->ui, "explanation", columns, COUNT_OF(columns), rows);
    return e;
}
