#include "plan/roots.h"

#include <stdlib.h>

void roots_release(struct roots *r)
{
    free(r->items);
    free(r->trees);
    *r = (struct roots){ 0 };
}

static void add_item(const struct plan_item *item, struct roots *out)
{
    for (size_t i = 0; i < item->manifests.count; i++) {
        const struct manifest_object *o = &item->manifests.objects[i];
        struct kube_id id = { o->api_version, o->kind, o->namespace, o->name };
        if (!pod_root_is_one(id))
            continue;
        out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
        out->trees = xrealloc(out->trees, out->count + 1, sizeof *out->trees);
        out->trees[out->count] = o->tree;
        out->items[out->count++] = (struct pod_root){ id, item->service->name };
    }
}

void roots_add(const struct plan *plan, struct roots *out)
{
    for (size_t i = 0; i < plan->count; i++)
        add_item(&plan->items[i], out);
}
