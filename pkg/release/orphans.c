#include "release/orphans.h"

#include "plan/tell.h"
#include "release/service_set.h"

static bool deploys(const struct workspace *w, const char *service)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (str_eq(w->services[i].name, service))
            return !w->services[i].build_only;
    return false;
}

void orphans_in(const json_t *parents, const struct workspace *workspace, struct strv *out)
{
    size_t i;
    json_t *parent;
    DOC_EACH_ITEM (parents, i, parent) {
        AUTO(service_set) set = { 0 };
        if (service_set_read(parent, &set) && !deploys(workspace, set.service) && !strv_has(out, set.service))
            strv_add(out, set.service);
    }
}

static struct err *find(const struct request *request, const struct target *target, const struct workspace *workspace,
                        struct strv *out)
{
    AUTO_PTR(kube_client) kube = NULL;
    AUTO_STR label = NULL;
    DOC_AUTO parents = NULL;
    TRY(service_set_workspace(workspace->root, &label));
    TRY(kube_open(&target->kube_config, request->cancel, &kube));
    TRY(service_set_list(kube, label, &parents));
    orphans_in(parents, workspace, out);
    return NULL;
}

void orphans_tell(const struct request *request, const char *stage, const struct target *target,
                  const struct workspace *workspace)
{
    AUTO(strv) names = { 0 };
    struct err *e = find(request, target, workspace, &names);
    AUTO_STR words = e ? err_words(e) : NULL;
    err_ignore(e, "what was asked for is done");
    if (words)
        request_tell(request, UI_DETAIL, stage, "whether services that are gone still run is not known: %s", words);
    for (size_t i = 0; i < names.count; i++)
        service_tell(request, UI_NOTE, names.items[i], stage,
                     "is no service of this workspace any more, and what it was deployed as is still in the cluster; "
                     "rwml delete %s removes it",
                     names.items[i]);
}
