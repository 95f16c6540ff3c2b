#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "doc/doc.h"
#include "plan/target.h"
#include "vcs/vcs.h"

static const char DEFAULT_NAMESPACE[] = "default";

static void tell_notices(const struct request *request, const struct strv *notices, enum ui_kind kind)
{
    for (size_t i = 0; i < notices->count; i++)
        ui_tell(request->ui, &(struct ui_event){ .kind = kind, .elapsed_ms = -1 }, "%s", notices->items[i]);
}

/* Looking at every file of a large repository takes time, so only who asked for reasons gets it. */
static void tell_workspace(const struct request *request, const struct workspace *workspace)
{
    struct ui_event detail = { .kind = UI_DETAIL, .elapsed_ms = -1 };
    if (!request->verbose)
        return;
    struct vcs_tree tree;
    vcs_describe(workspace->root, &tree);
    if (tree.revision)
        ui_tell(request->ui, &detail, "workspace %s at %s%s", workspace->root, tree.revision,
                tree.dirty ? ", modified" : "");
    else
        ui_tell(request->ui, &detail, "workspace %s", workspace->root);
    vcs_tree_release(&tree);
}

static void add_variables(struct values *values, const struct workspace_variables *from, enum value_source source)
{
    for (size_t i = 0; i < from->count; i++)
        values_add(values, source, from->items[i].name, from->items[i].value, from->items[i].where);
}

struct err *plan_values(const struct request *request, const struct plan *plan, const struct service *service,
                        struct values *out)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < request->set->count; i++)
        errors = err_join(errors, values_add_set(out, request->set->items[i]));
    values_add_environment(out, request->environment);
    for (size_t i = 0; i < request->var_files->count; i++) {
        AUTO_STR file = strcmp(request->directory, ".") == 0
                            ? xstrdup(request->var_files->items[i])
                            : fs_join(request->directory, request->var_files->items[i]);
        errors = err_join(errors, values_add_file(out, file));
    }
    if (service->config)
        add_variables(out, &service->config->vars, VALUE_SERVICE);
    add_variables(out, &plan->workspace->config.vars, VALUE_WORKSPACE);
    return errors;
}

const char *plan_namespace(const struct plan *plan, const struct service *service)
{
    if (service->config && service->config->namespace)
        return service->config->namespace;
    return plan->namespace ? plan->namespace : DEFAULT_NAMESPACE;
}

struct err *plan_load(const struct plan *plan, const struct service *service, struct manifest_set *out)
{
    return manifest_load(plan->workspace->root_fd, &service->manifests, service->kustomization,
                         plan_namespace(plan, service), out);
}

/* Of a service of the plan, whose kustomization discovery has rendered already. */
static struct err *load_item(const struct plan *plan, struct plan_item *item)
{
    const struct service *service = item->service;
    AUTO_PTR(kustomize_result) rendered = STEAL(&item->service->rendered);
    if (rendered)
        return manifest_load_rendered(rendered, service->kustomization, plan_namespace(plan, service),
                                      &item->manifests);
    return plan_load(plan, service, &item->manifests);
}

static struct err *load_manifests(const struct request *request, const struct plan *plan, struct plan_item *item)
{
    struct err *errors = plan_values(request, plan, item->service, &item->values);
    errors = err_join(errors, load_item(plan, item));
    if (errors)
        return errors;
    return manifest_variable_uses(&item->manifests, &item->values, &item->uses);
}

static bool is_unset(const struct variable_uses *uses, bool broker)
{
    for (size_t i = 0; i < uses->count; i++)
        if (!uses->items[i].value && broker == (strcmp(uses->items[i].name, BROKER_VARIABLE) == 0))
            return true;
    return false;
}

/* Values are put in later, all at once, since the broker's may have to be found first. What is
 * unset besides it is told now: the stand-in never reaches a manifest, as nothing changes then. */
static struct err *check_unset(struct plan *plan, struct plan_item *item)
{
    plan->needs_broker = plan->needs_broker || is_unset(&item->uses, true);
    if (!is_unset(&item->uses, false))
        return NULL;
    struct values with_broker = { 0 };
    values_copy(&item->values, &with_broker);
    values_add(&with_broker, VALUE_FOUND, BROKER_VARIABLE, "", BROKER_FOUND);
    struct err *e = manifest_set_variables(&item->manifests, &with_broker);
    values_release(&with_broker);
    return e;
}

