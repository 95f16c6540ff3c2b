#include "rollout/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rollout/finding.h"
#include "rollout/revision.h"

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
    *v = (struct rollout_verdict){ 0 };
}

/* What is being judged: the workload, and its pods by revision. */
struct rollout {
    const struct rollout_snapshot *snapshot;
    const struct rollout_options *options;
    const char *uid;
    const json_t *revision; /* newest ReplicaSet or ControllerRevision; NULL: none yet, or no such kind */
    int64_t wanted;
    struct judge judge;
};

static bool is_kind(const struct rollout *r, const char *kind)
{
    return str_eq(doc_text(r->snapshot->workload, "/kind"), kind);
}

static void say(struct rollout_verdict *out, char *reason_steal)
{
    free(out->reason);
    out->reason = reason_steal;
}

static void fail(struct rollout_verdict *out, enum err_code code, char *reason_steal, const char *cause)
{
    out->outcome = ROLLOUT_FAILED;
    out->code = code;
    say(out, reason_steal);
    str_set(&out->cause, cause);
}

/* Not done yet; at the deadline that is a failure. */
static void wait_for(const struct rollout *r, struct rollout_verdict *out, char *reason_steal)
{
    if (r->snapshot->deadline_passed)
        fail(out, RW6201_ROLLOUT_TIMEOUT, reason_steal, NULL);
    else
        say(out, reason_steal);
}

static bool is_observed(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    return doc_i64(w, "/status/observedGeneration", 0) >= doc_i64(w, "/metadata/generation", 0);
}

/* So many pods of a StatefulSet stay as they are. */
static int64_t partition(const struct rollout *r)
{
    return doc_i64(r->snapshot->workload, "/spec/updateStrategy/rollingUpdate/partition", 0);
}

static bool replaces_by_hand(const struct rollout *r)
{
    return is_kind(r, "ReplicaSet") || str_eq(doc_text(r->snapshot->workload, "/spec/updateStrategy/type"), "OnDelete");
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
    if (is_kind(r, "Deployment") || is_kind(r, "Pod"))
        return NULL;
    const json_t *since = r->revision ? r->revision : r->snapshot->workload;
    if (seconds_since(since, "/metadata/creationTimestamp", r->snapshot->now_s) < NO_PODS_ASK_S)
        return NULL;
    str_set(&out->events_uid, r->uid);
    return doc_text(newest_refusal(r), "/message");
}

/* --- the pods of the newest revision ---------------------------------------------------------- */

struct tally {
    struct finding worst;
    const json_t *worst_pod;
    int pods;              /* of the newest revision, not ending */
    int old_pods;          /* of older ones, not ending */
    int put_out;           /* of the newest revision; in neither number */
    const json_t *out_pod; /* one of them */
};

static void tally_release(struct tally *t)
{
    finding_release(&t->worst);
}

static void count_new_pod(const struct rollout *r, const json_t *pod, struct tally *t, struct rollout_verdict *out)
{
    struct finding f;
    pod_judge(&r->judge, pod, &f);
    t->pods++;
    out->ready += pod_is_ready(pod);
    if (f.rank > t->worst.rank) {
        finding_release(&t->worst);
        t->worst = f;
        t->worst_pod = pod;
    } else {
        finding_release(&f);
    }
}

static void count_pods(const struct rollout *r, struct tally *t, struct rollout_verdict *out)
{
    size_t i;
    json_t *pod;
    DOC_EACH_ITEM (r->snapshot->pods, i, pod) {
        if (!revision_owns_pod(r->snapshot, pod) || pod_is_ending(pod))
            continue;
        bool is_new = revision_is_of(r->snapshot, r->revision, pod);
        if (is_new && pod_is_put_out(pod)) {
            t->put_out++;
            t->out_pod = pod;
        } else if (is_new) {
            count_new_pod(r, pod, t, out);
        } else if (!pod_is_put_out(pod)) {
            t->old_pods++;
            out->old_ready += pod_is_ready(pod);
        }
    }
}

static void name_pod(const json_t *pod, const struct finding *f, struct rollout_verdict *out)
{
    str_set(&out->pod, doc_text(pod, "/metadata/name"));
    str_set(&out->pod_uid, doc_text(pod, "/metadata/uid"));
    str_set(&out->cause, f->cause);
    out->exit_code = f->exit_code;
    out->log_previous = f->log_previous;
    if (f->has_log)
        str_set(&out->container, f->container);
    if (f->wants_events)
        str_set(&out->events_uid, doc_text(pod, "/metadata/uid"));
}

