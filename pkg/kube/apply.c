#include "kube/apply.h"

#include <stdlib.h>
#include <string.h>

#include "kube/call.h"
#include "kube/owners.h"
#include "kube/reject.h"

/* Every API server makes this namespace for itself, and nobody deploys into it. */
#define STAND_IN "kube-public"
#define RACES 3 /* times that another writer may come between before we tell */

struct apply {
    struct kube_client *c;
    const json_t *object; /* as it is sent */
    const json_t *named;  /* as errors name it: in its own namespace */
    struct kube_id id;
    const char *manager;
    enum kube_apply_mode mode;
};

static struct err *request(const struct apply *a, bool force, struct kube_answer *out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_path(a->c, a->id, &path));
    http_path_query(&path, "fieldManager", a->manager);
    http_path_query(&path, "fieldValidation", "Strict");
    if (force)
        http_path_query(&path, "force", "true");
    if (a->mode == KUBE_DRY_RUN)
        http_path_query(&path, "dryRun", "All");
    struct kube_call call = {
        .method = "PATCH",
        .path = &path,
        .content_type = "application/apply-patch+yaml",
        .body = a->object,
        .writes = a->mode == KUBE_WRITE,
    };
    return kube_call(a->c, &call, out);
}

static bool is_done(const struct kube_answer *answer)
{
    return answer->status == 200 || answer->status == 201;
}

/* 409 without a field manager: another write came between. */
static bool is_race(const struct kube_answer *answer)
{
    const char *message = doc_text(answer->body, "/message");
    return answer->status == 409 && message && strstr(message, "the object has been modified");
}

static struct err *request_through(const struct apply *a, bool force, struct kube_answer *out)
{
    for (int race = 1;; race++) {
        TRY(request(a, force, out));
        if (!is_race(out) || race == RACES)
            return NULL;
        kube_answer_release(out);
    }
}

static void add_replacement(json_t *patch, const char *path, json_t *value_steal)
{
    json_t *replacement = doc_object();
    doc_set_text(replacement, "/op", "replace");
    doc_set_text(replacement, "/path", path);
    doc_set(replacement, "/value", value_steal);
    doc_append(patch, replacement);
}

/* Replaces one value of an object. version: only while it has this one; another is answered with 409. NULL: any. */
static struct err *replace_value(struct kube_client *c, const char *manager, struct kube_id id, const char *version,
                                 const char *pointer, json_t *value_steal, struct kube_answer *out)
{
    DOC_AUTO patch = doc_array();
    add_replacement(patch, pointer, value_steal);
    if (version)
        add_replacement(patch, "/metadata/resourceVersion", doc_string(version));
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_path(c, id, &path));
    http_path_query(&path, "fieldManager", manager);
    struct kube_call call = {
        .method = "PATCH", .path = &path, .content_type = "application/json-patch+json", .body = patch, .writes = true
    };
    return kube_call(c, &call, out);
}

/* Moves what kubectl owns to rwml; nothing when it owns nothing (any more). */
static struct err *migrate(const struct apply *a)
{
    AUTO_STR what = kube_id_text(a->id);
    for (int race = 1;; race++) {
        DOC_AUTO live = NULL;
        TRY(kube_get(a->c, a->id, &live));
        if (!live || !kube_has_inherited(live))
            return NULL;
        AUTO(kube_answer) answer = { 0 };
        TRY(replace_value(a->c, KUBE_MANAGER, a->id, doc_text(live, "/metadata/resourceVersion"),
                          "/metadata/managedFields", kube_migrated_owners(live, KUBE_MANAGER), &answer));
        if (is_done(&answer))
            return NULL;
        if (answer.status != 409 || race == RACES)
            return kube_unexpected(&answer, "%s: cannot take over the fields of kubectl", what);
    }
}

static struct err *refuse(const struct apply *a, const struct kube_refusal *refusal, int status, struct strv *fields)
{
    for (size_t i = 0; fields && i < refusal->fields.count; i++)
        strv_add(fields, refusal->fields.items[i]);
    DOC_AUTO live = NULL;
    if (refusal->owners.count > 0)
        err_ignore(kube_get(a->c, a->id, &live), "the refusal is what counts; the live value is an addition");
    return kube_refusal_error(refusal, a->named, live, status);
}

static void read_refusal(const struct apply *a, const struct kube_answer *answer, struct kube_refusal *out)
{
    AUTO_STR words = kube_answer_words(answer);
    kube_refusal_read(a->named, answer->body, words, out);
}

static bool lacks_namespace(const struct apply *a, const struct kube_answer *answer)
{
    return a->mode == KUBE_DRY_RUN && a->id.namespace && strcmp(a->id.namespace, STAND_IN) != 0 &&
           answer->status == 404 && str_eq(doc_text(answer->body, "/details/kind"), "namespaces");
}

/* Sends, takes over from kubectl where that is what stands in the way, and sends again. A dry run
 * that lacks_namespace is left to the caller. */
static struct err *apply(const struct apply *a, struct kube_answer *answer, struct strv *fields)
{
    TRY(request_through(a, a->c->force, answer));
    if (is_done(answer)) {
        if (a->mode == KUBE_DRY_RUN || !kube_has_inherited(answer->body))
            return NULL;
        TRY(migrate(a));
    } else if (lacks_namespace(a, answer)) {
        return NULL;
    } else {
        AUTO(kube_refusal) refusal;
        read_refusal(a, answer, &refusal);
        if (!kube_refusal_by_inherited(&refusal))
            return refuse(a, &refusal, answer->status, fields);
        if (a->mode == KUBE_WRITE)
            TRY(migrate(a));
    }
    kube_answer_release(answer);
    TRY(request_through(a, a->c->force || a->mode == KUBE_DRY_RUN, answer));
    if (is_done(answer))
        return NULL;
    AUTO(kube_refusal) refusal;
    read_refusal(a, answer, &refusal);
    return refuse(a, &refusal, answer->status, fields);
}

