#include <string.h>

#include "flow/flow.h"
#include "manifest/settle.h"
#include "plan/broker.h"
#include "plan/job.h"

static const char STAGE[] = "render";

/* ---------------------------------------------------------------- what has to be learned */

/* Only a ${KAFKA_BROKER_ADDRESS} that nobody set needs the cluster. */
static struct err *find_broker(const struct request *request, const struct plan *plan, struct target *target,
                               char **broker)
{
    AUTO_PTR(kube_client) kube = NULL;
    TRY(target_open_proved(request, plan->workspace, target));
    TRY(target_advise(target, kube_open(&target->kube_config, request->cancel, &kube)));
    return target_advise(target, broker_take(request, STAGE, kube, broker));
}

static struct err *set_variables(const struct request *request, struct plan *plan, struct target *target)
{
    AUTO_STR broker = NULL;
    if (plan->needs_broker) {
        struct err *e = find_broker(request, plan, target, &broker);
        if (e && !err_get_next(e, 0))
            e = err_next(e, "rwml render --set " BROKER_VARIABLE "=HOST:PORT");
        TRY(e);
    }
    return plan_set_variables(plan, broker);
}

/* As deploy names them. */
static struct err *learn_images(struct job *job, struct target *target)
{
    if (!target->cluster)
        TRY(target_open(job->request, job->plan->workspace, target));
    if (target->foreign)
        return NULL;
    TRY(engine_again(target->engine, &job->engine));
    TRY(job_find_images(job));
    return job_check_nodes(job);
}

static struct err *name_images(struct job *job, struct target *target)
{
    if (job->item->service->image_count == 0)
        return NULL;
    struct err *e = learn_images(job, target);
    if (!e)
        return target->foreign ? NULL : job_name_images(job);
    if (err_get_class(e) == ERR_INTERRUPTED)
        return e;
    AUTO_STR why = err_words(e);
    err_ignore(e, "the manifest's own reference says the same less exactly");
    job_tell(job, UI_NOTE, STAGE, -1, "images keep the manifest's names, those of their content are not known: %s",
             why);
    return NULL;
}

/* ---------------------------------------------------------------- what is shown */

static size_t mask(json_t *tree)
{
    static const char *const parts[] = { "/data", "/stringData" };
    size_t masked = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        json_t *values = doc_get(tree, parts[i]), *value;
        const char *key;
        DOC_EACH_KEY (values, key, value) {
            doc_set_key(values, key, doc_string("***"));
            masked++;
        }
    }
    return masked;
}

/* Of other groups only the API server knows which kinds live in a namespace. */
static bool is_scope_known(const char *api_version)
{
    static const char *const groups[] = { "v1",
                                          "apps/",
                                          "batch/",
                                          "autoscaling/",
                                          "policy/",
                                          "networking.k8s.io/",
                                          "storage.k8s.io/",
                                          "rbac.authorization.k8s.io/",
                                          "coordination.k8s.io/",
                                          "discovery.k8s.io/" };
    if (strcmp(api_version, groups[0]) == 0)
        return true;
    for (size_t i = 1; i < COUNT_OF(groups); i++)
        if (str_starts(api_version, groups[i]))
            return true;
    return false;
}

static void show(const struct job *job, const struct manifest_object *o)
{
    DOC_AUTO row = doc_object();
    doc_set_text(row, "/service", job->item->service->name);
    doc_set(row, "/object", doc_ref(o->tree));
    AUTO_STR yaml = doc_dump_yaml(o->tree);
    AUTO_STR text = xasprintf("---\n%s", yaml);
    ui_document(job->request->ui, "object", row, text);
}

static void show_all(const struct job *job)
{
    const struct manifest_set *set = &job->item->manifests;
    size_t masked = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct manifest_object *o = &set->objects[i];
        if (is_scope_known(o->api_version))
            doc_set_text(o->tree, "/metadata/namespace", o->namespace);
        if (str_eq(o->kind, "Secret") && !job->request->show_secrets)
            masked += mask(o->tree);
        show(job, o);
    }
    if (masked)
        job_tell(job, UI_NOTE, STAGE, -1, "%zu value%s of Secrets %s masked; --show-secrets shows them", masked,
                 masked == 1 ? "" : "s", masked == 1 ? "is" : "are");
}

static struct err *render(const struct request *request, struct plan *plan, struct target *target)
{
    TRY(plan_make(request, plan));
    TRY(set_variables(request, plan, target));
    for (size_t i = 0; i < plan->count; i++) {
        struct job job = { .request = request, .plan = plan, .target = target, .item = &plan->items[i] };
        struct err *e = name_images(&job, target);
        job_release(&job);
        TRY(e);
        manifest_set_settle(&job.item->manifests, (request->settle_ms + 999) / 1000);
        show_all(&job);
    }
    return NULL;
}

struct err *flow_render(const struct request *request)
{
    struct plan plan = { 0 };
    struct target target = { 0 };
    struct err *e = err_state(render(request, &plan, &target), "nothing was changed");
    target_release(&target);
    plan_release(&plan);
    return e;
}
