#include "release/elsewhere.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "kube/applyset.h"

static const char ANYTHING[] = "*";

struct elsewhere_unit {
    const char *service;
    struct manifest_set set;
    bool unread;
};

/* ---------------------------------------------------------------- reading */

static struct err *set_variables(struct manifest_set *set, struct values *values)
{
    struct variable_uses uses = { 0 };
    struct err *e = manifest_variable_uses(set, values, &uses);
    for (size_t i = 0; !e && i < uses.count; i++)
        if (!uses.items[i].value)
            values_add(values, VALUE_FOUND, uses.items[i].name, ANYTHING, "");
    variable_uses_release(&uses);
    return e ? e : manifest_set_variables(set, values);
}

static struct err *read_unit(const struct request *request, const struct plan *plan, const struct service *service,
                             struct elsewhere_unit *unit)
{
    struct values values = { 0 };
    struct err *e = plan_values(request, plan, service, &values);
    e = err_join(e, plan_load(plan, service, &unit->set));
    if (!e)
        e = set_variables(&unit->set, &values);
    values_release(&values);
    return e;
}

void elsewhere_read(const struct request *request, const struct plan *plan, const struct strv *except,
                    struct elsewhere *e)
{
    const struct workspace *w = plan->workspace;
    if (e->is_read)
        return;
    *e = (struct elsewhere){ xcalloc(w->service_count, sizeof *e->units), 0, true };
    for (size_t i = 0; i < w->service_count; i++) {
        const struct service *service = &w->services[i];
        if (service->build_only || strv_has(except, service->name))
            continue;
        struct elsewhere_unit *unit = &e->units[e->count++];
        unit->service = service->name;
        struct err *failed = read_unit(request, plan, service, unit);
        unit->unread = failed != NULL;
        err_ignore(failed, "whoever works on that service is told; here it may have any object");
    }
}

void elsewhere_release(struct elsewhere *e)
{
    for (size_t i = 0; i < e->count; i++)
        manifest_set_release(&e->units[i].set);
    free(e->units);
    *e = (struct elsewhere){ 0 };
}

/* ---------------------------------------------------------------- questions */

static bool matches(const char *pattern, const char *text)
{
    return str_eq(pattern, text) || (pattern && text && fnmatch(pattern, text, 0) == 0);
}

bool elsewhere_is(const struct manifest_object *o, struct kube_id id)
{
    AUTO_STR kind = applyset_kind(o->api_version, o->kind);
    AUTO_STR wanted = applyset_kind(id.api_version, id.kind);
    bool same_place = !id.namespace || !o->namespace || matches(o->namespace, id.namespace);
    return same_place && strcmp(kind, wanted) == 0 && matches(o->name, id.name);
}

static bool has(const struct elsewhere_unit *unit, struct kube_id id)
{
    for (size_t i = 0; i < unit->set.count; i++)
        if (elsewhere_is(&unit->set.objects[i], id))
            return true;
    return unit->unread;
}

const char *elsewhere_find(const struct elsewhere *e, struct kube_id id)
{
    for (size_t i = 0; i < e->count; i++)
        if (has(&e->units[i], id))
            return e->units[i].service;
    return NULL;
}

static const struct elsewhere_unit *find_unit(const struct elsewhere *e, const char *service)
{
    for (size_t i = 0; i < e->count; i++)
        if (str_eq(e->units[i].service, service))
            return &e->units[i];
    return NULL;
}

bool elsewhere_has(const struct elsewhere *e, const char *service, struct kube_id id)
{
    const struct elsewhere_unit *unit = find_unit(e, service);
    return unit && has(unit, id);
}

const struct manifest_set *elsewhere_objects(const struct elsewhere *e, const char *service)
{
    const struct elsewhere_unit *unit = find_unit(e, service);
    return unit && !unit->unread ? &unit->set : NULL;
}
