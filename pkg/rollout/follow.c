#include "rollout/follow.h"

#include <stdlib.h>

#include "base/clock.h"
#include "kube/mirror.h"
#include "kube/pod.h"
#include "rollout/crash.h"
#include "rollout/explain.h"
#include "rollout/words.h"

#define JUDGE_MS 500         /* what depends on time alone is judged this often */
#define CRASH_LINES 10       /* that are shown of what the first that crashed printed */
#define EVENTS_AGAIN_MS 2000 /* events about one object are asked for at most this often */

/* The kinds that take a while. */
static const struct kind {
    const char *kind;
    const char *api_version;
    const char *owned_kind; /* what its pods are made by; NULL: it makes them itself */
    bool instant;           /* applied is done */
} kinds[] = {
    { "Deployment", "apps/v1", "ReplicaSet", false },
    { "StatefulSet", "apps/v1", "ControllerRevision", false },
    { "DaemonSet", "apps/v1", "ControllerRevision", false },
    { "ReplicaSet", "apps/v1", NULL, false },
    { "Job", "batch/v1", NULL, false },
    { "CronJob", "batch/v1", NULL, true },
    { "Pod", "v1", NULL, false },
    { "PersistentVolumeClaim", "v1", NULL, false },
};

static const struct kind *find_kind(const char *api_version, const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_eq(kinds[i].kind, kind) && str_eq(kinds[i].api_version, api_version))
            return &kinds[i];
    }
    return NULL;
}

bool rollout_follows(const char *api_version, const char *kind)
{
    return find_kind(api_version, kind) != NULL;
}

struct tracked {
    const struct rollout_target *target;
    bool instant; /* applied is done */
    bool has_owned;
    size_t workload; /* entries of the mirror */
    size_t owned;
    size_t pods;
    json_t *events; /* of events_uid; NULL: none asked for */
    char *events_uid;
    int64_t events_at_ms;
    bool crash_told;
    struct rollout_verdict verdict;
};

struct follower {
    struct kube_client *client;
    const struct rollout_follow *how;
    struct kube_mirror *mirror;
    struct tracked *tracked;
    size_t count;
    int64_t since_s; /* when it began, wall clock */
};

static void follower_release(struct follower *f)
{
    kube_mirror_free(f->mirror);
    for (size_t i = 0; i < f->count; i++) {
        doc_unref(f->tracked[i].events);
        free(f->tracked[i].events_uid);
        rollout_verdict_release(&f->tracked[i].verdict);
    }
    free(f->tracked);
}

static struct err *track(struct follower *f, const struct rollout_target *target, struct tracked *t)
{
    const char *ns = target->id.namespace;
    const struct kind *kind = find_kind(target->id.api_version, target->id.kind);
    *t = (struct tracked){ .target = target, .instant = !kind || kind->instant };
    if (t->instant)
        return NULL;
    t->has_owned = kind->owned_kind != NULL;
    TRY(kube_mirror_add(f->mirror, kind->api_version, kind->kind, ns, &t->workload));
    if (t->has_owned)
        TRY(kube_mirror_add(f->mirror, "apps/v1", kind->owned_kind, ns, &t->owned));
    return kube_mirror_add(f->mirror, "v1", "Pod", ns, &t->pods);
}

static struct rollout_snapshot snapshot_of(const struct follower *f, const struct tracked *t, bool deadline_passed)
{
    return (struct rollout_snapshot){
        .workload = doc_find(kube_mirror_items(f->mirror, t->workload), "/metadata/name", t->target->id.name),
        .owned = t->has_owned ? kube_mirror_items(f->mirror, t->owned) : NULL,
        .pods = kube_mirror_items(f->mirror, t->pods),
        .events = t->events,
        .now_s = clock_wall_s(),
        .deadline_passed = deadline_passed,
        .images = t->target->images,
        .image_count = t->target->image_count,
    };
}

static void judge(const struct follower *f, const struct tracked *t, bool deadline_passed, struct rollout_verdict *out)
{
    if (t->instant) {
        rollout_applied(t->target->id.kind, out);
        return;
    }
    struct rollout_snapshot s = snapshot_of(f, t, deadline_passed);
    rollout_judge(&s, &f->how->options, out);
}

static struct err *read_output(const struct follower *f, const struct tracked *t, const struct rollout_crash *crash,
                               bool previous, struct buf *out)
{
    return kube_logs(f->client, t->target->id.namespace, crash->pod, crash->container, previous, CRASH_LINES, out);
}

