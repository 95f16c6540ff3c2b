#include "release/applied.h"

#include <stdlib.h>
#include <string.h>

#include "plan/tell.h"
#include "plan/turn.h"
#include "rollout/history.h"

static const char *command_of(const struct request *request)
{
    return request->verbs & VERB_DELETE ? "delete" : request->verbs & VERB_RESTART ? "restart" : "rollback";
}

void applied_release(struct applied *a)
{
    for (size_t i = 0; i < a->count; i++)
        service_set_release(&a->sets[i]);
    free(a->sets);
    elsewhere_release(&a->elsewhere);
    strv_release(&a->others_idle);
    strv_release(&a->seen);
    kube_client_free(a->kube);
    target_release(&a->target);
    plan_release(&a->plan);
    *a = (struct applied){ 0 };
}

/* ---------------------------------------------------------------- all sets there are */

static void add_namespace(struct strv *to, const char *namespace)
{
    if (namespace && !strchr(namespace, '*') && !strv_has(to, namespace))
        strv_add(to, namespace);
}

/* Where the manifests and the context lead now. */
static void find_namespaces(const struct applied *a, struct strv *out)
{
    static const struct strv none;
    AUTO(elsewhere) all = { 0 };
    const struct workspace *w = a->plan.workspace;
    add_namespace(out, a->target.kube_config.namespace);
    elsewhere_read(a->request, &a->plan, &none, &all);
    for (size_t i = 0; i < w->service_count; i++) {
        const struct manifest_set *set = elsewhere_objects(&all, w->services[i].name);
        for (size_t j = 0; set && j < set->count; j++)
            add_namespace(out, set->objects[j].namespace);
    }
}

static struct err *list_in(struct applied *a, const char *namespace, json_t *parents)
{
    DOC_AUTO found = NULL;
    size_t i;
    json_t *each;
    TRY(service_set_list_in(a->kube, namespace, &found));
    DOC_EACH_ITEM (found, i, each)
        doc_append(parents, doc_ref(each));
    strv_add(&a->seen, namespace);
    return NULL;
}

/* In one namespace after the other. Where none may be looked into, the last refusal is told. */
static struct err *list_one_by_one(struct applied *a, struct err *refused, json_t **out)
{
    AUTO(strv) namespaces = { 0 };
    DOC_AUTO parents = doc_array();
    find_namespaces(a, &namespaces);
    for (size_t i = 0; i < namespaces.count; i++) {
        struct err *e = list_in(a, namespaces.items[i], parents);
        if (!e)
            continue;
        err_free(refused);
        if (!kube_is_forbidden(e))
            return e;
        a->overlooks = true;
        refused = e;
    }
    if (a->seen.count == 0)
        return refused;
    err_ignore(refused, "what is where this user may look is known");
    *out = STEAL(&parents);
    return NULL;
}

static struct err *list_parents(struct applied *a, json_t **out)
{
    struct err *e = service_set_list(a->kube, NULL, out);
    if (!kube_is_forbidden(e))
        return e;
    TRY(list_one_by_one(a, e, out));
    AUTO_STR seen = strv_join(&a->seen, ", ");
    request_tell(a->request, UI_DETAIL, command_of(a->request),
                 "this user may not list ConfigMaps everywhere: looked for what was applied in %s", seen);
    return NULL;
}

/* ---------------------------------------------------------------- whose sets */

struct choice {
    struct applied *applied;
    const json_t *parents; /* of all workspaces */
    char *workspace;
    struct strv taken; /* services */
};

static void choice_release(struct choice *c)
{
    free(c->workspace);
    strv_release(&c->taken);
}

static void take(struct choice *c, const json_t *parent)
{
    struct applied *a = c->applied;
    a->sets = xrealloc(a->sets, a->count + 1, sizeof *a->sets);
    if (service_set_read(parent, &a->sets[a->count]))
        a->count++;
}

/* Every set of the service: one a namespace that it was deployed to. *other: the parent of one that is not
 * ours, borrowed. */
