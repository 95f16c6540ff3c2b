#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doc/doc.h"
#include "kube/apply.h"
#include "kube/differences.h"
#include "manifest/references.h"
#include "release/definitions.h"
#include "release/immutable.h"
#include "release/release.h"
#include "rollout/history.h"

enum { GONE_MS = 60 * 1000 }; /* a pod has half a minute to end, unless it says otherwise */

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
    const char *name = object->namespace;
    if (strv_has(&r->namespaces, name) || strv_has(&r->new_namespaces, name))
        return NULL;
    bool exists = false;
    TRY(kube_namespace_exists(r->kube, name, &exists));
    if (exists || set_has_namespace(&r->job->item->manifests, name)) {
        strv_add(&r->namespaces, name);
        return NULL;
    }
    if (r->job->request->no_create_namespace)
        return err_at(err_cause(err_new(RW5401_OBJECT_REJECTED, "namespace %s does not exist", name),
                                "--no-create-namespace forbids making it"),
                      "%s", object->file);
    strv_add(&r->new_namespaces, name);
    return NULL;
}

/* A kind that the server does not know may be defined by the very manifests. */
static struct err *find_kind(struct release *r, struct release_object *o, bool *namespaced)
{
    struct kube_kind kind = { 0 };
    const struct manifest_object *object = o->object;
    struct err *e = kube_kind_find(r->kube, object->api_version, object->kind, &kind);
    if (e && err_get_code(e) == RW5001_OBJECT_INVALID)
        o->definition = definition_find(&r->job->item->manifests, object->api_version, object->kind);
    if (o->definition)
        err_ignore(e, "the server will know it");
    else
        TRY(err_at(e, "%s", object->file));
    *namespaced = o->definition ? definition_is_namespaced(o->definition) : kind.namespaced;
    return NULL;
}

/* The object's namespace becomes part of it, as the API server wants it there. */
static struct err *place(struct release *r, struct release_object *o)
{
    const struct manifest_object *object = o->object;
    bool namespaced;
    TRY(find_kind(r, o, &namespaced));
    if (namespaced) {
        doc_set_text(object->tree, "/metadata/namespace", object->namespace);
        TRY(need_namespace(r, object));
    }
    o->id = kube_id_of(object->tree);
    return NULL;
}

const char *release_command(const struct release *r)
{
    return r->job->request->verbs & VERB_BUILD ? "up" : "deploy";
}

/* Where the server names a field, the message names the line that holds it. */
static struct err *with_place(struct err *e, const struct manifest_object *object, const char *field)
{
    AUTO_STR pointer = doc_pointer_of_field(object->tree, field ? field : "");
    AUTO_STR where = manifest_where(object, pointer);
    return err_at(e, "%s", where);
}

/* A refusal with its place and the ways out. */
static struct err *refused(const struct release *r, const struct release_object *o, const json_t *before,
                           const struct strv *fields, struct err *e)
{
    const char *service = r->job->item->service->name;
    bool is_immutable = before && kube_is_immutable(e);
    AUTO_STR meant = is_immutable ? immutable_field(before, o->object->tree) : NULL;
    AUTO_STR command = xasprintf("rwml %s %s", release_command(r), service);
    if (meant)
        e = err_state_add(e, "%s is what differs", meant);
    if (is_immutable)
        e = immutable_advise(e, o->id, command);
    e = immutable_advise_strategy(e, before, o->object->tree, command);
    if (err_get_code(e) == RW5409_CONFLICT)
        e = err_next(e, "rwml %s --force-conflicts %s   (takes the field over)", release_command(r), service);
    return with_place(e, o->object, meant ? meant : fields->count ? fields->items[0] : NULL);
}

/* field NULL: nothing differs, but it has failed, and would never be tried again. */
static struct err *replace(struct release *r, struct release_object *o, const json_t *before, const char *field)
{
    AUTO_STR differs = field ? xasprintf("%s can't be changed in place", field) : xstrdup("it has failed");
    job_tell(r->job, UI_NOTE, "deploy", -1, "Job %s is replaced: %s", o->object->name, differs);
    o->action = RELEASE_REPLACE;
    release_compare(o, before, o->object->tree, r->job->request->show_secrets);
    return NULL;
}

