#include "rollout/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "rollout/claim.h"
#include "rollout/revision.h"
#include "rollout/stuck.h"
#include "rollout/tally.h"

#define REFUSED_S 3      /* a quota may become free when an old pod ends */
#define NO_PODS_ASK_S 3  /* then events are asked why there are no pods */
#define EVENT_FRESH_S 30 /* an older event may be of an earlier rollout */

void rollout_verdict_release(struct rollout_verdict *v)
{
    free(v->reason);
    free(v->cause);
    free(v->pod);
    free(v->pod_uid);
    free(v->container);
    free(v->events_uid);
    free(v->stuck);
    *v = (struct rollout_verdict){ 0 };
}

/* So many pods of a StatefulSet stay as they are. */
static int64_t partition(const struct rollout *r)
{
    return doc_i64(r->snapshot->workload, "/spec/updateStrategy/rollingUpdate/partition", 0);
}

static bool replaces_by_hand(const struct rollout *r)
{
    return rollout_is_kind(r, "ReplicaSet") ||
           str_eq(doc_text(r->snapshot->workload, "/spec/updateStrategy/type"), "OnDelete");
}

static bool keeps_old_pods(const struct rollout *r)
{
    return replaces_by_hand(r) || partition(r) > 0;
}

/* --- pods that the controller can't create ------------------------------------------------- */

/* The controller's last word: an event of an earlier try, or rollout, is not. */
static const json_t *newest_refusal(const struct rollout *r)
{
    int64_t now_s = r->snapshot->now_s;
    const json_t *refused = event_newest(r->snapshot, r->uid, "FailedCreate", NULL);
    const json_t *created = event_newest(r->snapshot, r->uid, "SuccessfulCreate", NULL);
    int64_t age_s = event_age_s(refused, now_s);
    bool fresh = age_s >= 0 && age_s <= EVENT_FRESH_S;
    return fresh && !event_is_refuted(refused, created, now_s) ? refused : NULL;
}

static bool has_ending_pods(const struct rollout *r)
{
    size_t i;
    json_t *pod;
    DOC_EACH_ITEM (r->snapshot->pods, i, pod) {
        if (revision_owns_pod(r->snapshot, pod) && pod_is_ending(pod))
            return true;
    }
    return false;
}

/* Why there are fewer pods than wanted: a ReplicaSet tells in a condition, the others in events. */
static const char *creation_refused(const struct rollout *r, struct rollout_verdict *out)
{
    const json_t *condition = condition_of(r->revision, "ReplicaFailure");
    if (str_eq(doc_text(condition, "/status"), "True"))
        return seconds_since(condition, "/lastTransitionTime", r->snapshot->now_s) >= REFUSED_S
                   ? doc_text(condition, "/message")
                   : NULL;
    if (rollout_is_kind(r, "Deployment") || rollout_is_kind(r, "Pod"))
        return NULL;
    const json_t *since = r->revision ? r->revision : r->snapshot->workload;
    if (seconds_since(since, "/metadata/creationTimestamp", r->snapshot->now_s) < NO_PODS_ASK_S)
        return NULL;
    str_set(&out->events_uid, r->uid);
    return doc_text(newest_refusal(r), "/message");
}

/* --- the kinds -------------------------------------------------------------------------------- */

/* Pods that may serve for what is wanted: old ones, too, where they stay until somebody deletes them. */
static int pods_there(const struct rollout *r, const struct tally *t)
{
    return t->pods + (replaces_by_hand(r) ? t->old_pods : 0);
}

static char *too_few_words(const struct rollout *r, const struct tally *t, const struct rollout_verdict *out)
{
    const char *what = replaces_by_hand(r) ? "pods" : "updated pods";
    if (t->put_out > 0)
        return xasprintf("%d of %d %s exist; a pod was put out (%s)", pods_there(r, t), out->wanted, what,
                         doc_text(t->out_pod, "/status/reason"));
    return xasprintf("%d of %d %s exist", pods_there(r, t), out->wanted, what);
}

/* Whether a pod of an older revision is beyond help. Not what it lacks, which may have come with this very change; nor
 * a crash after a long life, since the first restart follows at once: one that backs off has tried it. */