/* It may be started again between what the pod tells and what its log does. */
static void tell_crash(struct follower *f, struct tracked *t)
{
    struct rollout_snapshot s = snapshot_of(f, t, false);
    struct rollout_crash crash;
    AUTO(buf) output = { 0 };
    if (!f->how->on_crash || t->crash_told || t->instant || !crash_find(&s, f->since_s, &crash))
        return;
    err_ignore(read_output(f, t, &crash, crash.previous, &output), "that it has crashed is told without it, too");
    if (output.len == 0) {
        buf_release(&output);
        err_ignore(read_output(f, t, &crash, !crash.previous, &output), "that it has crashed is told without it, too");
    }
    AUTO(buf) shown = BUF_INIT(output.len + CRASH_LINES);
    rollout_excerpt(buf_text(&output), output.len, CRASH_LINES, &shown);
    t->crash_told = true;
    f->how->on_crash(f->how->ctx, t->target, &crash, buf_text(&shown), shown.len);
}

/* True when events were fetched that the verdict v has not seen. An API server that does not answer
 * just now is the mirror's to judge; so is one that refuses, as it does while it starts. */
static struct err *fetch_events(struct follower *f, struct tracked *t, const struct rollout_verdict *v, bool *fetched)
{
    *fetched = false;
    bool same = str_eq(v->events_uid, t->events_uid);
    bool soon = t->events_at_ms != 0 && clock_ms() - t->events_at_ms < EVENTS_AGAIN_MS;
    if (!v->events_uid || (same && soon))
        return NULL;
    json_t *events;
    t->events_at_ms = clock_ms();
    str_set(&t->events_uid, v->events_uid);
    struct err *failed = kube_events(f->client, t->target->id.namespace, v->events_uid, &events);
    if (failed &&
        (err_get_code(failed) == RW5103_CLUSTER_UNREACHABLE || err_get_code(failed) == RW5104_CLUSTER_REFUSED)) {
        err_ignore(failed, "events only add to what the objects tell");
        return NULL;
    }
    TRY(failed);
    doc_unref(t->events);
    t->events = events;
    *fetched = true;
    return NULL;
}

static void tell(const struct follower *f, struct tracked *t, struct rollout_verdict *now)
{
    bool changed = !str_eq(now->reason, t->verdict.reason) || now->outcome != t->verdict.outcome;
    rollout_verdict_release(&t->verdict);
    t->verdict = *now;
    *now = (struct rollout_verdict){ 0 };
    if (changed && f->how->on_change && t->verdict.outcome != ROLLOUT_FAILED)
        f->how->on_change(f->how->ctx, t->target, &t->verdict);
}

static struct err *update(struct follower *f, struct tracked *t, bool deadline_passed)
{
    AUTO(rollout_verdict) now;
    bool fetched;
    judge(f, t, deadline_passed, &now);
    TRY(fetch_events(f, t, &now, &fetched));
    if (fetched) {
        rollout_verdict_release(&now);
        judge(f, t, deadline_passed, &now);
    }
    tell(f, t, &now);
    if (t->verdict.outcome == ROLLOUT_PROGRESSING)
        tell_crash(f, t);
    return NULL;
}

/* All targets as they are now: *done when all are ready; the errors of those that have failed. */
static struct err *look(struct follower *f, bool deadline_passed, bool *done)
{
    *done = true;
    for (size_t i = 0; i < f->count; i++) {
        TRY(update(f, &f->tracked[i], deadline_passed));
        *done = *done && f->tracked[i].verdict.outcome == ROLLOUT_READY;
    }
    struct err *errors = NULL;
    for (size_t i = 0; i < f->count; i++) {
        const struct tracked *t = &f->tracked[i];
        if (t->verdict.outcome == ROLLOUT_FAILED)
            errors = err_join(errors, explain(f->client, t->target, &t->verdict, f->how));
    }
    return errors;
}

static struct err *follow(struct follower *f)
{
    for (;;) {
        TRY(cancel_check(f->how->cancel));
        bool done;
        TRY(look(f, clock_ms() >= f->how->deadline_ms, &done));
        if (done)
            return NULL;
        TRY(kube_mirror_wait(f->mirror, clock_earlier(clock_after(JUDGE_MS), f->how->deadline_ms), NULL));
    }
}

struct err *rollout_follow(struct kube_client *c, const struct rollout_target *targets, size_t count,
                           const struct rollout_follow *how)
{
    AUTO(follower) f = { .client = c, .how = how, .since_s = clock_wall_s() };
    f.tracked = xcalloc(count + 1, sizeof *f.tracked);
    f.count = count;
    TRY(kube_mirror_new(c, &f.mirror));
    for (size_t i = 0; i < count; i++)
        TRY(track(&f, &targets[i], &f.tracked[i]));
    TRY(follow(&f));
    for (size_t i = 0; i < count && how->proved; i++)
        how->proved[i] = f.tracked[i].verdict.proved;
    return NULL;
}