/* True when the worst pod decides: it has failed, or the deadline has passed over it. */
static bool worst_decides(const struct rollout *r, struct tally *t, struct rollout_verdict *out)
{
    struct finding *f = &t->worst;
    if (f->rank == RANK_FINE)
        return false;
    name_pod(t->worst_pod, f, out);
    if (f->rank == RANK_FATAL || r->snapshot->deadline_passed) {
        out->outcome = ROLLOUT_FAILED;
        out->code = f->code;
        say(out, STEAL(&f->reason));
    } else {
        say(out, xasprintf("%d of %d ready: %s", out->ready, out->wanted, f->reason));
    }
    return true;
}

static bool images_proved(const struct rollout *r, struct rollout_verdict *out)
{
    int proved = 0;
    size_t i;
    json_t *pod;
    DOC_EACH_ITEM (r->snapshot->pods, i, pod) {
        if (!revision_owns_pod(r->snapshot, pod) || !revision_is_of(r->snapshot, r->revision, pod) ||
            pod_is_ending(pod) || pod_is_put_out(pod))
            continue;
        bool known;
        const char *container = NULL;
        AUTO_STR wrong = image_proof(pod, r->snapshot->images, r->snapshot->image_count, &known, &container);
        if (wrong) {
            str_set(&out->pod, doc_text(pod, "/metadata/name"));
            fail(out, RW6301_OTHER_IMAGE_RUNS,
                 xasprintf("container \"%s\" does not run the image that was built", container), wrong);
            return false;
        }
        if (!known) {
            wait_for(r, out, xstrdup("the node has not yet told that the new image runs"));
            return false;
        }
        proved += r->snapshot->image_count > 0;
    }
    out->proved = proved;
    return true;
}

static void ready(const struct rollout *r, struct rollout_verdict *out, char *reason_steal)
{
    if (images_proved(r, out)) {
        out->outcome = ROLLOUT_READY;
        say(out, reason_steal);
    } else {
        free(reason_steal);
    }
}

/* --- the kinds ---------------------------------------------------------------------------------- */

/* Pods that may serve for what is wanted: old ones, too, where they stay until somebody deletes them. */
static int pods_there(const struct rollout *r, const struct tally *t)
{
    return t->pods + (replaces_by_hand(r) ? t->old_pods : 0);
}

static char *too_few_words(const struct rollout *r, const struct tally *t, const struct rollout_verdict *out)
{
    const char *what = replaces_by_hand(r) ? "pods" : "updated pods";
    /* kubernetes#67250: the controller does not replace a pod that never became ready. */
    if (is_kind(r, "StatefulSet") && t->old_pods > out->old_ready)
        return xasprintf("%d of %d updated: the controller waits for a pod of the old version to become ready; "
                         "delete that pod",
                         t->pods, out->wanted);
    if (t->put_out > 0)
        return xasprintf("%d of %d %s exist; a pod was put out (%s)", pods_there(r, t), out->wanted, what,
                         doc_text(t->out_pod, "/status/reason"));
    return xasprintf("%d of %d %s exist", pods_there(r, t), out->wanted, what);
}

/* Fewer pods than wanted. Where some exist that tell more, they decide. */
static bool too_few_decide(const struct rollout *r, const struct tally *t, struct rollout_verdict *out)
{
    if (pods_there(r, t) >= r->wanted)
        return false;
    const char *refused = creation_refused(r, out);
    if (!refused && t->worst.rank > RANK_SETTLING)
        return false;
    if (refused && !has_ending_pods(r))
        fail(out, RW6105_CREATION_REFUSED, xstrdup("its pods cannot be created"), refused);
    else if (refused)
        wait_for(r, out, xstrdup("its pods cannot be created until old ones have ended"));
    else
        wait_for(r, out, too_few_words(r, t, out));
    if (!refused)
        str_set(&out->cause, doc_text(t->out_pod, "/status/message"));
    return true;
}

/* Lists come by watches of their own: the ReplicaSet of a change that the Deployment tells of may
 * not have arrived. */
