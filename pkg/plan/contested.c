#include "plan/contested.h"

#include <stdlib.h>
#include <string.h>

#include "kube/applyset.h"
#include "kube/differences.h"

struct claim {
    char *object; /* what it is called, wherever it is written */
    size_t order; /* among the plan's objects */
    const struct plan_item *item;
    const struct manifest_object *manifest;
};

static char *name_of(const struct manifest_object *o)
{
    AUTO_STR kind = applyset_kind(o->api_version, o->kind);
    return xasprintf("%s %s/%s", kind, o->namespace ? o->namespace : "", o->name);
}

static int compare_claims(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int order = strcmp(x->object, y->object);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static size_t count_objects(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++)
        count += plan->items[i].manifests.count;
    return count;
}

/* All objects of the plan, those of one name side by side; owned, as are their names. */
static struct claim *collect(const struct plan *plan, size_t *count)
{
    struct claim *claims = xcalloc(count_objects(plan) + 1, sizeof *claims);
    *count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        for (size_t j = 0; j < item->manifests.count; j++, (*count)++)
            claims[*count] =
                (struct claim){ name_of(&item->manifests.objects[j]), *count, item, &item->manifests.objects[j] };
    }
    qsort(claims, *count, sizeof *claims, compare_claims);
    return claims;
}

static void add_line(const struct claim *a, const struct claim *b, struct strv *lines)
{
    AUTO_STR here = manifest_where(a->manifest, "");
    AUTO_STR there = manifest_where(b->manifest, "");
    AUTO_STR lacks = kube_first_difference(a->manifest->tree, b->manifest->tree);
    AUTO_STR field = lacks ? STEAL(&lacks) : kube_first_difference(b->manifest->tree, a->manifest->tree);
    AUTO_STR line = xasprintf("%s is not the same in %s (%s) and in %s (%s): %s; whichever is deployed last wins",
                              a->manifest->label, a->item->service->name, here, b->item->service->name, there,
                              field ? field : "the order of its lists");
    strv_add(lines, line);
}

void contested_find(const struct plan *plan, struct strv *lines)
{
    size_t count;
    if (plan->count < 2)
        return;
    struct claim *claims = collect(plan, &count);
    for (size_t i = 1; i < count; i++) {
        const struct claim *a = &claims[i - 1], *b = &claims[i];
        if (strcmp(a->object, b->object) == 0 && a->item != b->item && !doc_equal(a->manifest->tree, b->manifest->tree))
            add_line(a, b, lines);
    }
    for (size_t i = 0; i < count; i++)
        free(claims[i].object);
    free(claims);
}
