#include "release/template_needs.h"

#include "manifest/references.h"

void template_needs_release(struct template_needs *n)
{
    strv_release(&n->config_maps);
    strv_release(&n->secrets);
}

static void add_once(struct strv *list, const char *name)
{
    if (!strv_has(list, name))
        strv_add(list, name);
}

static void add_references(const struct manifest_set *set, struct template_needs *n)
{
    struct manifest_references references = { 0 };
    manifest_missing_references(set, &references);
    for (size_t i = 0; i < references.count; i++)
        add_once(references.items[i].secret ? &n->secrets : &n->config_maps, references.items[i].name);
    manifest_references_release(&references);
}

/* The workload as it would be is read as a manifest with nothing beside it. */
void template_needs_add(const json_t *workload, const json_t *template, struct template_needs *n)
{
    DOC_AUTO tree = doc_copy(workload);
    AUTO_PTR(doc_origins) origins = doc_origins_new(doc_origin_line("the cluster", 1));
    struct kube_id id = kube_id_of(tree);
    AUTO_STR namespace = xstrdup(id.namespace);
    doc_set(tree, "/spec/template", doc_copy(template));
    struct manifest_object object = { .tree = tree,
                                      .origins = origins,
                                      .api_version = id.api_version,
                                      .kind = id.kind,
                                      .name = id.name,
                                      .namespace = namespace };
    add_references(&(struct manifest_set){ .objects = &object, .count = 1 }, n);
}

static struct err *check(struct kube_client *c, struct kube_id id, const char *what, const char *service)
{
    DOC_AUTO live = NULL;
    struct err *e = kube_get(c, id, &live);
    if (live || kube_is_forbidden(e)) {
        err_ignore(e, "pods that lack what this user may not read say so");
        return NULL;
    }
    TRY(e);
    AUTO_STR name = kube_id_text(id);
    e = err_new(RW5003_REFERENCE_MISSING, "%s can't go back: %s is gone", what, name);
    e = err_at(err_cause(e, "the pods of its older template could not start without it"), "%s", what);
    return err_next(e, "rwml deploy %s   (from the older manifests, which make it again)", service);
}

struct err *template_needs_check(struct kube_client *c, const json_t *workload, const json_t *template,
                                 const char *what, const char *service)
{
    AUTO(template_needs) needs = { 0 };
    struct err *errors = NULL;
    struct kube_id id = { "v1", "ConfigMap", kube_id_of(workload).namespace, NULL };
    template_needs_add(workload, template, &needs);
    for (size_t i = 0; i < needs.config_maps.count; i++) {
        id.name = needs.config_maps.items[i];
        errors = err_join(errors, check(c, id, what, service));
    }
    id.kind = "Secret";
    for (size_t i = 0; i < needs.secrets.count; i++) {
        id.name = needs.secrets.items[i];
        errors = err_join(errors, check(c, id, what, service));
    }
    return errors;
}
