#include "pods/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"

/* From the least to the most telling. */
enum rank { RANK_NONE, RANK_STARTING, RANK_BEFORE, RANK_NOT_READY, RANK_ENDED, RANK_WAITING, RANK_POD };

void pod_summary_release(struct pod_summary *s)
{
    free(s->trouble);
    *s = (struct pod_summary){ 0 };
}

void pod_summary_add_workload(struct pod_summary *s, const json_t *workload)
{
    const char *kind = doc_text(workload, "/kind");
    if (doc_bool(workload, "/spec/suspend", false) || str_eq(kind, "CronJob"))
        return;
    if (str_eq(kind, "DaemonSet") && !doc_get(workload, "/status"))
        s->unknown = true;
    else if (str_eq(kind, "DaemonSet"))
        s->wanted += doc_i64(workload, "/status/desiredNumberScheduled", 0);
    else if (str_eq(kind, "Job"))
        s->wanted += doc_i64(workload, "/spec/completions", 1);
    else
        s->wanted += doc_i64(workload, "/spec/replicas", 1);
}

static void add_trouble(struct pod_summary *s, enum rank rank, const char *word)
{
    if (!word || (int)rank <= s->rank)
        return;
    s->rank = (int)rank;
    str_set(&s->trouble, word);
}

static bool is_starting(const char *reason)
{
    return str_eq(reason, "ContainerCreating") || str_eq(reason, "PodInitializing");
}

static void add_end(struct pod_summary *s, enum rank rank, const json_t *end)
{
    const char *reason = doc_text(end, "/reason");
    int64_t code = doc_i64(end, "/exitCode", 0);
    AUTO_STR word = str_eq(reason, "Error") || !reason ? xasprintf("exit %" PRId64, code) : xstrdup(reason);
    if (end && code != 0)
        add_trouble(s, rank, word);
}

static void add_container(struct pod_summary *s, const json_t *status)
{
    const char *waits = doc_text(status, "/state/waiting/reason");
    s->restarts += doc_i64(status, "/restartCount", 0);
    add_trouble(s, is_starting(waits) ? RANK_STARTING : RANK_WAITING, waits);
    add_end(s, RANK_ENDED, doc_get(status, "/state/terminated"));
    add_end(s, RANK_BEFORE, doc_get(status, "/lastState/terminated"));
}

static const json_t *condition(const json_t *pod, const char *type)
{
    return doc_find(doc_get(pod, "/status/conditions"), "/type", type);
}

static bool is_ready(const json_t *pod)
{
    return str_eq(doc_text(condition(pod, "Ready"), "/status"), "True") ||
           str_eq(doc_text(pod, "/status/phase"), "Succeeded");
}

void pod_summary_add_pod(struct pod_summary *s, const json_t *pod)
{
    static const char *const lists[] = { "/status/initContainerStatuses", "/status/containerStatuses" };
    const char *made = doc_text(pod, "/metadata/creationTimestamp");
    int64_t made_s;
    s->pods++;
    if (made && clock_parse_rfc3339(made, &made_s) && made_s > s->newest_s)
        s->newest_s = made_s;
    for (size_t l = 0; l < COUNT_OF(lists); l++) {
        size_t i;
        const json_t *status;
        DOC_EACH_ITEM (doc_get(pod, lists[l]), i, status)
            add_container(s, status);
    }
    if (doc_text(pod, "/metadata/deletionTimestamp")) {
        add_trouble(s, RANK_STARTING, "Terminating");
        return;
    }
    if (is_ready(pod)) {
        s->ready++;
        return;
    }
    add_trouble(s, RANK_NOT_READY, "not ready");
    add_trouble(s, RANK_POD, doc_text(pod, "/status/reason")); /* Evicted */
    const json_t *scheduled = condition(pod, "PodScheduled");
    if (str_eq(doc_text(scheduled, "/status"), "False"))
        add_trouble(s, RANK_POD, doc_text(scheduled, "/reason"));
}
