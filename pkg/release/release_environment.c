/* What the pods that run on do not see of a release. */
#include <string.h>

#include "manifest/references.h"
#include "plan/tell.h"
#include "release/release.h"
#include "rollout/history.h"

static const char DATA[] = ".data";

static bool is_holder(const struct release_object *o)
{
    return str_eq(o->id.kind, "ConfigMap") || str_eq(o->id.kind, "Secret");
}

/* Was written in this run, with other values than before. */
static bool has_new_data(const struct release_object *o)
{
    return is_holder(o) && o->fate == RELEASE_DONE && o->action == RELEASE_CHANGE && o->restart.field;
}

/* A workload whose pods no new template replaces. */
static bool runs_on(const struct release_object *o)
{
    bool stays = o->action == RELEASE_KEEP || (o->action == RELEASE_CHANGE && !o->restart.field);
    return stays && history_kind(o->id.kind) && doc_i64(o->object->tree, "/spec/replicas", 1) > 0;
}

/* Files of a volume are not meant: the kubelet brings them up to date. */
static bool reads_new_data(const struct release_object *workload, const struct release_object *holder)
{
    if (!str_eq(workload->id.namespace, holder->id.namespace))
        return false;
    for (size_t i = 0; i < holder->differences.count; i++) {
        const char *field = holder->differences.items[i].field;
        if (!str_starts(field, DATA))
            continue;
        const char *key = field[strlen(DATA)] == '.' ? field + strlen(DATA) + 1 : NULL;
        if (manifest_reads_as_environment(workload->object, str_eq(holder->id.kind, "Secret"), holder->id.name, key))
            return true;
    }
    return false;
}

static void tell(const struct release *r, const struct release_object *o, const char *holders)
{
    const char *service = r->job->item->service->name;
    AUTO_STR name = kube_id_text(o->id);
    object_tell(r->job->request, UI_WARNING,
                &(struct tell_object){ service, "deploy", name, release_action_word(o->action) }, NULL,
                "%s: its pods read %s as environment, and have the old values until they start anew: rwml restart %s",
                name, holders, service);
}

void release_tell_old_environment(const struct release *r)
{
    for (size_t i = 0; i < r->count; i++) {
        AUTO(strv) holders = { 0 };
        for (size_t k = 0; k < r->count && runs_on(&r->objects[i]); k++)
            if (has_new_data(&r->objects[k]) && reads_new_data(&r->objects[i], &r->objects[k]))
                strv_add_take(&holders, kube_id_text(r->objects[k].id));
        AUTO_STR names = strv_join(&holders, ", ");
        if (holders.count)
            tell(r, &r->objects[i], names);
    }
}