static bool is_hopeless(const struct rollout *r, const json_t *pod, const struct finding *f)
{
    static const char *const lists[] = { "/status/initContainerStatuses", "/status/containerStatuses" };
    bool backs_off = f->exit_code < 0;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const json_t *status = doc_find(doc_get(pod, lists[i]), "/name", f->container);
        backs_off = backs_off || str_eq(doc_text(status, "/state/waiting/reason"), "CrashLoopBackOff");
    }
    bool may_pass = f->code == RW6104_CONFIGURATION_MISSING && !r->snapshot->deadline_passed;
    return f->rank == RANK_FATAL && backs_off && !may_pass;
}

/* The controller waits for pods of an older revision before it makes the missing ones. */
static bool stuck_decides(const struct rollout *r, const struct tally *t, struct rollout_verdict *out)
{
    AUTO(strv) names = { 0 };
    AUTO(finding) worst;
    DOC_AUTO stuck = stuck_pods(r->snapshot->workload, r->snapshot->pods);
    const json_t *worst_pod = tally_worst_of(r, stuck, &worst);
    if (!worst_pod)
        return false;
    for (size_t i = 0; i < doc_count(stuck); i++)
        strv_add(&names, doc_text(doc_at(stuck, i), "/metadata/name"));
    out->stuck = strv_join(&names, " ");
    tally_name_pod(worst_pod, &worst, out);
    AUTO_STR cause = xasprintf("%s%s%s", worst.reason, worst.cause ? "; " : "", worst.cause ? worst.cause : "");
    char *words = xasprintf("%d of %d updated: the controller waits for old pod %s", t->pods, out->wanted, out->pod);
    if (is_hopeless(r, worst_pod, &worst))
        verdict_fail(out, worst.code, words, NULL);
    else
        verdict_wait_for(r, out, words);
    str_set(&out->cause, cause);
    return true;
}

/* Fewer pods than wanted. Where some exist that tell more, they decide. */
static bool too_few_decide(const struct rollout *r, const struct tally *t, struct rollout_verdict *out)
{
    if (pods_there(r, t) >= r->wanted)
        return false;
    const char *refused = creation_refused(r, out);
    if (!refused && t->worst.rank > RANK_SETTLING)
        return false;
    if (!refused && stuck_decides(r, t, out))
        return true;
    if (refused && !has_ending_pods(r))
        verdict_fail(out, RW6105_CREATION_REFUSED, xstrdup("its pods cannot be created"), refused);
    else if (refused)
        verdict_wait_for(r, out, xstrdup("its pods cannot be created until old ones have ended"));
    else
        verdict_wait_for(r, out, too_few_words(r, t, out));
    if (!refused)
        str_set(&out->cause, doc_text(t->out_pod, "/status/message"));
    return true;
}

static bool is_current(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (rollout_is_kind(r, "Deployment"))
        return revision_has_arrived(r->snapshot);
    if (rollout_is_kind(r, "DaemonSet") && !replaces_by_hand(r))
        return r->revision && doc_i64(w, "/status/updatedNumberScheduled", 0) >= r->wanted;
    return true;
}

/* minReadySeconds is the server's way to settle: it counts such pods as available. */
static bool is_available(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (!r->judge.server_settles)
        return true;
    if (rollout_is_kind(r, "Deployment"))
        return doc_i64(r->revision, "/status/availableReplicas", 0) >= r->wanted;
    return doc_i64(w, rollout_is_kind(r, "DaemonSet") ? "/status/numberAvailable" : "/status/availableReplicas", 0) >=
           r->wanted;
}

/* Old pods that are not being deleted: the controller lets them go once the new ones count. */
static bool old_pods_decide(const struct rollout *r, const struct tally *t, struct rollout_verdict *out)
{
    if (t->old_pods == 0 || keeps_old_pods(r))
        return false;
    verdict_wait_for(r, out,
                     xasprintf("%d of %d ready; %d old pod%s to go", out->ready, out->wanted, t->old_pods,
                               t->old_pods == 1 ? " has" : "s have"));
    return true;
}

/* READY need not mean that the new version runs: the words tell where it does not, or not yet. */
static char *ready_words(const struct rollout *r, const struct tally *t, const struct rollout_verdict *out)
{
    const char *old = "stay as they are (partition)";
    if (rollout_is_kind(r, "ReplicaSet"))
        old = "take the new version when they are deleted (a ReplicaSet replaces none)";
    else if (replaces_by_hand(r))
        old = "take the new version when they are deleted (OnDelete)";
    if (t->old_pods > 0 && keeps_old_pods(r))
        return t->pods == 0 ? xasprintf("its pods %s", old)
                            : xasprintf("%d of %d ready; the others %s", out->ready, out->wanted, old);
    if (r->wanted == 0)
        return xstrdup(rollout_is_kind(r, "DaemonSet") ? "no node is to run it" : "scaled to 0; no pod runs it");
    return xasprintf("%d of %d ready", out->ready, out->wanted);
}

