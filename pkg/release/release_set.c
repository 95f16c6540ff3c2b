#include <string.h>

#include "digest/digest.h"
#include "kube/kinds.h"
#include "release/release.h"
#include "release/removal.h"
#include "rollout/follow.h"

static const char STAGE[] = "deploy";

/* ---------------------------------------------------------------- whose set it is */

static bool is_namespaced(const struct manifest_object *o)
{
    struct kube_kind kind;
    return o->namespace && kube_kind_builtin(o->api_version, o->kind, &kind) && kind.namespaced;
}

/* Of the first workload, else of the first object that is surely in a namespace. Told by the manifests alone,
 * so that another service of the workspace can tell it, too. */
static const char *home_of(const struct manifest_set *set)
{
    const char *home = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct manifest_object *o = &set->objects[i];
        if (is_namespaced(o) && rollout_follows(o->api_version, o->kind))
            return o->namespace;
        if (!home && is_namespaced(o))
            home = o->namespace;
    }
    return home ? home : "default";
}

/* In other namespaces it may be wanted, too. */
static void tell_other_homes(struct release *r)
{
    DOC_AUTO parents = NULL;
    size_t i;
    json_t *each;
    struct err *e = service_set_list(r->kube, r->set.wanted.workspace, &parents);
    err_ignore(e, "who may not look into other namespaces is told nothing of them");
    DOC_EACH_ITEM (parents, i, each) {
        AUTO(service_set) set = { 0 };
        if (service_set_read(each, &set) && str_eq(set.service, r->set.wanted.service))
            job_tell(r->job, UI_NOTE, STAGE, -1, "%s is also in namespace %s, where it stays as it is", set.service,
                     set.set.namespace);
    }
}

static struct err *read_parent(struct release *r, const json_t *parent)
{
    struct release_set *s = &r->set;
    bool is_rwmls = service_set_read(parent, &s->found);
    bool is_ours = is_rwmls && service_set_is_ours(&s->found, s->wanted.workspace);
    s->is_there = true;
    if (!is_ours && !(is_rwmls && r->job->request->adopt))
        return service_set_refuse(parent, release_command(r), s->wanted.service);
    s->is_adopted = !is_ours;
    return NULL;
}

struct err *release_set_find(struct release *r)
{
    struct release_set *s = &r->set;
    const char *service = r->job->item->service->name;
    DOC_AUTO parent = NULL;
    const char *home = home_of(&r->job->item->manifests);
    TRY(service_set_init(&s->wanted, r->job->plan->workspace->root, service, home));
    TRY(kube_get(r->kube, service_set_id(&s->wanted), &parent));
    if (parent)
        return read_parent(r, parent);
    tell_other_homes(r);
    return NULL;
}

/* ---------------------------------------------------------------- members */

static void read_elsewhere(struct release *r)
{
    AUTO(strv) except = { 0 };
    strv_add(&except, r->job->item->service->name);
    elsewhere_read(r->job->request, r->job->plan, &except, &r->elsewhere);
}

static void keep_label(struct release_object *o, const char *id)
{
    o->is_shared = true;
    applyset_join(o->object->tree, id);
}

/* Of another service of this workspace: it stays that one's as long as its manifests have it, too. */
static void share(struct release *r, struct release_object *o, const struct service_set *owner, const char *id)
{
    AUTO_STR name = kube_id_text(o->id);
    read_elsewhere(r);
    if (!elsewhere_has(&r->elsewhere, owner->service, o->id)) {
        job_tell(r->job, UI_NOTE, STAGE, -1, "%s was part of %s, whose manifests no longer have it", name,
                 owner->service);
        return;
    }
    job_tell(r->job, UI_DETAIL, STAGE, -1, "%s is part of %s, too, and stays that service's", name, owner->service);
    keep_label(o, id);
}

static struct err *settle_owner(struct kube_client *kube, struct release *r, struct release_object *o, const char *id)
{
    AUTO(service_set) owner = { 0 };
    AUTO_STR name = kube_id_text(o->id);
    DOC_AUTO parent = NULL;
    TRY(applyset_find(kube, id, o->id.namespace, &parent));
    if (!parent)
        return NULL;
    bool is_rwmls = service_set_read(parent, &owner);
    bool is_ours = is_rwmls && service_set_is_ours(&owner, r->set.wanted.workspace);
    if (is_ours && str_eq(owner.service, r->set.wanted.service))
        return NULL; /* the set of a namespace that was this service's before */
    if (is_ours) {
        share(r, o, &owner, id);
        return NULL;
    }
    if (is_rwmls && r->job->request->adopt)
        return NULL;
    if (!o->id.namespace && removal_option(o->id.kind)) {
        keep_label(o, id); /* many deploy into one namespace, and nobody prunes it */
        return NULL;
    }
    struct err *e = service_set_refuse(parent, release_command(r), r->job->item->service->name);
    return err_state_add(e, "%s is a member of that set", name);
}