static bool has_failed(const json_t *job)
{
    const json_t *condition = doc_find(doc_get(job, "/status/conditions"), "/type", "Failed");
    return str_eq(doc_text(condition, "/status"), "True");
}

/* What is being deleted takes every change, and goes all the same. */
static struct err *wait_until_gone(struct kube_client *kube, const struct release *r, const struct release_object *o,
                                   const json_t *before)
{
    AUTO_STR name = kube_id_text(o->id);
    bool waits = !r->job->request->dry_run;
    job_tell(r->job, UI_NOTE, "deploy", -1, "%s is being deleted%s", name, waits ? "; waiting until it is gone" : "");
    return waits ? kube_wait_gone(kube, o->id, doc_text(before, "/metadata/uid"), clock_after(GONE_MS)) : NULL;
}

/* A Pod by itself has the ServiceAccount that the server gives it, for good. */
static json_t *applied_first(const struct manifest_object *o, const json_t *before)
{
    const char *pod = manifest_pod_pointer(o);
    return before && pod && !str_eq(o->kind, "Pod") ? kube_without_account(before, o->tree, pod) : NULL;
}

/* Where something in the cluster puts a ServiceAccount in again, that one stays. */
static struct err *ask_server(struct kube_client *kube, struct release_object *o, json_t **after, struct strv *fields)
{
    if (!o->first)
        return kube_apply(kube, o->object->tree, KUBE_DRY_RUN, after, fields);
    TRY(kube_apply(kube, o->first, KUBE_DRY_RUN, after, fields));
    DOC_AUTO again = applied_first(o->object, *after);
    if (!again)
        return NULL;
    doc_unrefp(&o->first);
    doc_unrefp(after);
    return kube_apply(kube, o->object->tree, KUBE_DRY_RUN, after, fields);
}

static struct err *dry_run(struct kube_client *kube, struct release *r, struct release_object *o, const json_t *before)
{
    DOC_AUTO after = NULL;
    AUTO(strv) fields = { 0 };
    if (doc_text(before, "/metadata/deletionTimestamp") && !str_eq(o->object->kind, "Namespace")) {
        TRY(wait_until_gone(kube, r, o, before));
        before = NULL;
    }
    bool is_job = before && str_eq(o->object->kind, "Job");
    str_set(&o->uid, doc_text(before, "/metadata/uid"));
    TRY(release_set_join(kube, r, o, before));
    if (r->job->request->dry_run)
        release_leave_out_images(r, o->object, before);
    o->action = RELEASE_KEEP;
    o->first = applied_first(o->object, before);
    if (before && !o->first && kube_is_applied(before, o->object->tree))
        return is_job && has_failed(before) ? replace(r, o, before, NULL) : NULL;
    struct err *e = ask_server(kube, o, &after, &fields);
    if (e && is_job && kube_is_immutable(e)) {
        err_ignore(e, "a Job that differs is replaced");
        AUTO_STR field = kube_first_difference(before, o->object->tree);
        return replace(r, o, before, field ? field : "its template");
    }
    if (e)
        return refused(r, o, before, &fields, e);
    o->action = !before ? RELEASE_CREATE : kube_unchanged(before, after) ? RELEASE_KEEP : RELEASE_CHANGE;
    if (o->action == RELEASE_CHANGE && history_kind(o->id.kind))
        o->template_before = doc_copy(doc_get(before, "/spec/template"));
    if (o->action == RELEASE_CHANGE)
        release_compare(o, before, after, r->job->request->show_secrets);
    return is_job && o->action == RELEASE_KEEP && has_failed(before) ? replace(r, o, before, NULL) : NULL;
}

struct err *release_check_one(struct release *r, struct release_object *o)
{
    DOC_AUTO before = NULL;
    TRY(kube_get(r->kube, o->id, &before));
    return dry_run(r->kube, r, o, before);
}

