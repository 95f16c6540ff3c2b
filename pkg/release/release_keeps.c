/* What has left the manifests and stays all the same. */
#include "release/release.h"
#include "rollout/history.h"

/* `rwml rollback` returns to the revision before: after this run, where the template changes, to the one that is
 * there now. */
static struct err *add_needs(struct release *r, const struct release_object *o)
{
    struct history_revision to = { 0 };
    DOC_AUTO live = NULL;
    DOC_AUTO owned = NULL;
    TRY(kube_get(r->kube, o->id, &live));
    if (!live)
        return NULL;
    if (r->job->request->dry_run && o->restart.field) {
        template_needs_add(live, o->template_before, &r->needs);
        return NULL;
    }
    TRY(kube_list(r->kube, "apps/v1", history_kind(o->id.kind), o->id.namespace, &owned));
    if (history_previous(live, owned, &to))
        template_needs_add(live, to.template, &r->needs);
    history_revision_release(&to);
    return NULL;
}

static struct err *read_needs(struct release *r)
{
    if (r->has_needs)
        return NULL;
    r->has_needs = true;
    for (size_t i = 0; i < r->count; i++)
        if (history_kind(r->objects[i].id.kind))
            TRY(add_needs(r, &r->objects[i]));
    return NULL;
}

struct err *release_keeps(struct release *r, struct kube_id id, bool *out)
{
    bool is_config_map = str_eq(id.kind, "ConfigMap"), is_secret = str_eq(id.kind, "Secret");
    *out = false;
    if (!is_config_map && !is_secret)
        return NULL;
    TRY(read_needs(r));
    *out = strv_has(is_secret ? &r->needs.secrets : &r->needs.config_maps, id.name);
    return NULL;
}
