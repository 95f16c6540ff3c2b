#include <stdlib.h>

#include "base/clock.h"
#include "rollout/asks.h"
#include "rollout/finding.h"

void finding_release(struct finding *f)
{
    free(f->reason);
    free(f->cause);
    free(f->container);
    *f = (struct finding){ 0 };
}

bool finding_keep_worse(struct finding *worst, struct finding *other)
{
    bool is_worse = other->rank > worst->rank;
    if (is_worse) {
        struct finding better = *worst;
        *worst = *other;
        *other = better;
    }
    finding_release(other);
    return is_worse;
}

const json_t *condition_of(const json_t *object, const char *type)
{
    size_t i;
    json_t *condition;
    DOC_EACH_ITEM (doc_get(object, "/status/conditions"), i, condition) {
        if (str_eq(doc_text(condition, "/type"), type))
            return condition;
    }
    return NULL;
}

bool condition_is(const json_t *object, const char *type, const char *status)
{
    return str_eq(doc_text(condition_of(object, type), "/status"), status);
}

bool pod_is_ready(const json_t *pod)
{
    return condition_is(pod, "Ready", "True");
}

bool pod_is_ending(const json_t *pod)
{
    return doc_text(pod, "/metadata/deletionTimestamp") != NULL;
}

/* A program's own failure makes the phase Failed, too, but gives the pod no reason. */
bool pod_is_put_out(const json_t *pod)
{
    const char *reason = doc_text(pod, "/status/reason");
    return str_eq(doc_text(pod, "/status/phase"), "Failed") && reason && *reason;
}

/* -1: no time. */
static int64_t time_s(const char *text)
{
    int64_t then_s;
    return text && clock_parse_rfc3339(text, &then_s) ? then_s : -1;
}

int64_t seconds_since(const json_t *object, const char *pointer, int64_t now_s)
{
    int64_t then_s = time_s(doc_text(object, pointer));
    if (then_s < 0)
        return -1;
    return now_s > then_s ? now_s - then_s : 0;
}

bool pod_changed_since(const json_t *pod, const char *time)
{
    int64_t created_s = time_s(doc_text(pod, "/metadata/creationTimestamp"));
    size_t i;
    json_t *entry;
    DOC_EACH_ITEM (doc_get(pod, "/metadata/managedFields"), i, entry) {
        int64_t written_s = time_s(doc_text(entry, "/time"));
        bool of_spec = doc_get(entry, "/fieldsV1/f:spec") && !doc_text(entry, "/subresource");
        if (of_spec && written_s > created_s && written_s >= time_s(time))
            return true;
    }
    return false;
}

/* A sidecar is an init container that never ends (restartPolicy Always, Kubernetes 1.29). */
static bool is_sidecar(const json_t *pod, const char *name)
{
    const json_t *spec = doc_find(doc_get(pod, "/spec/initContainers"), "/name", name);
    return str_eq(doc_text(spec, "/restartPolicy"), "Always");
}

static void judge_containers(const struct judge *j, const json_t *pod, bool init, struct finding *out)
{
    size_t i;
    json_t *status;
    DOC_EACH_ITEM (doc_get(pod, init ? "/status/initContainerStatuses" : "/status/containerStatuses"), i, status) {
        const char *name = doc_text(status, "/name");
        struct subject s = { j, pod, status, name ? name : "?", init && !is_sidecar(pod, name) };
        struct finding one;
        container_judge(&s, &one);
        finding_keep_worse(out, &one);
        if (s.init && out->rank != RANK_FINE)
            return; /* the ones behind it have not started */
    }
}

static void pending(struct finding *out, enum rank rank, enum err_code code, char *reason_steal, const char *cause)
{
    *out = (struct finding){
        .rank = rank, .code = code, .reason = reason_steal, .cause = xstrdup(cause), .exit_code = -1
    };
}

static bool is_unschedulable(const json_t *pod)
{
    return str_eq(doc_text(condition_of(pod, "PodScheduled"), "/reason"), "Unschedulable");
}

static void judge_unschedulable(const json_t *pod, struct finding *out)
{
    const char *words = doc_text(condition_of(pod, "PodScheduled"), "/message");
    AUTO_STR asked = asks_resources(pod, words);
    AUTO_STR cause = asked ? xasprintf("its pod requests %s: %s", asked, words) : xstrdup(words);
    pending(out, RANK_UNSCHEDULABLE, RW6202_UNSCHEDULABLE, xstrdup("no node can take its pod"), cause);
}

/* What has no container states to look at: not scheduled, not yet seen by its node. */
static bool judge_phase(const json_t *pod, struct finding *out)
{
    if (is_unschedulable(pod))
        judge_unschedulable(pod, out);
    else if (doc_count(doc_get(pod, "/status/containerStatuses")) == 0)
        pending(out, RANK_PENDING, RW6201_ROLLOUT_TIMEOUT, xstrdup("its pod is being created"), NULL);
    else
        return false;
    return true;
}

void pod_judge(const struct judge *j, const json_t *pod, struct finding *out)
{
    if (judge_phase(pod, out))
        return;
    *out = (struct finding){ .exit_code = -1 };
    judge_containers(j, pod, true, out);
    if (out->rank != RANK_FINE)
        return;
    judge_containers(j, pod, false, out);
    bool ended = str_eq(doc_text(pod, "/status/phase"), "Succeeded");
    if (out->rank == RANK_FINE && !ended && j->runs_for_ever && !pod_is_ready(pod))
        pending(out, RANK_NOT_READY, RW6203_NOT_READY, xstrdup("its pod is not ready"),
                doc_text(condition_of(pod, "Ready"), "/message"));
}