static bool is_current(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (is_kind(r, "Deployment"))
        return r->revision && revision_number(r->revision) >= revision_number(w);
    if (is_kind(r, "DaemonSet") && !replaces_by_hand(r))
        return r->revision && doc_i64(w, "/status/updatedNumberScheduled", 0) >= r->wanted;
    return true;
}

/* minReadySeconds is the server's way to settle: it counts such pods as available. */
static bool is_available(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (!r->judge.server_settles)
        return true;
    if (is_kind(r, "Deployment"))
        return doc_i64(r->revision, "/status/availableReplicas", 0) >= r->wanted;
    return doc_i64(w, is_kind(r, "DaemonSet") ? "/status/numberAvailable" : "/status/availableReplicas", 0) >=
           r->wanted;
}

/* Old pods that are not being deleted: the controller lets them go once the new ones count. */
static bool old_pods_decide(const struct rollout *r, const struct tally *t, struct rollout_verdict *out)
{
    if (t->old_pods == 0 || keeps_old_pods(r))
        return false;
    wait_for(r, out,
             xasprintf("%d of %d ready; %d old pod%s to go", out->ready, out->wanted, t->old_pods,
                       t->old_pods == 1 ? " has" : "s have"));
    return true;
}

/* READY need not mean that the new version runs: the words tell where it does not, or not yet. */
static char *ready_words(const struct rollout *r, const struct tally *t, const struct rollout_verdict *out)
{
    const char *old = "stay as they are (partition)";
    if (is_kind(r, "ReplicaSet"))
        old = "take the new version when they are deleted (a ReplicaSet replaces none)";
    else if (replaces_by_hand(r))
        old = "take the new version when they are deleted (OnDelete)";
    if (t->old_pods > 0 && keeps_old_pods(r))
        return t->pods == 0 ? xasprintf("its pods %s", old)
                            : xasprintf("%d of %d ready; the others %s", out->ready, out->wanted, old);
    if (r->wanted == 0)
        return xstrdup(is_kind(r, "DaemonSet") ? "no node is to run it" : "scaled to 0; no pod runs it");
    return xasprintf("%d of %d ready", out->ready, out->wanted);
}

static void judge_replicas(const struct rollout *r, struct rollout_verdict *out)
{
    AUTO(tally) t = { 0 };
    count_pods(r, &t, out);
    if (t.worst.rank == RANK_FATAL && worst_decides(r, &t, out))
        return;
    if (too_few_decide(r, &t, out) || worst_decides(r, &t, out) || old_pods_decide(r, &t, out))
        return;
    if (!is_current(r))
        wait_for(r, out, xasprintf("%d of %d ready; its controller is still at work", out->ready, out->wanted));
    else if (!is_available(r))
        wait_for(r, out,
                 xasprintf("%d of %d ready; has to hold out for %" PRId64 " s", out->ready, out->wanted,
                           doc_i64(r->snapshot->workload, "/spec/minReadySeconds", 0)));
    else
        ready(r, out, ready_words(r, &t, out));
}

static void judge_job(const struct rollout *r, struct rollout_verdict *out)
{
    const json_t *w = r->snapshot->workload;
    AUTO(tally) t = { 0 };
    count_pods(r, &t, out);
    int64_t failed = doc_i64(w, "/status/failed", 0) - t.put_out;
    const json_t *condition = condition_of(w, "Failed");
    if (!str_eq(doc_text(condition, "/status"), "True"))
        condition = condition_of(w, "FailureTarget");
    bool given_up = str_eq(doc_text(condition, "/status"), "True");
    if (condition_is(w, "Complete", "True")) {
        ready(r, out, xstrdup("completed"));
    } else if (doc_bool(w, "/spec/suspend", false)) {
        out->outcome = ROLLOUT_READY;
        say(out, xstrdup("suspended; no pod runs it"));
    } else if (given_up || failed > r->options->restart_budget) {
        if (t.worst_pod)
            name_pod(t.worst_pod, &t.worst, out);
        AUTO_STR exit_code = out->exit_code >= 0 ? xasprintf(" (exit %d)", out->exit_code) : xstrdup("");
        fail(out, RW6106_JOB_FAILED,
             given_up ? xasprintf("the job has failed%s", exit_code)
                      : xasprintf("the job failed %" PRId64 " times%s", failed, exit_code),
             given_up ? doc_text(condition, "/message") : out->cause);
    } else if (t.pods == 0) {
        too_few_decide(r, &t, out);
    } else if (t.worst.rank == RANK_FINE || !worst_decides(r, &t, out)) {
        wait_for(r, out, xstrdup("the job runs"));
    }
}

