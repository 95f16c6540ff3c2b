#include "rollout/crash.h"

#include "base/clock.h"
#include "rollout/finding.h"
#include "rollout/revision.h"

struct search {
    const struct rollout_snapshot *snapshot;
    int64_t since_s;
    struct rollout_crash *out;
};

static bool ended_since(const json_t *terminated, int64_t since_s)
{
    int64_t ended_s;
    const char *ended = doc_text(terminated, "/finishedAt");
    return ended && clock_parse_rfc3339(ended, &ended_s) && ended_s >= since_s;
}

/* Jobs, and pods that are not started again, may end well. */
static bool runs_for_ever(const struct rollout_snapshot *s)
{
    const char *kind = doc_text(s->workload, "/kind");
    const char *policy = doc_text(s->workload, "/spec/restartPolicy");
    return !str_eq(kind, "Job") && !(str_eq(kind, "Pod") && policy && !str_eq(policy, "Always"));
}

static bool is_final(const struct rollout_snapshot *s)
{
    if (str_eq(doc_text(s->workload, "/kind"), "Job"))
        return doc_i64(s->workload, "/spec/backoffLimit", 1) == 0;
    return str_eq(doc_text(s->workload, "/spec/restartPolicy"), "Never");
}

static bool take(const struct search *f, const json_t *pod, const json_t *status, bool init, bool previous)
{
    const json_t *terminated = doc_get(status, previous ? "/lastState/terminated" : "/state/terminated");
    int64_t code = doc_i64(terminated, "/exitCode", 0);
    bool fails = code != 0 || (!init && runs_for_ever(f->snapshot));
    if (!terminated || !fails || container_was_lost(terminated) || !ended_since(terminated, f->since_s))
        return false;
    *f->out = (struct rollout_crash){ .pod = doc_text(pod, "/metadata/name"),
                                      .container = doc_text(status, "/name"),
                                      .exit_code = (int)code,
                                      .out_of_memory = str_eq(doc_text(terminated, "/reason"), "OOMKilled"),
                                      .is_final = is_final(f->snapshot),
                                      .previous = previous };
    return f->out->pod && f->out->container;
}

static bool find_in_pod(const struct search *f, const json_t *pod)
{
    static const char *const lists[] = { "/status/initContainerStatuses", "/status/containerStatuses" };
    for (size_t l = 0; l < COUNT_OF(lists); l++) {
        size_t i;
        json_t *status;
        DOC_EACH_ITEM (doc_get(pod, lists[l]), i, status)
            if (take(f, pod, status, l == 0, false) || take(f, pod, status, l == 0, true))
                return true;
    }
    return false;
}

bool crash_find(const struct rollout_snapshot *s, int64_t since_s, struct rollout_crash *out)
{
    const struct search f = { s, since_s, out };
    const json_t *revision = revision_newest(s);
    size_t i;
    json_t *pod;
    if (!revision_is_observed(s) || !revision_has_arrived(s))
        return false;
    DOC_EACH_ITEM (s->pods, i, pod)
        if (revision_owns_pod(s, pod) && revision_is_of(s, revision, pod) && !pod_is_ending(pod) &&
            find_in_pod(&f, pod))
            return true;
    return false;
}
