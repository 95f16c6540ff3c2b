#include "rollout/claim.h"

#include <string.h>

#define CLASS_ERROR_S 10 /* a storage class of the same apply may arrive a moment later */

static bool is_used_by(const json_t *pod, const char *claim)
{
    size_t i;
    json_t *volume;
    DOC_EACH_ITEM (doc_get(pod, "/spec/volumes"), i, volume) {
        if (str_eq(doc_text(volume, "/persistentVolumeClaim/claimName"), claim))
            return true;
    }
    return false;
}

static bool is_used(const struct rollout *r)
{
    size_t i;
    json_t *pod;
    DOC_EACH_ITEM (r->snapshot->pods, i, pod) {
        if (!pod_is_ending(pod) && is_used_by(pod, doc_text(r->snapshot->workload, "/metadata/name")))
            return true;
    }
    return false;
}

/* What keeps it from being bound; NULL: nobody has said anything yet. */
static const char *trouble(const struct rollout *r)
{
    static const char *const reasons[] = { "ProvisioningFailed", "FailedBinding" };
    const char *message = NULL;
    for (size_t i = 0; i < COUNT_OF(reasons) && !message; i++)
        message = doc_text(event_newest(r->snapshot, r->uid, reasons[i], NULL), "/message");
    return message;
}

static void judge_pending(const struct rollout *r, struct rollout_verdict *out)
{
    const json_t *w = r->snapshot->workload;
    const char *cause = trouble(r);
    bool lacks_class = cause && strstr(cause, "storageclass") && strstr(cause, "not found");
    bool is_old = seconds_since(w, "/metadata/creationTimestamp", r->snapshot->now_s) >= CLASS_ERROR_S;
    str_set(&out->events_uid, r->uid);
    if (!cause && !is_used(r) && event_newest(r->snapshot, r->uid, "WaitForFirstConsumer", NULL)) {
        verdict_ready(r, out, xstrdup("gets its volume when a pod uses it"));
    } else if (lacks_class && is_old) {
        verdict_fail(out, RW6104_CONFIGURATION_MISSING, xstrdup("its storage class does not exist"), cause);
    } else {
        verdict_wait_for(r, out, xstrdup(r->snapshot->deadline_passed ? "it got no volume" : "it has no volume yet"));
        str_set(&out->cause, cause);
    }
}

void claim_judge(const struct rollout *r, struct rollout_verdict *out)
{
    const char *phase = doc_text(r->snapshot->workload, "/status/phase");
    if (str_eq(phase, "Bound"))
        verdict_ready(r, out, xstrdup("bound to its volume"));
    else if (str_eq(phase, "Lost"))
        verdict_fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("its volume does not exist any more"), NULL);
    else
        judge_pending(r, out);
}
