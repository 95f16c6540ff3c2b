#include <stdlib.h>
#include <string.h>

#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/differences.h"
#include "manifest/references.h"
#include "release/release.h"

static const char UNCHANGED[] = "server dry-run only; nothing in the cluster was changed";

static bool set_has_namespace(const struct manifest_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (str_eq(set->objects[i].kind, "Namespace") && str_eq(set->objects[i].name, name))
            return true;
    return false;
}

static struct err *need_namespace(struct release *r, const struct manifest_object *object)
{
    bool exists = false;
    if (strv_has(&r->new_namespaces, object->namespace) ||
        set_has_namespace(&r->job->item->manifests, object->namespace))
        return NULL;
    TRY(kube_namespace_exists(r->kube, object->namespace, &exists));
    if (exists)
        return NULL;
    if (r->job->request->no_create_namespace)
        return err_at(err_cause(err_new(RW5401_OBJECT_REJECTED, "namespace %s does not exist", object->namespace),
                                "--no-create-namespace forbids making it"),
                      "%s", object->file);
    strv_add(&r->new_namespaces, object->namespace);
    return NULL;
}

/* The object's namespace becomes part of it, as the API server wants it there. */
static struct err *place(struct release *r, const struct manifest_object *object, struct kube_id *id)
{
    struct kube_kind kind;
    TRY(err_at(kube_kind_find(r->kube, object->api_version, object->kind, &kind), "%s", object->file));
    if (kind.namespaced) {
        doc_set_text(object->tree, "/metadata/namespace", object->namespace);
        TRY(need_namespace(r, object));
    }
    *id = kube_id_of(object->tree);
    return NULL;
}

/* Where the server names a field, the message names the line that holds it. */
static struct err *with_places(struct err *e, const struct manifest_object *object, const struct strv *fields)
{
    AUTO_STR pointer = doc_pointer_of_field(object->tree, fields->count ? fields->items[0] : "");
    AUTO_STR where = manifest_where(object, pointer);
    return err_at(e, "%s", where);
}

/* field NULL: nothing differs, but it has failed, and would never be tried again. */
static struct err *replace(struct release *r, struct release_object *o, const json_t *before, const char *field)
{
    AUTO_STR differs = field ? xasprintf("%s can't be changed in place", field) : xstrdup("it has failed");
    job_tell(r->job, UI_NOTE, "deploy", -1, "Job %s is replaced: %s", o->object->name, differs);
    o->action = RELEASE_REPLACE;
    o->uid = xstrdup(doc_text(before, "/metadata/uid"));
    return NULL;
}

static bool has_failed(const json_t *job)
{
    const json_t *condition = doc_find(doc_get(job, "/status/conditions"), "/type", "Failed");
    return str_eq(doc_text(condition, "/status"), "True");
}

static struct err *dry_run(struct release *r, struct release_object *o)
{
    DOC_AUTO before = NULL;
    DOC_AUTO after = NULL;
    AUTO(strv) fields = { 0 };
    TRY(kube_get(r->kube, o->id, &before));
    struct err *e = kube_apply(r->kube, o->object->tree, KUBE_DRY_RUN, &after, &fields);
    bool is_job = before && str_eq(o->object->kind, "Job");
    if (e && is_job && kube_is_immutable(e)) {
        err_ignore(e, "a Job that differs is replaced");
        AUTO_STR field = kube_first_difference(before, o->object->tree);
        return replace(r, o, before, field ? field : "its template");
    }
    if (e)
        return with_places(e, o->object, &fields);
    o->action = !before ? RELEASE_CREATE : kube_unchanged(before, after) ? RELEASE_KEEP : RELEASE_CHANGE;
    return is_job && o->action == RELEASE_KEEP && has_failed(before) ? replace(r, o, before, NULL) : NULL;
}

static struct err *has_key(const json_t *holder, const struct manifest_reference *reference)
{
    AUTO_STR in_data = doc_pointer_add("/data", reference->key);
    AUTO_STR in_binary = doc_pointer_add("/binaryData", reference->key);
    return doc_get(holder, in_data) || doc_get(holder, in_binary) ? NULL : manifest_reference_error(reference);
}

static struct err *check_reference(struct release *r, const struct manifest_reference *reference)
{
    DOC_AUTO holder = NULL;
    struct kube_id id = { "v1", reference->secret ? "Secret" : "ConfigMap", reference->namespace, reference->name };
    TRY(kube_get(r->kube, id, &holder));
    if (!holder)
        return manifest_reference_error(reference);
    return reference->key ? has_key(holder, reference) : NULL;
}

static struct err *check_references(struct release *r)
{
    struct manifest_references references = { 0 };
    struct err *errors = NULL;
    manifest_missing_references(&r->job->item->manifests, &references);
    for (size_t i = 0; i < references.count; i++)
        errors = err_join(errors, check_reference(r, &references.items[i]));
    manifest_references_release(&references);
    return errors;
}

struct err *release_check(struct release *r)
{
    const struct manifest_set *set = &r->job->item->manifests;
    struct err *errors = NULL;
    r->objects = xcalloc(set->count, sizeof *r->objects);
    r->count = set->count;
    for (size_t i = 0; i < set->count; i++) {
        r->objects[i].object = &set->objects[i];
        errors = err_join(errors, place(r, &set->objects[i], &r->objects[i].id));
    }
    bool placed = !errors;
    if (placed)
        errors = check_references(r);
    for (size_t i = 0; placed && i < set->count; i++)
        errors = err_join(errors, dry_run(r, &r->objects[i]));
    return err_state(errors, "%s", UNCHANGED);
}

void release_release(struct release *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->objects[i].uid);
    free(r->objects);
    strv_release(&r->new_namespaces);
    strv_release(&r->made_namespaces);
    r->objects = NULL;
    r->count = 0;
}
