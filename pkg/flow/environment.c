#include "flow/environment.h"
#include "flow/flow.h"

#include "plan/broker.h"
#include "plan/tell.h"

/* A broker that nobody could look for is shown as what it is looked for by. */
static const char NOT_FOUND[] = "${" BROKER_VARIABLE "}";

/* The address that a deploy would take; NULL: it could not be found. */
static char *find_broker(struct lookup *l)
{
    struct kube_client *kube = lookup_kube(l);
    char *broker = NULL;
    struct err *e = kube ? broker_find(kube, &broker) : NULL;
    if (e) {
        AUTO_STR words = err_words(e);
        request_tell(l->request, UI_WARNING, NULL, "%s", words);
        err_ignore(e, "the places that lack it are shown");
    }
    return broker;
}

/* uses is filled anew, as what was found fills a ${…} that had nothing. */
static struct err *read_service(struct lookup *l, struct plan_item *item, struct service_environment *out)
{
    struct environment_cluster cluster = { lookup_find, l };
    out->item = item;
    TRY(manifest_variable_uses(&item->manifests, &item->values, &out->uses));
    TRY(manifest_set_variables(&item->manifests, &item->values));
    environments_read(&item->manifests, &out->uses, &cluster, &out->containers);
    return NULL;
}

static void service_environment_release(struct service_environment *e)
{
    variable_uses_release(&e->uses);
    environments_release(&e->containers);
}

static struct err *read_services(struct lookup *l, struct plan *plan,
                                 void (*show)(void *ctx, const struct service_environment *e), void *ctx)
{
    AUTO_STR broker = plan->needs_broker ? find_broker(l) : NULL;
    for (size_t i = 0; i < plan->count; i++) {
        AUTO(service_environment) e = { 0 };
        if (plan->needs_broker)
            values_add(&plan->items[i].values, VALUE_FOUND, BROKER_VARIABLE, broker ? broker : NOT_FOUND,
                       broker ? BROKER_FOUND : "nobody: no broker was found");
        TRY(read_service(l, &plan->items[i], &e));
        show(ctx, &e);
    }
    return NULL;
}

struct err *environment_each(const struct request *request,
                             void (*show)(void *ctx, const struct service_environment *e), void *ctx)
{
    struct plan plan = { 0 };
    AUTO(lookup) lookup = { .request = request, .plan = &plan };
    struct err *e = plan_make(request, &plan);
    if (!e)
        e = read_services(&lookup, &plan, show, ctx);
    plan_release(&plan);
    return err_state(e, "nothing was changed");
}

const char *environment_state_word(const struct request *request, const struct environment_value *v)
{
    switch (v->state) {
    case ENVIRONMENT_KNOWN:
        return v->secret && !request->show_secrets ? "masked" : "known";
    case ENVIRONMENT_AT_START:
        return "at start";
    case ENVIRONMENT_ABSENT:
        return "absent";
    case ENVIRONMENT_NOT_ASKED:
        return "not asked";
    }
    return "unknown";
}

json_t *environment_shown(const struct request *request, const struct environment_value *v)
{
    bool hidden = !v->value || (v->secret && !request->show_secrets);
    return hidden ? doc_null() : doc_string(v->value);
}

char *environment_container(const struct environment *e)
{
    return xasprintf("%s%s", e->is_init ? "init container " : "", e->container);
}

char *environment_origin(const struct environment_value *v)
{
    return v->written ? xasprintf("%s %s", v->from, v->written) : xstrdup(v->from);
}

static json_t *row_of(const struct request *request, const struct service_environment *service,
                      const struct environment *e, const struct environment_value *v)
{
    json_t *row = doc_object();
    AUTO_STR container = environment_container(e);
    AUTO_STR from = environment_origin(v);
    doc_set_key(row, "service", doc_string(service->item->service->name));
    doc_set_key(row, "object", doc_string(e->object->label));
    doc_set_key(row, "container", doc_string(container));
    doc_set_key(row, "name", doc_string(v->name));
    doc_set_key(row, "value", environment_shown(request, v));
    doc_set_key(row, "state", doc_string(environment_state_word(request, v)));
    doc_set_key(row, "from", doc_string(from));
    doc_set_key(row, "where", doc_string(v->where));
    return row;
}

struct listing {
    const struct request *request;
    json_t *rows;
};

/* What loses has no part in it; what is absent may be the reason why a container does not start. */
static void list_service(void *ctx, const struct service_environment *service)
{
    struct listing *l = ctx;
    for (size_t i = 0; i < service->containers.count; i++) {
        const struct environment *e = &service->containers.items[i];
        for (size_t j = 0; j < e->count; j++)
            if (e->items[j].wins || e->items[j].state == ENVIRONMENT_ABSENT)
                doc_append(l->rows, row_of(l->request, service, e, &e->items[j]));
    }
}

struct err *flow_environment(const struct request *request)
{
    static const struct ui_column columns[] = {
        { "OBJECT", "object", NULL }, { "CONTAINER", "container", NULL }, { "NAME", "name", NULL },
        { "VALUE", "value", NULL },   { "STATE", "state", NULL },         { "FROM", "from", NULL },
        { "WHERE", "where", NULL },
    };
    DOC_AUTO rows = doc_array();
    struct listing listing = { request, rows };
    TRY(environment_each(request, list_service, &listing));
    ui_table(request->ui, "environment", columns, COUNT_OF(columns), rows);
    if (doc_count(rows) == 0)
        request_tell(request, UI_NOTE, NULL, "the manifests give the containers no environment");
    return NULL;
}