/* Nobody's yet: of the services of this run that have it, the first one's, so that it does not depend on
 * which of them comes first. */
static struct err *settle_first(struct release *r, struct release_object *o)
{
    const struct plan *plan = r->job->plan;
    if (plan->count > 1)
        read_elsewhere(r);
    for (size_t i = 0; i < plan->count && &plan->items[i] != r->job->item; i++) {
        const char *service = plan->items[i].service->name;
        AUTO(service_set) owner = { 0 };
        if (!elsewhere_objects(&r->elsewhere, service) || !elsewhere_has(&r->elsewhere, service, o->id))
            continue;
        const char *home = home_of(elsewhere_objects(&r->elsewhere, service));
        TRY(service_set_init(&owner, plan->workspace->root, service, home));
        share(r, o, &owner, owner.set.id);
        return NULL;
    }
    return NULL;
}

static struct err *join_set(struct kube_client *kube, struct release *r, struct release_object *o, const json_t *before)
{
    const char *now = applyset_of(before);
    applyset_join(o->object->tree, r->set.wanted.set.id);
    if (!now)
        return settle_first(r, o);
    return strcmp(now, r->set.wanted.set.id) == 0 ? NULL : settle_owner(kube, r, o, now);
}

struct err *release_set_join(struct kube_client *kube, struct release *r, struct release_object *o,
                             const json_t *before)
{
    pthread_mutex_lock(&r->joining);
    struct err *e = join_set(kube, r, o, before);
    pthread_mutex_unlock(&r->joining);
    return e;
}

static struct err *digest_of_members(const struct release *r, char **out)
{
    char digest[DIGEST_ROOM];
    AUTO(strv) names = { 0 };
    for (size_t i = 0; i < r->count; i++) {
        const struct release_object *o = &r->objects[i];
        AUTO_STR kind = applyset_kind(o->id.api_version, o->id.kind);
        if (!o->is_shared)
            strv_addf(&names, "%s %s/%s", kind, o->id.namespace ? o->id.namespace : "", o->id.name);
    }
    strv_sort(&names);
    AUTO_STR text = strv_join(&names, "\n");
    TRY(digest_of(text, strlen(text), digest));
    *out = xstrdup(digest);
    return NULL;
}

struct err *release_set_settle(struct release *r)
{
    struct release_set *s = &r->set;
    for (size_t i = 0; i < r->count; i++)
        if (!r->objects[i].is_shared)
            applyset_add(&s->wanted.set, r->objects[i].id);
    TRY(digest_of_members(r, &s->wanted.members));
    s->stays = s->is_there && !s->is_adopted && str_eq(s->found.members, s->wanted.members) &&
               applyset_covers(&s->found.set, &s->wanted.set);
    return NULL;
}

/* ---------------------------------------------------------------- before the first object */

/* What the parent names while objects come and go: what it has, and what it is to have. */
static struct service_set widened(const struct release_set *s)
{
    const struct service_set *w = &s->wanted;
    struct service_set wide = { .service = xstrdup(w->service),
                                .workspace = xstrdup(w->workspace),
                                .root = xstrdup(w->root),
                                .set = { .namespace = xstrdup(w->set.namespace),
                                         .name = xstrdup(w->set.name),
                                         .id = xstrdup(w->set.id),
                                         .tooling = xstrdup(w->set.tooling) } };
    applyset_add_all(&wide.set, &w->set);
    if (s->is_there)
        applyset_add_all(&wide.set, &s->found.set);
    return wide;
}

/* Is it still this workspace's, and not adopted by another meanwhile? */
static struct err *check_ours(struct release *r)
{
    AUTO(service_set) now = { 0 };
    DOC_AUTO parent = NULL;
    TRY(kube_get(r->kube, service_set_id(&r->set.wanted), &parent));
    if (!parent || (service_set_read(parent, &now) && service_set_is_ours(&now, r->set.wanted.workspace)))
        return NULL;
    return service_set_refuse(parent, release_command(r), r->set.wanted.service);
}

/* As a deploy leaves it that was cut short or did not prune. */
static bool is_wide(const struct release_set *s, const struct service_set *wide)
{
    return s->is_there && !s->is_adopted && !s->found.members && applyset_equal(&s->found.set, &wide->set);
}

bool release_set_writes(const struct release *r)
{
    AUTO(service_set) wide = widened(&r->set);
    bool closes = !r->job->request->no_prune && !(r->set.may_leave && doc_count(r->leaving) == 0);
    return !r->set.stays && (closes || !is_wide(&r->set, &wide));
}

/* Between our look and this write another checkout may have begun a deploy of the same service: only one of
 * them makes the parent. Where one of this workspace was cut short meanwhile, ours is written over it. */
