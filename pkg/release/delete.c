#include "base/clock.h"
#include "plan/tell.h"
#include "release/applied.h"
#include "release/removal.h"

static const char STAGE[] = "delete";

enum { PARENT_MS = 30 * 1000 };

/* The members of one set on their way out. */
struct deletion {
    struct applied *applied;
    const struct service_set *set;
    json_t *going; /* in the order of removal */
    json_t *staying;
    struct strv removed, ending, untried;
};

static void deletion_release(struct deletion *d)
{
    doc_unref(d->going);
    doc_unref(d->staying);
    strv_release(&d->removed);
    strv_release(&d->ending);
    strv_release(&d->untried);
}

static bool may_go(const struct request *request, const char *kind)
{
    const char *option = removal_option(kind);
    return !option || (request->volumes && str_eq(option, "--volumes")) ||
           (request->namespaces && str_eq(option, "--namespaces")) ||
           (request->definitions && str_eq(option, "--definitions"));
}

/* The deployed service that has it, too; NULL: none. */
static const char *other_user(const struct deletion *d, const json_t *member)
{
    applied_elsewhere(d->applied);
    return elsewhere_find(&d->applied->elsewhere, kube_id_of(member));
}

static bool goes(const struct deletion *d, const json_t *member)
{
    return may_go(d->applied->request, doc_text(member, "/kind")) && !other_user(d, member);
}

/* A namespace takes along all that is in it. */
static bool goes_with_namespace(const struct deletion *d, const json_t *members, const json_t *member)
{
    const char *namespace = doc_text(member, "/metadata/namespace");
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (members, i, each)
        if (str_eq(doc_text(each, "/kind"), "Namespace") && str_eq(doc_text(each, "/metadata/name"), namespace))
            return goes(d, each);
    return false;
}

static struct err *sort_members(struct deletion *d)
{
    DOC_AUTO members = NULL;
    size_t i;
    json_t *each;
    TRY(applyset_members(d->applied->kube, &d->set->set, &members));
    DOC_AUTO ordered = removal_order(members);
    DOC_EACH_ITEM (ordered, i, each)
        doc_append(goes(d, each) || goes_with_namespace(d, members, each) ? d->going : d->staying, doc_ref(each));
    return NULL;
}

static struct err *check_yes(const struct deletion *d)
{
    AUTO(strv) names = { 0 };
    AUTO(strv) options = { 0 };
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (d->going, i, each) {
        const char *option = removal_option(doc_text(each, "/kind"));
        if (!option)
            continue;
        strv_add_take(&names, kube_id_text(kube_id_of(each)));
        if (!strv_has(&options, option))
            strv_add(&options, option);
    }
    if (names.count == 0 || d->applied->request->yes)
        return NULL;
    AUTO_STR list = strv_join(&names, ", ");
    AUTO_STR words = strv_join(&options, " ");
    struct err *e = err_new(RW5403_NEEDS_YES, "removing %s needs --yes", d->set->service);
    e = err_state(err_cause(e, "this would be lost with all that is in it: %s", list), "nothing was removed");
    return err_next(e, "rwml delete %s --yes %s", words, d->set->service);
}

static void note_untried(struct deletion *d, size_t from)
{
    for (size_t i = from; i < doc_count(d->going); i++)
        strv_add_take(&d->untried, kube_id_text(kube_id_of(doc_at(d->going, i))));
}

static struct err *send_all(struct deletion *d)
{
    for (size_t i = 0; i < doc_count(d->going); i++) {
        const json_t *each = doc_at(d->going, i);
        struct kube_id id = kube_id_of(each);
        bool gone = false;
        struct err *e = cancel_check(d->applied->request->cancel);
        if (!e)
            e = kube_delete(d->applied->kube, id, doc_text(each, "/metadata/uid"), &gone);
        if (e) {
            note_untried(d, i);
            return e;
        }
        strv_add_take(&d->ending, kube_id_text(id));
    }
    return NULL;
}

static void note_removed(struct deletion *d)
{
    struct strv rest = { 0 };
    strv_add(&d->removed, d->ending.items[0]);
    for (size_t i = 1; i < d->ending.count; i++)
        strv_add(&rest, d->ending.items[i]);
    strv_release(&d->ending);
    d->ending = rest;
}

static struct err *wait_all(struct deletion *d)
{
    const struct request *request = d->applied->request;
    int64_t deadline_ms = clock_after(request->timeout_ms);
    for (size_t i = 0; i < doc_count(d->going); i++) {
        const json_t *each = doc_at(d->going, i);
        struct kube_id id = kube_id_of(each);
        AUTO_STR name = kube_id_text(id);
        service_tell(request, UI_PROGRESS, d->set->service, STAGE, "waiting until %s is gone", name);
        TRY(kube_wait_gone(d->applied->kube, id, doc_text(each, "/metadata/uid"), deadline_ms));
        note_removed(d);
        object_tell(request, UI_STEP, &(struct tell_object){ d->set->service, STAGE, name, "removed" }, NULL,
                    "%s removed", name);
    }
    return NULL;
}

