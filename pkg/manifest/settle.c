#include "manifest/settle.h"

#include <string.h>

#include "manifest/pods.h"

static bool has_readiness_probe(const struct manifest_object *o)
{
    AUTO(strv) containers = { 0 };
    bool found = false;
    pod_containers(o, &containers);
    for (size_t i = 0; i < containers.count; i++)
        found = found || !doc_is_null(doc_get(doc_get(o->tree, containers.items[i]), "/readinessProbe"));
    return found;
}

size_t manifest_set_settle(struct manifest_set *set, int64_t seconds)
{
    size_t changed = 0;
    for (size_t i = 0; seconds > 0 && i < set->count; i++) {
        struct manifest_object *o = &set->objects[i];
        bool wanted = strcmp(o->kind, "Deployment") == 0 && doc_is_object(doc_get(o->tree, "/spec")) &&
                      doc_is_null(doc_get(o->tree, "/spec/minReadySeconds")) && !has_readiness_probe(o);
        if (!wanted)
            continue;
        doc_set(o->tree, "/spec/minReadySeconds", doc_integer(seconds));
        changed++;
    }
    return changed;
}