static void judge_replicas(const struct rollout *r, struct rollout_verdict *out)
{
    AUTO(tally) t = { 0 };
    tally_count(r, &t, out);
    if (t.worst.rank == RANK_FATAL && tally_worst_decides(r, &t, out))
        return;
    if (too_few_decide(r, &t, out) || tally_worst_decides(r, &t, out) || old_pods_decide(r, &t, out))
        return;
    if (!is_current(r))
        verdict_wait_for(r, out, xasprintf("%d of %d ready; its controller is still at work", out->ready, out->wanted));
    else if (!is_available(r))
        verdict_wait_for(r, out,
                         xasprintf("%d of %d ready; has to hold out for %" PRId64 " s", out->ready, out->wanted,
                                   doc_i64(r->snapshot->workload, "/spec/minReadySeconds", 0)));
    else
        verdict_ready(r, out, ready_words(r, &t, out));
}

static void judge_job(const struct rollout *r, struct rollout_verdict *out)
{
    const json_t *w = r->snapshot->workload;
    AUTO(tally) t = { 0 };
    tally_count(r, &t, out);
    int64_t failed = doc_i64(w, "/status/failed", 0) - t.put_out;
    const json_t *condition = condition_of(w, "Failed");
    if (!str_eq(doc_text(condition, "/status"), "True"))
        condition = condition_of(w, "FailureTarget");
    bool given_up = str_eq(doc_text(condition, "/status"), "True");
    if (condition_is(w, "Complete", "True")) {
        verdict_ready(r, out, xstrdup("completed"));
    } else if (doc_bool(w, "/spec/suspend", false)) {
        out->outcome = ROLLOUT_READY;
        verdict_say(out, xstrdup("suspended; no pod runs it"));
    } else if (given_up || failed > r->options->restart_budget) {
        if (t.worst_pod)
            tally_name_pod(t.worst_pod, &t.worst, out);
        AUTO_STR exit_code = out->exit_code >= 0 ? xasprintf(" (exit %d)", out->exit_code) : xstrdup("");
        verdict_fail(out, RW6106_JOB_FAILED,
                     given_up ? xasprintf("the job has failed%s", exit_code)
                              : xasprintf("the job failed %" PRId64 " times%s", failed, exit_code),
                     given_up ? doc_text(condition, "/message") : out->cause);
    } else if (t.pods == 0) {
        too_few_decide(r, &t, out);
    } else if (t.worst.rank == RANK_FINE || !tally_worst_decides(r, &t, out)) {
        verdict_wait_for(r, out, xstrdup("the job runs"));
    }
}

static void judge_bare_pod(const struct rollout *r, struct rollout_verdict *out)
{
    AUTO(tally) t = { 0 };
    tally_count(r, &t, out);
    /* What a container did that has run speaks against the new version only if that is what it ran. */
    bool has_run = t.worst.rank == RANK_FINE || t.worst.has_log;
    if (t.put_out > 0)
        verdict_fail(
            out, RW6201_ROLLOUT_TIMEOUT,
            xasprintf("the pod was put out (%s), and nothing makes it again", doc_text(t.out_pod, "/status/reason")),
            doc_text(t.out_pod, "/status/message"));
    else if (t.pods == 0)
        verdict_fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("the pod is gone or being deleted"), NULL);
    else if ((!has_run || verdict_images_proved(r, out)) && !tally_worst_decides(r, &t, out))
        verdict_ready(r, out, xstrdup("ready"));
}

static int64_t wanted_pods(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (rollout_is_kind(r, "DaemonSet"))
        return doc_i64(w, "/status/desiredNumberScheduled", 0);
    int64_t replicas = doc_i64(w, "/spec/replicas", 1);
    return replicas > partition(r) ? replicas - partition(r) : 0;
}

/* A paused Deployment is scaled, but gets no ReplicaSet and has no pod replaced. Its updatedReplicas
 * are the pods of today's template, of whichever ReplicaSet. */