static struct err *remove_parent(const struct deletion *d)
{
    struct kube_client *kube = d->applied->kube;
    const struct kube_id id = service_set_id(d->set);
    DOC_AUTO live = NULL;
    bool gone;
    TRY(kube_get(kube, id, &live));
    if (!live)
        return NULL;
    TRY(kube_delete(kube, id, doc_text(live, "/metadata/uid"), &gone));
    return kube_wait_gone(kube, id, doc_text(live, "/metadata/uid"), clock_after(PARENT_MS));
}

static void tell_staying(const struct deletion *d, const json_t *member)
{
    AUTO_STR name = kube_id_text(kube_id_of(member));
    const char *other = other_user(d, member), *option = removal_option(doc_text(member, "/kind"));
    const struct tell_object what = { d->set->service, STAGE, name, "kept" };
    json_t *why = doc_object();
    doc_set_key(why, "used_by", other ? doc_string(other) : doc_null());
    doc_set_key(why, "option", !other && option ? doc_string(option) : doc_null());
    if (other)
        object_tell(d->applied->request, UI_NOTE, &what, why, "%s stays, since it may be %s's, too", name, other);
    else
        object_tell(d->applied->request, UI_NOTE, &what, why, "%s stays; see rwml delete %s", name, option);
}

/* The parent goes when no member is left; else it names what stays, so that a later delete finds it. */
static struct err *finish_set(struct deletion *d)
{
    AUTO(service_set) rest = { 0 };
    size_t i;
    json_t *each;
    if (doc_count(d->staying) == 0)
        return remove_parent(d);
    TRY(service_set_init(&rest, d->applied->plan.workspace->root, d->set->service, d->set->set.namespace));
    DOC_EACH_ITEM (d->staying, i, each) {
        applyset_add(&rest.set, kube_id_of(each));
        tell_staying(d, each);
    }
    return service_set_write(d->applied->kube, &rest);
}

static void tell_result(const struct deletion *d)
{
    size_t removed = doc_count(d->going), stay = doc_count(d->staying);
    const char *would = d->applied->request->dry_run ? " would be" : "";
    AUTO_STR rest = stay ? xasprintf(", %zu stay%s", stay, stay == 1 ? "s" : "") : xstrdup("");
    json_t *fields = doc_object();
    doc_set_key(fields, "removed", doc_integer((int64_t)removed));
    doc_set_key(fields, "kept", doc_integer((int64_t)stay));
    result_tell(d->applied->request, d->set->service, STAGE, fields, "%zu object%s%s removed%s", removed,
                removed == 1 ? "" : "s", would, rest);
}

static void tell_all(const struct deletion *d)
{
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (d->going, i, each) {
        AUTO_STR name = kube_id_text(kube_id_of(each));
        object_tell(d->applied->request, UI_RESULT, &(struct tell_object){ d->set->service, STAGE, name, "removed" },
                    NULL, "%s would be removed", name);
    }
    DOC_EACH_ITEM (d->staying, i, each)
        tell_staying(d, each);
}

static struct err *delete_all(struct deletion *d)
{
    TRY(send_all(d));
    TRY(wait_all(d));
    return finish_set(d);
}

static struct err *cut_short(const struct deletion *d, struct err *e)
{
    AUTO(strv) parts = { 0 };
    AUTO_STR removed = strv_join(&d->removed, ", ");
    AUTO_STR ending = strv_join(&d->ending, ", ");
    AUTO_STR untried = strv_join(&d->untried, ", ");
    if (!e)
        return NULL;
    strv_add_take(&parts, *removed ? xasprintf("removed: %s", removed) : xstrdup("nothing is known to be gone yet"));
    if (*ending)
        strv_addf(&parts, "being removed: %s", ending);
    if (*untried)
        strv_addf(&parts, "not tried: %s", untried);
    AUTO_STR text = strv_join(&parts, "; ");
    return err_next(err_state_add(e, "%s", text), "rwml delete %s   (again; it goes on from there)", d->set->service);
}

struct err *applied_delete(struct applied *a, const struct service_set *set)
{
    AUTO(deletion) d = { .applied = a, .set = set, .going = doc_array(), .staying = doc_array() };
    TRY(sort_members(&d));
    if (a->request->dry_run) {
        tell_all(&d);
        tell_result(&d);
        return NULL;
    }
    TRY(check_yes(&d));
    TRY(cut_short(&d, delete_all(&d)));
    tell_result(&d);
    return NULL;
}
