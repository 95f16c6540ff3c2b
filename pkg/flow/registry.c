#include "flow/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "doc/doc.h"
#include "node/publish.h"
#include "oci/reference.h"
#include "plan/tell.h"

static const char STAGE[] = "push";
static const char CONFIG_MAP[] = "local-registry-hosting";
static const char NAMESPACE[] = "kube-public";

enum { PUBLISH_MS = 30 * 60 * 1000 }; /* gigabytes that the engine has to compress first */

struct err *registry_parse(const json_t *config_map, char **host)
{
    AUTO(doc) hosting = { 0 };
    const char *text = doc_text(config_map, "/data/localRegistryHosting.v1");
    const char *found = NULL;
    if (!text)
        return err_new(RW1004_CONFIG_TYPE, "ConfigMap %s/%s has no localRegistryHosting.v1", NAMESPACE, CONFIG_MAP);
    TRY(doc_parse_yaml_one(text, strlen(text), CONFIG_MAP, &hosting));
    TRY(doc_need_text(&hosting, "/host", &found));
    *host = xstrdup(found);
    return NULL;
}

static bool any_names_registry(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < plan->items[i].service->image_count; j++) {
            AUTO_STR registry = oci_registry(plan->items[i].service->images[j].reference);
            if (registry)
                return true;
        }
    return false;
}

static struct err *ask(const struct request *request, const struct workspace *workspace, struct kube_client *kube,
                       struct target *target)
{
    static const struct kube_id id = { "v1", "ConfigMap", NAMESPACE, CONFIG_MAP };
    AUTO_PTR(kube_client) own = NULL;
    DOC_AUTO map = NULL;
    if (!kube) {
        TRY(target_prove(request, workspace, target));
        TRY(kube_open(&target->kube_config, request->cancel, &own));
    }
    TRY(kube_get(kube ? kube : own, id, &map));
    return map ? registry_parse(map, &target->registry) : NULL;
}

struct err *registry_find(const struct request *request, const struct plan *plan, struct kube_client *kube,
                          struct target *target)
{
    if (!(request->verbs & VERB_PUSH) || !any_names_registry(plan))
        return NULL;
    target->asked_for_registry = true;
    struct err *e = ask(request, plan->workspace, kube, target);
    if (!e || err_get_code(e) == RW9009_INTERRUPTED)
        return err_state(e, "nothing was built, pushed or applied");
    AUTO_STR words = err_words(e);
    request_tell(request, UI_WARNING, STAGE,
                 "images go straight into the nodes; whether the cluster names a registry is not known: %s", words);
    err_ignore(e, "an image gets to the nodes without a registry, too");
    return NULL;
}

/* Said only where somebody may have expected otherwise. */
static void tell_why_not(const struct job *job, const char *reference, const char *own)
{
    const char *named = job->target->registry;
    if (!job->target->asked_for_registry)
        return;
    if (!own)
        job_tell(job, UI_DETAIL, STAGE, -1, "%s names no registry: straight into the nodes", reference);
    else if (named)
        job_tell(job, UI_DETAIL, STAGE, -1, "the cluster names registry %s, not %s: straight into the nodes", named,
                 own);
    else
        job_tell(job, UI_DETAIL, STAGE, -1, "the cluster names no registry: straight into the nodes");
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
    const struct job *job = ctx;
    AUTO_STR sent = num_bytes(done);
    AUTO_STR all = num_bytes(total);
    job_tell(job, UI_PROGRESS, STAGE, -1, "%s: %s of %s", job->target->registry, sent, all);
}

static void tell_done(const struct job *job, enum publish_outcome outcome, size_t layers, int64_t elapsed_ms)
{
    const char *registry = job->target->registry;
    if (outcome == PUBLISH_HAD_IT)
        job_tell(job, UI_DETAIL, STAGE, -1, "registry %s: has it already", registry);
    else
        job_tell(job, UI_STEP, STAGE, elapsed_ms, "registry %s: %zu layer%s", registry, layers, layers == 1 ? "" : "s");
}

struct err *registry_push(struct job *job, const struct node_image *image, enum registry_way *out)
{
    AUTO_STR own = oci_registry(image->ref);
    const struct publish publish = { .image = image,
                                     .wait = { clock_after(PUBLISH_MS), job->request->cancel },
                                     .on_progress = on_progress,
                                     .ctx = job };
    enum publish_outcome outcome = PUBLISH_HAD_IT;
    size_t layers = 0;
    int64_t start = clock_ms();
    *out = REGISTRY_NONE;
    if (!own || !str_eq(own, job->target->registry)) {
        tell_why_not(job, image->ref, own);
        return NULL;
    }
    struct err *e = publish_image(job->engine, &publish, &outcome, &layers);
    if (e && err_get_code(e) == RW9009_INTERRUPTED)
        return err_state(e, "registry %s may have some layers of it; the nodes have what they had", own);
    *out = e ? REGISTRY_FAILED : outcome == PUBLISH_HAD_IT ? REGISTRY_HAD_IT : REGISTRY_GOT_IT;
    if (!e) {
        tell_done(job, outcome, layers, clock_ms() - start);
        return NULL;
    }
    AUTO_STR words = err_words(e);
    job_tell(job, UI_WARNING, STAGE, -1, "registry %s did not get it, so it goes straight into the nodes: %s", own,
             words);
    err_ignore(e, "the nodes get it all the same");
    return NULL;
}