static bool is_stuck_paused(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (!rollout_is_kind(r, "Deployment") || !doc_bool(w, "/spec/paused", false))
        return false;
    return !r->revision || doc_i64(w, "/status/replicas", 0) > doc_i64(w, "/status/updatedReplicas", 0);
}

static void fail_paused(struct rollout *r, struct rollout_verdict *out)
{
    AUTO(tally) t = { 0 };
    if (doc_i64(r->snapshot->workload, "/status/updatedReplicas", 0) == 0)
        r->revision = NULL; /* the newest ReplicaSet is of the template before */
    tally_count(r, &t, out);
    out->paused = true;
    verdict_fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("it is paused, so its pods do not take the new version"),
                 "spec.paused is true");
}

static void judge_workload(struct rollout *r, struct rollout_verdict *out)
{
    const json_t *w = r->snapshot->workload;
    if (!revision_is_observed(r->snapshot)) {
        verdict_wait_for(r, out, xstrdup("its controller has not seen the change yet"));
        return;
    }
    r->revision = revision_newest(r->snapshot);
    r->wanted = wanted_pods(r);
    out->wanted = (int)r->wanted;
    if (is_stuck_paused(r)) {
        fail_paused(r, out);
        return;
    }
    if (rollout_is_kind(r, "Deployment") && !is_current(r)) {
        verdict_wait_for(r, out, xstrdup("its ReplicaSet is being created"));
        return;
    }
    int64_t min_ready_ms = doc_i64(w, "/spec/minReadySeconds", 0) * 1000;
    /* Old pods that stay are available, too, and the server counts them together with the new ones. */
    r->judge.server_settles = min_ready_ms > 0 && min_ready_ms >= r->options->settle_ms && !keeps_old_pods(r);
    judge_replicas(r, out);
}

void rollout_applied(const char *kind, struct rollout_verdict *out)
{
    *out = (struct rollout_verdict){ .outcome = ROLLOUT_READY, .exit_code = -1 };
    out->reason = xstrdup(str_eq(kind, "CronJob") ? "applied; it runs when its schedule says" : "applied");
}

/* The user's own time limit in a Deployment (progressDeadlineSeconds; 10 minutes unless it says otherwise). */
static bool is_out_of_time(const struct rollout *r)
{
    const json_t *progressing = condition_of(r->snapshot->workload, "Progressing");
    return rollout_is_kind(r, "Deployment") && revision_is_observed(r->snapshot) &&
           str_eq(doc_text(progressing, "/status"), "False") &&
           str_eq(doc_text(progressing, "/reason"), "ProgressDeadlineExceeded");
}

void rollout_judge(const struct rollout_snapshot *snapshot, const struct rollout_options *o,
                   struct rollout_verdict *out)
{
    struct rollout_snapshot at_deadline = *snapshot;
    const struct rollout_snapshot *s = &at_deadline;
    *out = (struct rollout_verdict){ .exit_code = -1, .wanted = 1 };
    struct rollout r = { .snapshot = s, .options = o, .uid = doc_text(s->workload, "/metadata/uid"), .wanted = 1 };
    r.judge = (struct judge){ s, o, .runs_for_ever = true, .crash = RW6103_CONTAINER_CRASHES };
    at_deadline.deadline_passed = snapshot->deadline_passed || is_out_of_time(&r);
    if (!s->workload) {
        verdict_fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("it was deleted while we waited for it"), NULL);
    } else if (rollout_is_kind(&r, "Deployment") || rollout_is_kind(&r, "StatefulSet") ||
               rollout_is_kind(&r, "DaemonSet") || rollout_is_kind(&r, "ReplicaSet")) {
        judge_workload(&r, out);
    } else if (rollout_is_kind(&r, "Job")) {
        r.judge.runs_for_ever = false;
        r.judge.crash = RW6106_JOB_FAILED;
        judge_job(&r, out);
    } else if (rollout_is_kind(&r, "Pod")) {
        const char *policy = doc_text(s->workload, "/spec/restartPolicy");
        r.judge.runs_for_ever = !policy || str_eq(policy, "Always");
        judge_bare_pod(&r, out);
    } else if (rollout_is_kind(&r, "PersistentVolumeClaim")) {
        claim_judge(&r, out);
    } else {
        rollout_applied(doc_text(s->workload, "/kind"), out);
    }
}