static bool take_service(struct choice *c, const char *service, const json_t **other)
{
    bool any = false;
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (c->parents, i, each) {
        AUTO(service_set) set = { 0 };
        if (!service_set_read(each, &set) || !str_eq(set.service, service))
            continue;
        bool is_ours = service_set_is_ours(&set, c->workspace) || c->applied->request->adopt;
        if (!is_ours)
            *other = each;
        else
            take(c, each);
        any = any || is_ours;
    }
    return any;
}

static struct err *choose(struct choice *c, const char *service, struct strv *without)
{
    const json_t *other = NULL;
    if (strv_has(&c->taken, service))
        return NULL;
    strv_add(&c->taken, service);
    if (take_service(c, service, &other))
        return NULL;
    if (other)
        return service_set_refuse(other, command_of(c->applied->request), service);
    strv_add(without, service);
    return NULL;
}

static struct err *choose_selected(struct choice *c, const struct selection *selection, struct strv *without)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < selection->count; i++)
        errors = err_join(errors, choose(c, selection->services[i]->name, without));
    return errors;
}

/* A name means a set first, since its service may have left the workspace. */
static struct err *choose_named(struct choice *c, const char *name, struct strv *without)
{
    AUTO(selection) selection = { 0 };
    const struct request *request = c->applied->request;
    const json_t *other = NULL;
    bool is_ours = take_service(c, name, &other);
    if (is_ours || other) {
        strv_add(&c->taken, name);
        return is_ours ? NULL : service_set_refuse(other, command_of(request), name);
    }
    TRY(workspace_select(c->applied->plan.workspace, &name, 1, request->directory, SELECT_DEPLOY, &selection));
    return choose_selected(c, &selection, without);
}

static struct err *choose_by_place(struct choice *c, struct strv *without)
{
    AUTO(selection) selection = { 0 };
    TRY(workspace_select(c->applied->plan.workspace, NULL, 0, c->applied->request->directory, SELECT_DEPLOY,
                         &selection));
    return choose_selected(c, &selection, without);
}

static bool is_asked_for(const struct applied *a, const char *service)
{
    for (size_t i = 0; i < a->count; i++)
        if (str_eq(a->sets[i].service, service))
            return true;
    return false;
}

static bool is_deployed(const struct choice *c, const char *service)
{
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (c->parents, i, each) {
        AUTO(service_set) set = { 0 };
        if (service_set_read(each, &set) && service_set_is_ours(&set, c->workspace) && str_eq(set.service, service))
            return true;
    }
    return false;
}

static void note_idle(const struct choice *c)
{
    struct applied *a = c->applied;
    const struct workspace *w = a->plan.workspace;
    for (size_t i = 0; i < w->service_count; i++)
        if (is_asked_for(a, w->services[i].name) || (!a->overlooks && !is_deployed(c, w->services[i].name)))
            strv_add(&a->others_idle, w->services[i].name);
}

void applied_elsewhere(struct applied *a)
{
    elsewhere_read(a->request, &a->plan, &a->others_idle, &a->elsewhere);
}

static struct err *choose_sets(struct applied *a, struct strv *without)
{
    const struct strv *names = a->request->services;
    AUTO(choice) c = { .applied = a };
    DOC_AUTO parents = NULL;
    struct err *errors = NULL;
    TRY(service_set_workspace(a->plan.workspace->root, &c.workspace));
    TRY(list_parents(a, &parents));
    c.parents = parents;
    if (names->count == 0)
        errors = choose_by_place(&c, without);
    for (size_t i = 0; i < names->count; i++)
        if (!strv_has(&c.taken, names->items[i]))
            errors = err_join(errors, choose_named(&c, names->items[i], without));
    note_idle(&c);
    return errors;
}

static void on_notice(void *ctx, const char *line)
{
    const struct applied *a = ctx;
    request_tell(a->request, UI_WARNING, command_of(a->request), "%s", line);
}

static struct err *open_cluster(struct applied *a, struct strv *without)
{
    TRY(kube_open(&a->target.kube_config, a->request->cancel, &a->kube));
    kube_on_notice(a->kube, on_notice, a);
    return choose_sets(a, without);
}

