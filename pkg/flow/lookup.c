#include "flow/lookup.h"

#include "plan/tell.h"

static void warn(const struct lookup *l, const char *what, struct err *e)
{
    AUTO_STR words = err_words(e);
    request_tell(l->request, UI_WARNING, NULL, "%s: %s", what, words);
    err_ignore(e, "what is not known is shown as such");
}

static struct err *open_cluster(struct lookup *l)
{
    TRY(target_open(l->request, l->plan->workspace, &l->target));
    return kube_open(&l->target.kube_config, l->request->cancel, &l->kube);
}

struct kube_client *lookup_kube(struct lookup *l)
{
    if (l->tried)
        return l->kube;
    l->tried = true;
    struct err *e = open_cluster(l);
    if (e)
        warn(l, "the cluster could not be asked", e);
    return l->kube;
}

/* Fills found by what the cluster has under that key. */
static bool ask(struct lookup *l, struct kube_id id, const char *key)
{
    struct kube_client *kube = lookup_kube(l);
    json_t *object = NULL;
    struct err *e = kube ? kube_get(kube, id, &object) : NULL;
    if (e)
        warn(l, key, e);
    else if (kube)
        doc_set_key(l->found, key, object ? object : doc_null());
    return kube && doc_key(l->found, key);
}

bool lookup_find(void *ctx, const char *kind, const char *namespace, const char *name, const json_t **out)
{
    struct lookup *l = ctx;
    const struct kube_id id = { "v1", kind, namespace, name };
    AUTO_STR key = kube_id_text(id);
    if (!l->found)
        l->found = doc_object();
    if (!doc_key(l->found, key) && !ask(l, id, key))
        return false;
    *out = doc_is_null(doc_key(l->found, key)) ? NULL : doc_key(l->found, key);
    return true;
}

void lookup_release(struct lookup *l)
{
    kube_client_free(l->kube);
    target_release(&l->target);
    doc_unref(l->found);
}
