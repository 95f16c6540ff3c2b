#include "rollout/tally.h"

#include <stdlib.h>

#include "rollout/revision.h"

bool rollout_is_kind(const struct rollout *r, const char *kind)
{
    return str_eq(doc_text(r->snapshot->workload, "/kind"), kind);
}

void verdict_say(struct rollout_verdict *out, char *reason_steal)
{
    free(out->reason);
    out->reason = reason_steal;
}

void verdict_fail(struct rollout_verdict *out, enum err_code code, char *reason_steal, const char *cause)
{
    out->outcome = ROLLOUT_FAILED;
    out->code = code;
    verdict_say(out, reason_steal);
    str_set(&out->cause, cause);
}

void verdict_wait_for(const struct rollout *r, struct rollout_verdict *out, char *reason_steal)
{
    if (r->snapshot->deadline_passed)
        verdict_fail(out, RW6201_ROLLOUT_TIMEOUT, reason_steal, NULL);
    else
        verdict_say(out, reason_steal);
}

void tally_release(struct tally *t)
{
    finding_release(&t->worst);
}

static void count_new_pod(const struct rollout *r, const json_t *pod, struct tally *t, struct rollout_verdict *out)
{
    struct finding f;
    pod_judge(&r->judge, pod, &f);
    t->pods++;
    out->ready += pod_is_ready(pod);
    out->settled += pod_is_ready(pod) && f.rank == RANK_FINE;
    if (finding_keep_worse(&t->worst, &f))
        t->worst_pod = pod;
}

void tally_count(const struct rollout *r, struct tally *t, struct rollout_verdict *out)
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

const json_t *tally_worst_of(const struct rollout *r, const json_t *pods, struct finding *out)
{
    const json_t *worst = NULL;
    size_t i;
    json_t *pod;
    *out = (struct finding){ .exit_code = -1 }; /* as pod_judge has it where there is nothing to say */
    DOC_EACH_ITEM (pods, i, pod) {
        struct finding f;
        pod_judge(&r->judge, pod, &f);
        if (finding_keep_worse(out, &f) || !worst)
            worst = pod;
    }
    return worst;
}

void tally_name_pod(const json_t *pod, const struct finding *f, struct rollout_verdict *out)
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

bool tally_worst_decides(const struct rollout *r, struct tally *t, struct rollout_verdict *out)
{
    struct finding *f = &t->worst;
    if (f->rank == RANK_FINE)
        return false;
    tally_name_pod(t->worst_pod, f, out);
    if (f->rank == RANK_FATAL || r->snapshot->deadline_passed) {
        out->outcome = ROLLOUT_FAILED;
        out->code = f->code;
        verdict_say(out, STEAL(&f->reason));
    } else {
        verdict_say(out, xasprintf("%d of %d ready: %s", out->ready, out->wanted, f->reason));
    }
    return true;
}

bool verdict_images_proved(const struct rollout *r, struct rollout_verdict *out)
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
            verdict_fail(out, RW6301_OTHER_IMAGE_RUNS,
                         xasprintf("container \"%s\" does not run the image that was built", container), wrong);
            return false;
        }
        if (!known) {
            verdict_wait_for(r, out, xstrdup("the node has not yet told that the new image runs"));
            return false;
        }
        proved += r->snapshot->image_count > 0;
    }
    out->proved = proved;
    return true;
}

void verdict_ready(const struct rollout *r, struct rollout_verdict *out, char *reason_steal)
{
    if (verdict_images_proved(r, out)) {
        out->outcome = ROLLOUT_READY;
        verdict_say(out, reason_steal);
    } else {
        free(reason_steal);
    }
}