static struct err *open_all(struct applied *a, struct strv *without, int *lock)
{
    const struct request *request = a->request;
    TRY(workspace_open(request->directory, &a->plan.workspace));
    TRY(target_namespace(request, &a->plan.namespace));
    if (!request->dry_run)
        TRY(turn_take_workspace(request, a->plan.workspace->root, lock));
    TRY(target_open(request, a->plan.workspace, &a->target));
    return target_advise(&a->target, open_cluster(a, without));
}

struct err *applied_open(const struct request *request, struct applied *out, struct strv *without, int *lock)
{
    *out = (struct applied){ .request = request };
    return err_state(open_all(out, without, lock), "nothing in the cluster was changed");
}

struct err *applied_nothing(const struct applied *a, const struct strv *without)
{
    AUTO_STR names = strv_join(without, " ");
    AUTO_STR seen = strv_join(&a->seen, ", ");
    if (without->count == 0)
        return NULL;
    struct err *e =
        err_new(RW5404_NOTHING_APPLIED, "rwml has applied nothing of %s in cluster %s", names, a->target.cluster);
    if (*seen)
        e = err_cause(e, "no apply set is in %s; this user may not list ConfigMaps everywhere", seen);
    else
        e = err_cause(e, "no apply set is there; one is made by the next deploy");
    return err_next(err_state(e, "nothing of it was changed"), "rwml deploy %s", names);
}

struct err *applied_workloads(const struct applied *a, const struct service_set *set, json_t **out)
{
    DOC_AUTO members = NULL;
    DOC_AUTO workloads = doc_array();
    size_t i;
    json_t *each;
    TRY(applyset_members(a->kube, &set->set, &members));
    DOC_EACH_ITEM (members, i, each)
        if (history_kind(doc_text(each, "/kind")))
            doc_append(workloads, doc_ref(each));
    *out = NULL;
    if (doc_count(workloads) == 0)
        return err_cause(err_new(RW5404_NOTHING_APPLIED, "%s has nothing to %s", set->service, command_of(a->request)),
                         "no Deployment, StatefulSet or DaemonSet of it is in the cluster");
    *out = STEAL(&workloads);
    return NULL;
}

/* ---------------------------------------------------------------- the commands */

static struct err *run_one(struct applied *a, const struct service_set *set)
{
    TRY(cancel_check(a->request->cancel));
    if (a->request->verbs & VERB_DELETE)
        return applied_delete(a, set);
    return a->request->verbs & VERB_RESTART ? applied_restart(a, set) : applied_rollback(a, set);
}

/* For a delete it is no error. */
static void tell_nothing(const struct applied *a, const char *service)
{
    AUTO_STR seen = strv_join(&a->seen, ", ");
    AUTO_STR where = *seen ? xasprintf(" in %s; this user may not list ConfigMaps everywhere", seen) : xstrdup("");
    json_t *fields = doc_object();
    doc_set_key(fields, "removed", doc_integer(0));
    doc_set_key(fields, "kept", doc_integer(0));
    result_tell(a->request, service, "delete", fields, "nothing to remove%s", where);
}

static struct err *run_all(struct applied *a, const struct strv *without)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < a->count; i++) {
        struct err *e = run_one(a, &a->sets[i]);
        e = err_state(target_advise(&a->target, e), "nothing of %s was changed", a->sets[i].service);
        errors = err_join(errors, e);
    }
    for (size_t i = 0; i < without->count && a->request->verbs & VERB_DELETE; i++)
        tell_nothing(a, without->items[i]);
    return a->request->verbs & VERB_DELETE ? errors : err_join(errors, applied_nothing(a, without));
}

struct err *applied_run(const struct request *request)
{
    AUTO(applied) a = { 0 };
    AUTO(strv) without = { 0 };
    AUTO_FD lock = -1;
    TRY(applied_open(request, &a, &without, &lock));
    return run_all(&a, &without);
}