/* Of a kind that the server does not know yet. */
static struct err *check_undefined(struct release *r, struct release_object *o)
{
    job_tell(r->job, UI_NOTE, "deploy", -1, "%s can be checked once its CustomResourceDefinition is applied",
             o->object->label);
    o->action = RELEASE_CREATE;
    return release_set_join(r->kube, r, o, NULL);
}

static struct err *check_objects(struct release *r)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < r->count; i++)
        if (r->objects[i].definition)
            errors = err_join(errors, check_undefined(r, &r->objects[i]));
    return err_join(errors, release_look(r, dry_run));
}

static struct err *has_key(const json_t *holder, const struct manifest_reference *reference)
{
    AUTO_STR in_data = doc_pointer_add("/data", reference->key);
    AUTO_STR in_binary = doc_pointer_add("/binaryData", reference->key);
    return doc_get(holder, in_data) || doc_get(holder, in_binary) ? NULL : manifest_reference_error(reference);
}

/* Who deploys what names a Secret need not have the right to read it. */
static struct err *tell_unread(const struct release *r, struct kube_id id, struct err *refused)
{
    AUTO_STR name = kube_id_text(id);
    AUTO_STR words = err_words(refused);
    job_tell(r->job, UI_NOTE, "deploy", -1, "whether %s is there is not known: %s", name, words);
    err_ignore(refused, "pods that lack it say so");
    return NULL;
}

/* What may not be read is told once, and counts as an object that may have any key: true. */
static struct err *read_holder(struct release *r, struct kube_id id, const char *what, json_t *holders)
{
    json_t *holder = NULL;
    struct err *e = kube_get(r->kube, id, &holder);
    bool unread = kube_is_forbidden(e);
    TRY(unread ? tell_unread(r, id, e) : e);
    doc_set_key(holders, what, unread ? doc_boolean(true) : holder ? holder : doc_null());
    return NULL;
}

/* holders: what was asked for by now, null where there is none. */
static struct err *check_reference(struct release *r, const struct manifest_reference *reference, json_t *holders)
{
    struct kube_id id = { "v1", reference->secret ? "Secret" : "ConfigMap", reference->namespace, reference->name };
    AUTO_STR what = kube_id_text(id);
    if (!doc_key(holders, what))
        TRY(read_holder(r, id, what, holders));
    const json_t *holder = doc_key(holders, what);
    if (doc_is_null(holder))
        return manifest_reference_error(reference);
    return reference->key && doc_is_object(holder) ? has_key(holder, reference) : NULL;
}

static struct err *check_references(struct release *r)
{
    struct manifest_references references = { 0 };
    struct err *errors = NULL;
    DOC_AUTO holders = doc_object();
    manifest_missing_references(&r->job->item->manifests, &references);
    for (size_t i = 0; i < references.count; i++)
        errors = err_join(errors, check_reference(r, &references.items[i], holders));
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
        errors = err_join(errors, place(r, &r->objects[i]));
    }
    if (!errors)
        errors = release_set_find(r);
    bool placed = !errors;
    if (placed)
        errors = check_references(r);
    if (placed)
        errors = err_join(errors, check_objects(r));
    if (!errors)
        errors = release_set_settle(r);
    return err_state(errors, "%s", UNCHANGED);
}

void release_release(struct release *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->objects[i].uid);
        kube_differences_release(&r->objects[i].differences);
        rollout_restart_release(&r->objects[i].restart);
        doc_unref(r->objects[i].template_before);
        doc_unref(r->objects[i].first);
    }
    free(r->objects);
    strv_release(&r->namespaces);
    strv_release(&r->new_namespaces);
    strv_release(&r->made_namespaces);
    release_set_release(&r->set);
    r->set = (struct release_set){ 0 };
    elsewhere_release(&r->elsewhere);
    template_needs_release(&r->needs);
    doc_unref(r->leaving);
    r->leaving = NULL;
    r->objects = NULL;
    r->count = 0;
}