static struct err *check_used(const struct plan *plan)
{
    if (plan->count == 0)
        return NULL;
    const struct variable_uses **uses = xcalloc(plan->count, sizeof *uses);
    for (size_t i = 0; i < plan->count; i++)
        uses[i] = &plan->items[i].uses;
    struct err *e = variables_check_used(&plan->items[0].values, uses, plan->count);
    free(uses);
    return e;
}

static struct err *prepare_deploy(const struct request *request, struct plan *plan)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < plan->count; i++)
        errors = err_join(errors, load_manifests(request, plan, &plan->items[i]));
    for (size_t i = 0; !errors && i < plan->count; i++)
        errors = err_join(errors, check_unset(plan, &plan->items[i]));
    return errors ? errors : check_used(plan);
}

/* The objects' names alone: a variable that is unset is none of the readers' business. */
static struct err *read_objects(struct plan *plan)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < plan->count; i++)
        errors = err_join(errors, load_item(plan, &plan->items[i]));
    return errors;
}

static struct err *resolve_images(struct plan *plan)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < plan->count; i++)
        errors = err_join(errors, workspace_resolve(plan->workspace, plan->items[i].service));
    return errors;
}

static struct err *make(const struct request *request, struct plan *plan)
{
    bool reads_manifests = request->verbs & (VERB_DEPLOY | VERB_RENDER | VERB_ENVIRONMENT);
    enum select_for purpose = reads_manifests || request->verbs & VERB_WATCH ? SELECT_DEPLOY : SELECT_BUILD;
    TRY(workspace_open(request->directory, &plan->workspace));
    tell_workspace(request, plan->workspace);
    tell_notices(request, &plan->workspace->notices, UI_WARNING);
    TRY(workspace_select(plan->workspace, (const char *const *)request->services->items, request->services->count,
                         request->directory, purpose, &plan->selection));
    tell_notices(request, &plan->selection.notices, UI_NOTE);
    tell_notices(request, &plan->selection.warnings, UI_WARNING);
    plan->count = plan->selection.count;
    plan->items = xcalloc(plan->count, sizeof *plan->items);
    for (size_t i = 0; i < plan->count; i++)
        plan->items[i].service = plan->selection.services[i];
    if (purpose == SELECT_DEPLOY)
        TRY(target_namespace(request, &plan->namespace));
    struct err *errors = request->verbs & VERB_BUILD ? resolve_images(plan) : NULL;
    if (request->verbs & VERB_WATCH)
        errors = read_objects(plan);
    return reads_manifests ? err_join(errors, prepare_deploy(request, plan)) : errors;
}

struct err *plan_make(const struct request *request, struct plan *out)
{
    struct plan plan = { 0 };
    struct err *e = make(request, &plan);
    if (e) {
        plan_release(&plan);
        return err_state(e, "nothing was contacted");
    }
    *out = plan;
    return NULL;
}

struct err *plan_set_variables(struct plan *plan, const char *broker)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_item *item = &plan->items[i];
        if (broker)
            values_add(&item->values, VALUE_FOUND, BROKER_VARIABLE, broker, BROKER_FOUND);
        errors = err_join(errors, manifest_set_variables(&item->manifests, &item->values));
    }
    return errors;
}

void plan_release(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        variable_uses_release(&plan->items[i].uses);
        values_release(&plan->items[i].values);
        manifest_set_release(&plan->items[i].manifests);
    }
    free(plan->items);
    free(plan->namespace);
    selection_release(&plan->selection);
    workspace_free(plan->workspace);
    *plan = (struct plan){ 0 };
}

void plan_add_references(const struct service *service, struct strv *to)
{
    for (size_t i = 0; i < service->image_count; i++)
        if (!strv_has(to, service->images[i].reference))
            strv_add(to, service->images[i].reference);
}

void plan_known_references(const struct plan *plan, struct strv *to)
{
    for (size_t i = 0; i < plan->workspace->service_count; i++)
        plan_add_references(&plan->workspace->services[i], to);
}
