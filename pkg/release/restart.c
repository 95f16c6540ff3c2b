#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "kube/apply.h"
#include "plan/tell.h"
#include "release/applied.h"
#include "release/verdict.h"

static const char STAGE[] = "restart";

static char *time_text(int64_t seconds)
{
    char text[sizeof "2006-01-02T15:04:05Z"];
    time_t at = (time_t)seconds;
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return xstrdup(text);
}

/* The annotation that `kubectl rollout restart` sets. It has a field manager of its own, so that an apply of
 * the manifests, which do not have it, leaves it alone. */
static struct err *restart(struct applied *a, const json_t *workload, const char *at)
{
    DOC_AUTO object = doc_object();
    struct kube_id id = kube_id_of(workload);
    doc_set_text(object, "/apiVersion", id.api_version);
    doc_set_text(object, "/kind", id.kind);
    doc_set_text(object, "/metadata/name", id.name);
    doc_set_text(object, "/metadata/namespace", id.namespace);
    doc_set_text(object, "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt", at);
    return kube_apply_as(a->kube, KUBE_RESTART_MANAGER, object, NULL);
}

static struct err *restart_all(struct applied *a, const struct service_set *set, const json_t *workloads)
{
    AUTO_STR at = time_text(clock_wall_s());
    AUTO(strv) done = { 0 };
    for (size_t i = 0; i < doc_count(workloads); i++) {
        const json_t *workload = doc_at(workloads, i);
        AUTO_STR name = kube_id_text(kube_id_of(workload));
        AUTO_STR before = strv_join(&done, ", ");
        TRY(err_state(restart(a, workload, at), "%s may be restarting%s%s", name, *before ? ", as are " : "", before));
        strv_add(&done, name);
        object_tell(a->request, UI_STEP, &(struct tell_object){ set->service, STAGE, name, "restarted" }, NULL,
                    "%s is told to start its pods anew", name);
    }
    return NULL;
}

static void tell_workloads(const struct applied *a, const struct service_set *set, const json_t *workloads)
{
    size_t i;
    json_t *each;
    DOC_EACH_ITEM (workloads, i, each) {
        AUTO_STR name = kube_id_text(kube_id_of(each));
        object_tell(a->request, UI_RESULT, &(struct tell_object){ set->service, STAGE, name, "restarted" }, NULL,
                    "%s would start its pods anew", name);
    }
}

struct err *applied_restart(struct applied *a, const struct service_set *set)
{
    DOC_AUTO workloads = NULL;
    TRY(applied_workloads(a, set, &workloads));
    if (a->request->dry_run) {
        tell_workloads(a, set, workloads);
        return NULL;
    }
    TRY(restart_all(a, set, workloads));
    size_t count = doc_count(workloads);
    struct rollout_target *targets = xcalloc(count, sizeof *targets);
    for (size_t i = 0; i < count; i++)
        targets[i] = (struct rollout_target){ .id = kube_id_of(doc_at(workloads, i)) };
    struct err *e = verdict_follow(&(struct verdict_ask){ a->request, set->service, STAGE, NULL, NULL }, a->kube,
                                   targets, count, NULL);
    free(targets);
    TRY(err_state_add(e, "the restart goes on in the cluster"));
    service_tell(a->request, UI_RESULT, set->service, STAGE, "restarted, ready and settled");
    return NULL;
}