static struct err *dry_run_in_stand_in(const struct apply *a, struct kube_answer *answer, struct strv *fields)
{
    DOC_AUTO object = doc_copy(a->object);
    doc_set_text(object, "/metadata/namespace", STAND_IN);
    struct apply there = { a->c, object, a->named, kube_id_of(object), a->manager, a->mode };
    TRY(apply(&there, answer, fields));
    doc_set_text(answer->body, "/metadata/namespace", a->id.namespace);
    return NULL;
}

struct err *kube_apply(struct kube_client *c, const json_t *object, enum kube_apply_mode mode, json_t **live,
                       struct strv *fields)
{
    struct apply a = { c, object, object, kube_id_of(object), KUBE_MANAGER, mode };
    if (!a.id.name)
        return err_new(RW5001_OBJECT_INVALID, "an object of kind %s has no metadata.name",
                       a.id.kind ? a.id.kind : "(none)");
    AUTO(kube_answer) answer = { 0 };
    bool absent = mode == KUBE_DRY_RUN && a.id.namespace && kube_common_is_absent(c->common, a.id.namespace);
    if (!absent) {
        TRY(apply(&a, &answer, fields));
        absent = lacks_namespace(&a, &answer);
        if (absent)
            kube_answer_release(&answer);
    }
    if (absent)
        TRY(dry_run_in_stand_in(&a, &answer, fields));
    if (mode == KUBE_WRITE && str_eq(a.id.kind, "Namespace"))
        kube_common_namespace_made(c->common);
    if (live)
        *live = STEAL(&answer.body);
    return NULL;
}

struct err *kube_apply_as(struct kube_client *c, const char *manager, const json_t *object, json_t **live)
{
    struct apply a = { c, object, object, kube_id_of(object), manager, KUBE_WRITE };
    AUTO(kube_answer) answer = { 0 };
    TRY(request_through(&a, true, &answer));
    if (!is_done(&answer)) {
        AUTO(kube_refusal) refusal;
        read_refusal(&a, &answer, &refusal);
        return refuse(&a, &refusal, answer.status, NULL);
    }
    if (live)
        *live = STEAL(&answer.body);
    return NULL;
}

struct err *kube_create_as(struct kube_client *c, const char *manager, const json_t *object, bool *created)
{
    struct kube_id id = kube_id_of(object), collection = id;
    AUTO(http_path) path = HTTP_PATH_INIT;
    AUTO(kube_answer) answer = { 0 };
    collection.name = NULL;
    TRY(kube_path(c, collection, &path));
    http_path_query(&path, "fieldManager", manager);
    TRY(kube_call(c, &(struct kube_call){ .method = "POST", .path = &path, .body = object, .writes = true }, &answer));
    *created = answer.status == 201;
    if (*created || str_eq(doc_text(answer.body, "/reason"), "AlreadyExists"))
        return NULL;
    AUTO_STR words = kube_answer_words(&answer);
    AUTO_STR what = kube_id_text(id);
    struct err *e = err_new(RW5401_OBJECT_REJECTED, "%s: the API server refuses to make it", what);
    return err_at(err_cause(e, "%s (HTTP %d)", words, answer.status), "%s", what);
}

struct err *kube_set_template(struct kube_client *c, struct kube_id id, const json_t *template)
{
    AUTO(kube_answer) answer = { 0 };
    TRY(replace_value(c, KUBE_ROLLBACK_MANAGER, id, NULL, "/spec/template", doc_copy(template), &answer));
    if (!is_done(&answer)) {
        AUTO_STR words = kube_answer_words(&answer);
        AUTO_STR what = kube_id_text(id);
        struct err *e = err_new(RW5401_OBJECT_REJECTED, "%s: the API server refuses the older template", what);
        return err_at(err_cause(e, "%s (HTTP %d)", words, answer.status), "%s", what);
    }
    return NULL;
}

struct err *kube_replace_job(struct kube_client *c, const json_t *object, const char *uid, int64_t deadline_ms,
                             json_t **live)
{
    struct kube_id id = kube_id_of(object);
    AUTO_STR what = kube_id_text(id);
    bool gone;
    TRY(err_state(kube_delete(c, id, uid, &gone), "the old %s may have been deleted; the new one is not made", what));
    if (!gone)
        TRY(err_state(kube_wait_gone(c, id, uid, deadline_ms), "the old %s is being deleted; the new one is not made",
                      what));
    return err_state(kube_apply(c, object, KUBE_WRITE, live, NULL),
                     "the old %s was deleted; whether the new one is there is to be looked at", what);
}

bool kube_is_immutable(const struct err *e)
{
    static const char *const words[] = { "field is immutable",          "may not change once set",
                                         "updates to statefulset spec", "may not change fields other than",
                                         "cannot change roleRef",       "is immutable after creation" };
    const char *cause = err_get_cause(e);
    for (size_t i = 0; cause && err_get_code(e) == RW5401_OBJECT_REJECTED && i < COUNT_OF(words); i++) {
        if (strstr(cause, words[i]))
            return true;
    }
    return false;
}
