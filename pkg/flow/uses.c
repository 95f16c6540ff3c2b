#include "flow/uses.h"

#include <stdlib.h>

void image_uses_release(struct image_uses *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->items[i].image);
        free(u->items[i].by);
    }
    free(u->items);
    *u = (struct image_uses){ 0 };
}

struct visit {
    struct image_uses *uses;
    const char *by;
};

/* One place more than needed costs nothing; one that is forgotten costs a pod its image. */
static struct err *visit_text(void *ctx, const char *pointer, const char *text, char **replacement)
{
    struct visit *v = ctx;
    (void)replacement;
    if (!str_ends(pointer, "/image") && !str_ends(pointer, "/imageID") && !str_ends(pointer, "/image/reference"))
        return NULL;
    v->uses->items = xrealloc(v->uses->items, v->uses->count + 1, sizeof *v->uses->items);
    v->uses->items[v->uses->count++] = (struct image_use){ xstrdup(text), xstrdup(v->by) };
    return NULL;
}

void uses_add(struct image_uses *u, json_t *object)
{
    AUTO_STR by = kube_id_text(kube_id_of(object));
    struct visit visit = { u, by };
    err_ignore(doc_each_text(object, visit_text, &visit), "the visitor has no errors");
}

static struct err *list(struct kube_client *c, const char *api_version, const char *kind, struct image_uses *out)
{
    DOC_AUTO items = NULL;
    size_t i;
    json_t *each;
    TRY(kube_list(c, api_version, kind, NULL, &items));
    DOC_EACH_ITEM (items, i, each)
        uses_add(out, each);
    return NULL;
}

struct err *uses_find(struct kube_client *c, struct image_uses *out)
{
    static const struct {
        const char *api_version;
        const char *kind;
    } rows[] = {
        { "apps/v1", "Deployment" },         { "apps/v1", "ReplicaSet" },
        { "apps/v1", "StatefulSet" },        { "apps/v1", "DaemonSet" },
        { "batch/v1", "CronJob" },           { "batch/v1", "Job" },
        { "apps/v1", "ControllerRevision" }, { "v1", "Pod" }, /* last: made by the others meanwhile */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        TRY(list(c, rows[i].api_version, rows[i].kind, out));
    return NULL;
}