static struct err *create(struct release *r, const struct service_set *wide)
{
    bool created;
    TRY(service_set_create(r->kube, wide, &created));
    if (created)
        return NULL;
    TRY(check_ours(r));
    return service_set_write(r->kube, wide);
}

struct err *release_set_open(struct release *r)
{
    struct release_set *s = &r->set;
    if (s->stays || s->is_open)
        return NULL;
    AUTO(service_set) wide = widened(s);
    s->is_written = !is_wide(s, &wide);
    if (s->is_written)
        TRY(s->is_there ? service_set_write(r->kube, &wide) : create(r, &wide));
    s->is_open = true;
    return NULL;
}

/* ---------------------------------------------------------------- what has left */

static bool is_applied(const struct release *r, const char *uid)
{
    for (size_t i = 0; i < r->count; i++)
        if (str_eq(r->objects[i].uid, uid))
            return true;
    return false;
}

/* Why a member that has left stays, owned; NULL: it goes. */
static struct err *reason_to_stay(struct release *r, struct kube_id id, char **why)
{
    bool is_kept;
    read_elsewhere(r);
    const char *other = elsewhere_find(&r->elsewhere, id);
    *why = NULL;
    if (other)
        *why = xasprintf("since it may be %s's, too", other);
    else if (removal_option(id.kind))
        *why = xstrdup("since what is in it would be lost");
    if (*why)
        return NULL;
    TRY(release_keeps(r, id, &is_kept));
    if (is_kept)
        *why = xstrdup("as long as rwml rollback returns to pods that need it");
    return NULL;
}

/* Told with every change, and not again and again where there is none. */
static enum ui_kind staying_is(const struct release *r)
{
    bool changes = r->set.found.members != NULL;
    for (size_t i = 0; i < r->count; i++)
        changes = changes || r->objects[i].action != RELEASE_KEEP;
    return changes ? UI_NOTE : UI_DETAIL;
}

static struct err *judge(struct release *r, json_t *member)
{
    struct kube_id id = kube_id_of(member);
    AUTO_STR name = kube_id_text(id);
    AUTO_STR why = NULL;
    if (is_applied(r, doc_text(member, "/metadata/uid")) || doc_text(member, "/metadata/deletionTimestamp"))
        return NULL;
    TRY(reason_to_stay(r, id, &why));
    if (!why) {
        doc_append(r->leaving, doc_ref(member));
        return NULL;
    }
    applyset_add(&r->set.wanted.set, id); /* which has to name what stays */
    r->set.may_leave = r->set.may_leave || !removal_option(id.kind);
    job_tell(r->job, staying_is(r), STAGE, -1, "%s has left the manifests and stays, %s", name, why);
    return NULL;
}

struct err *release_set_leaving(struct release *r)
{
    AUTO(service_set) wide = widened(&r->set);
    DOC_AUTO members = NULL;
    size_t i;
    json_t *each;
    r->leaving = doc_array();
    if (r->set.stays)
        return NULL;
    if (r->job->request->no_prune) {
        job_tell(r->job, UI_DETAIL, STAGE, -1, "what has left the manifests was not looked for (--no-prune)");
        return NULL;
    }
    TRY(applyset_members(r->kube, &wide.set, &members));
    DOC_AUTO ordered = removal_order(members);
    DOC_EACH_ITEM (ordered, i, each)
        TRY(judge(r, each));
    return NULL;
}

/* ---------------------------------------------------------------- after the rollout */

static struct err *remove_member(struct release *r, const json_t *member)
{
    bool gone;
    struct kube_id id = kube_id_of(member);
    AUTO_STR name = kube_id_text(id);
    TRY(kube_delete(r->kube, id, doc_text(member, "/metadata/uid"), &gone));
    r->removed += !gone;
    job_tell(r->job, UI_STEP, STAGE, -1, "%s removed, since it has left the manifests", name);
    return NULL;
}

static struct err *close_set(struct release *r)
{
    size_t i;
    json_t *each;
    TRY(release_set_leaving(r));
    if (r->set.stays || r->job->request->no_prune)
        return NULL;
    TRY(check_ours(r));
    DOC_EACH_ITEM (r->leaving, i, each)
        TRY(remove_member(r, each));
    if (r->set.may_leave)
        str_freep(&r->set.wanted.members);
    if (r->set.may_leave && doc_count(r->leaving) == 0 && is_wide(&r->set, &r->set.wanted))
        return NULL;
    return service_set_write(r->kube, &r->set.wanted);
}

struct err *release_set_close(struct release *r)
{
    struct err *e = close_set(r);
    return err_next(err_state(e, "the new version runs; what has left the manifests may still be there"),
                    "rwml deploy %s", r->job->item->service->name);
}

void release_set_release(struct release_set *s)
{
    service_set_release(&s->wanted);
    service_set_release(&s->found);
}