static void judge_bare_pod(const struct rollout *r, struct rollout_verdict *out)
{
    AUTO(tally) t = { 0 };
    count_pods(r, &t, out);
    /* What a container did that has run speaks against the new version only if that is what it ran. */
    bool has_run = t.worst.rank == RANK_FINE || t.worst.has_log;
    if (t.put_out > 0)
        fail(out, RW6201_ROLLOUT_TIMEOUT,
             xasprintf("the pod was put out (%s), and nothing makes it again", doc_text(t.out_pod, "/status/reason")),
             doc_text(t.out_pod, "/status/message"));
    else if (t.pods == 0)
        fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("the pod is gone or being deleted"), NULL);
    else if ((!has_run || images_proved(r, out)) && !worst_decides(r, &t, out))
        ready(r, out, xstrdup("ready"));
}

static int64_t wanted_pods(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (is_kind(r, "DaemonSet"))
        return doc_i64(w, "/status/desiredNumberScheduled", 0);
    int64_t replicas = doc_i64(w, "/spec/replicas", 1);
    return replicas > partition(r) ? replicas - partition(r) : 0;
}

/* A paused Deployment is scaled, but gets no ReplicaSet and has no pod replaced. Its updatedReplicas
 * are the pods of today's template, of whichever ReplicaSet. */
static bool is_stuck_paused(const struct rollout *r)
{
    const json_t *w = r->snapshot->workload;
    if (!is_kind(r, "Deployment") || !doc_bool(w, "/spec/paused", false))
        return false;
    return !r->revision || doc_i64(w, "/status/replicas", 0) > doc_i64(w, "/status/updatedReplicas", 0);
}

static void fail_paused(struct rollout *r, struct rollout_verdict *out)
{
    AUTO(tally) t = { 0 };
    if (doc_i64(r->snapshot->workload, "/status/updatedReplicas", 0) == 0)
        r->revision = NULL; /* the newest ReplicaSet is of the template before */
    count_pods(r, &t, out);
    out->paused = true;
    fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("it is paused, so its pods do not take the new version"),
         "spec.paused is true");
}

static void judge_workload(struct rollout *r, struct rollout_verdict *out)
{
    const json_t *w = r->snapshot->workload;
    if (!is_observed(r)) {
        wait_for(r, out, xstrdup("its controller has not seen the change yet"));
        return;
    }
    r->revision = revision_newest(r->snapshot);
    r->wanted = wanted_pods(r);
    out->wanted = (int)r->wanted;
    if (is_stuck_paused(r)) {
        fail_paused(r, out);
        return;
    }
    if (is_kind(r, "Deployment") && !is_current(r)) {
        wait_for(r, out, xstrdup("its ReplicaSet is being created"));
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

void rollout_judge(const struct rollout_snapshot *s, const struct rollout_options *o, struct rollout_verdict *out)
{
    *out = (struct rollout_verdict){ .exit_code = -1, .wanted = 1 };
    struct rollout r = { .snapshot = s, .options = o, .uid = doc_text(s->workload, "/metadata/uid"), .wanted = 1 };
    r.judge = (struct judge){ s, o, .runs_for_ever = true, .crash = RW6103_CONTAINER_CRASHES };
    if (!s->workload) {
        fail(out, RW6201_ROLLOUT_TIMEOUT, xstrdup("it was deleted while we waited for it"), NULL);
    } else if (is_kind(&r, "Deployment") || is_kind(&r, "StatefulSet") || is_kind(&r, "DaemonSet") ||
               is_kind(&r, "ReplicaSet")) {
        judge_workload(&r, out);
    } else if (is_kind(&r, "Job")) {
        r.judge.runs_for_ever = false;
        r.judge.crash = RW6106_JOB_FAILED;
        judge_job(&r, out);
    } else if (is_kind(&r, "Pod")) {
        const char *policy = doc_text(s->workload, "/spec/restartPolicy");
        r.judge.runs_for_ever = !policy || str_eq(policy, "Always");
        judge_bare_pod(&r, out);
    } else {
        rollout_applied(doc_text(s->workload, "/kind"), out);
    }
}
