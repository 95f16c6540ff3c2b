#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rollout/asks.h"
#include "rollout/finding.h"

#define CONFIG_ERROR_S 3     /* a ConfigMap of the same apply may arrive a moment after the pod */
#define CREATING_ASK_S 5     /* then events are asked why a container is still being created */
#define MOUNT_ERROR_S 10     /* as CONFIG_ERROR_S; kubelet repeats mounts with growing pauses */
#define CREATING_ERROR_S 60  /* sandbox, network and volume errors that last so long don't pass */
#define OUTLIVE_MAX_MS 25000 /* of a run that ended in a crash: what lasted longer is not waited for */

/* What a program killed by a signal ends with: 128 and the signal (OCI runtimes, as shells do). */
enum { EXIT_KILLED = 128 + 9, EXIT_TERMINATED = 128 + 15 };

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(word, words[i]))
            return true;
    }
    return false;
}

static bool has_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text && i < count; i++) {
        if (strstr(text, words[i]))
            return true;
    }
    return false;
}

static const char *noun(const struct subject *s)
{
    return s->init ? "init container" : "container";
}

static void found(struct finding *out, const struct subject *s, enum rank rank, enum err_code code, const char *cause)
{
    out->rank = rank;
    out->code = code;
    out->cause = xstrdup(cause);
    out->container = xstrdup(s->name);
}

/* How long the pod has been allowed to start containers of this sort. */
static int64_t seconds_in_phase(const struct subject *s)
{
    int64_t now_s = s->judge->snapshot->now_s;
    const json_t *initialized = condition_of(s->pod, "Initialized");
    if (!s->init && str_eq(doc_text(initialized, "/status"), "True"))
        return seconds_since(initialized, "/lastTransitionTime", now_s);
    return seconds_since(s->pod, "/status/startTime", now_s);
}

static bool is_ours(const struct subject *s)
{
    const struct rollout_snapshot *snapshot = s->judge->snapshot;
    for (size_t i = 0; i < snapshot->image_count; i++) {
        if (str_eq(snapshot->images[i].container, s->name))
            return true;
    }
    return false;
}

/* A registry may answer later, unless it said that it has no such image; the node won't. */
static void judge_image(const struct subject *s, const char *reason, const char *message, struct finding *out)
{
    static const char *const hopeless[] = { "InvalidImageName", "ErrImageNeverPull" };
    static const char *const absent[] = { "not found", "manifest unknown" };
    bool fatal =
        is_ours(s) || is_one_of(reason, hopeless, COUNT_OF(hopeless)) || has_one_of(message, absent, COUNT_OF(absent));
    found(out, s, fatal ? RANK_FATAL : RANK_IMAGE, RW6102_IMAGE_CANNOT_START, message);
    const char *image = doc_text(s->status, "/image");
    out->reason = xasprintf("%s \"%s\" has no image: %s (%s)", noun(s), s->name, image ? image : "?", reason);
}

static void judge_config(const struct subject *s, const char *message, struct finding *out)
{
    static const char *const missing[] = { "not found", "couldn't find key" };
    static const char *const passing[] = { "failed to sync", "timed out waiting" };
    bool fatal = seconds_in_phase(s) >= CONFIG_ERROR_S && !has_one_of(message, passing, COUNT_OF(passing));
    bool lacks = has_one_of(message, missing, COUNT_OF(missing));
    found(out, s, fatal ? RANK_FATAL : RANK_CONFIG,
          lacks ? RW6104_CONFIGURATION_MISSING : RW6101_CONTAINER_CANNOT_START, lacks ? NULL : message);
    if (lacks)
        out->reason = xasprintf("%s \"%s\" cannot start: %s", noun(s), s->name, message);
    else
        out->reason = xasprintf("%s \"%s\" cannot be created as configured", noun(s), s->name);
}

/* The runtime's message without the names of the layers it went through. */
static char *start_cause(const char *message)
{
    static const char *const heads[] = { "unable to start container process: ", "failed to create containerd task: " };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        const char *at = strstr(message, heads[i]);
        if (at)
            message = at + strlen(heads[i]);
    }
    size_t len = strlen(message);
    if (str_ends(message, ": unknown"))
        len -= strlen(": unknown");
    bool other_cpu = strstr(message, "exec format error") != NULL;
    return xasprintf("%.*s%s", (int)len, message, other_cpu ? " (the image is for another processor)" : "");
}

static void judge_start(const struct subject *s, const char *message, struct finding *out)
{
    static const char *const passing[] = { "context deadline exceeded", "failed to reserve container name" };
    bool fatal = !has_one_of(message, passing, COUNT_OF(passing));
    AUTO_STR cause = start_cause(message ? message : "the runtime gave no reason");
    found(out, s, fatal ? RANK_FATAL : RANK_PENDING, RW6101_CONTAINER_CANNOT_START, cause);
    out->reason = xasprintf("%s \"%s\" cannot start", noun(s), s->name);
}

static const json_t *pod_event(const struct subject *s, const char *reason, const char *start)
{
    return event_newest(s->judge->snapshot, doc_text(s->pod, "/metadata/uid"), reason, start);
}

/* At least this long ago the container crashed for the first time: a run that is not the first
 * began with a crash of the one before. */
static int64_t seconds_since_first_crash(const struct subject *s, const json_t *terminated)
{
    bool first = doc_i64(s->status, "/restartCount", 0) == 0;
    return seconds_since(terminated, first ? "/finishedAt" : "/startedAt", s->judge->snapshot->now_s);
}

static const json_t *spec_of(const struct subject *s)
{
    return doc_find(doc_get(s->pod, s->init ? "/spec/initContainers" : "/spec/containers"), "/name", s->name);
}

static const char *const PROBES[] = { "liveness", "startup" };

static bool has_killing_probe(const struct subject *s)
{
    return doc_get(spec_of(s), "/livenessProbe") || doc_get(spec_of(s), "/startupProbe");
}

/* The probe for which the kubelet has killed this run, however the program took it: it may well end with 0. */
static const char *killing_probe(const struct subject *s, const json_t *terminated)
{
    int64_t now_s = s->judge->snapshot->now_s;
    for (size_t i = 0; i < COUNT_OF(PROBES); i++) {
        AUTO_STR start = xasprintf("Container %s failed %s probe", s->name, PROBES[i]);
        int64_t age_s = event_age_s(pod_event(s, "Killing", start), now_s);
        if (age_s >= 0 && age_s <= seconds_since(terminated, "/startedAt", now_s))
            return PROBES[i];
    }
    return NULL;
}

/* What the probe said; of one that is not known the liveness probe's. */
static const char *probe_words(const struct subject *s, const char *probe)
{
    bool startup = str_eq(probe, "startup");
    return doc_text(pod_event(s, "Unhealthy", startup ? "Startup probe failed" : "Liveness probe failed"), "/message");
}

static char *crash_words(const struct subject *s, const json_t *terminated, const char *probe, bool final)
{
    int64_t exit_code = doc_i64(terminated, "/exitCode", -1);
    const char *limit = doc_text(spec_of(s), "/resources/limits/memory");
    if (str_eq(doc_text(terminated, "/reason"), "OOMKilled"))
        return xasprintf("ran out of memory (limit %s", limit ? limit : "of the node");
    if (probe)
        return xasprintf("fails its %s probe (exit %" PRId64, probe, exit_code);
    /* containerd may learn of it after the program's end, and then the reason is Error. */
    if (exit_code == EXIT_KILLED && limit)
        return xasprintf("was killed, perhaps for lack of memory (limit %s, exit %d", limit, EXIT_KILLED);
    if (exit_code == 0)
        return xstrdup("ends by itself (exit 0");
    return xasprintf("%s (exit %" PRId64, final ? "keeps crashing" : "crashed", exit_code);
}

static void judge_crash(const struct subject *s, const json_t *terminated, bool down, struct finding *out)
{
    const struct rollout_options *o = s->judge->options;
    int64_t restarts = doc_i64(s->status, "/restartCount", 0);
    bool never = str_eq(doc_text(s->pod, "/spec/restartPolicy"), "Never");
    bool used_up = restarts >= o->restart_budget || seconds_since_first_crash(s, terminated) * 1000 >= o->budget_ms;
    /* A Job makes a new pod where the pod itself never restarts, and counts them. */
    bool fatal = down && (never ? s->judge->crash != RW6106_JOB_FAILED : used_up);
    found(out, s, fatal ? RANK_FATAL : RANK_CRASH, s->judge->crash, NULL);
    out->exit_code = (int)doc_i64(terminated, "/exitCode", -1);
    out->has_log = true;
    out->log_previous = doc_get(s->status, "/state/terminated") == NULL;
    bool final = fatal || s->judge->snapshot->deadline_passed;
    const char *probe = killing_probe(s, terminated);
    AUTO_STR words = crash_words(s, terminated, probe, final);
    int64_t age_s = seconds_since(s->pod, "/status/startTime", s->judge->snapshot->now_s);
    if (final)
        out->reason = xasprintf("%s \"%s\" %s, %" PRId64 " restart%s in %" PRId64 " s)", noun(s), s->name, words,
                                restarts, restarts == 1 ? "" : "s", age_s);
    else
        out->reason = xasprintf("%s \"%s\" %s); it is %s again", noun(s), s->name, words, never ? "tried" : "started");
    bool by_signal = out->exit_code == EXIT_KILLED || out->exit_code == EXIT_TERMINATED;
    out->wants_events = by_signal || has_killing_probe(s);
    if (by_signal || probe)
        str_set(&out->cause, probe_words(s, probe));
}

/* What keeps the pod from getting so far that an image is pulled or a container made; when that has
 * been done since, what takes long is something else. */
static const char *pod_trouble(const struct subject *s, const char *reason)
{
    static const char *const beyond[] = { "Pulling", "Pulled", "Created" };
    const json_t *trouble = pod_event(s, reason, NULL);
    for (size_t i = 0; i < COUNT_OF(beyond); i++) {
        if (event_is_refuted(trouble, pod_event(s, beyond[i], NULL), s->judge->snapshot->now_s))
            return NULL;
    }
    return doc_text(trouble, "/message");
}

/* Being created: normal for seconds; then the pod's events say what holds it up. */
static void judge_creating(const struct subject *s, const char *reason, struct finding *out)
{
    static const char *const missing[] = { "not found", "references non-existent" };
    static const char *const reasons[] = { "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox" };
    int64_t age_s = seconds_in_phase(s);
    found(out, s, RANK_PENDING, RW6201_ROLLOUT_TIMEOUT, NULL);
    out->wants_events = age_s >= CREATING_ASK_S;
    for (size_t i = 0; i < COUNT_OF(reasons) && !out->cause; i++)
        out->cause = xstrdup(pod_trouble(s, reasons[i]));
    bool lacks = has_one_of(out->cause, missing, COUNT_OF(missing)) && pod_trouble(s, "FailedMount");
    if (lacks && age_s >= MOUNT_ERROR_S) {
        out->rank = RANK_FATAL;
        out->code = RW6104_CONFIGURATION_MISSING;
    } else if (out->cause && age_s >= CREATING_ERROR_S) {
        out->rank = RANK_FATAL;
        out->code = RW6101_CONTAINER_CANNOT_START;
    }
    if (out->cause)
        out->reason = xasprintf("%s \"%s\" cannot be created", noun(s), s->name);
    else
        out->reason = xasprintf("%s \"%s\" is being started (%s)", noun(s), s->name, reason);
}

static bool is_start_error(const char *reason)
{
    static const char *const reasons[] = { "StartError", "RunContainerError", "CreateContainerError",
                                           "ContainerCannotRun" };
    return is_one_of(reason, reasons, COUNT_OF(reasons));
}

bool container_was_lost(const json_t *terminated)
{
    return str_eq(doc_text(terminated, "/reason"), "Unknown");
}

static void judge_terminated(const struct subject *s, const json_t *terminated, bool down, struct finding *out)
{
    bool may_end = s->init || !s->judge->runs_for_ever;
    bool again = !str_eq(doc_text(s->pod, "/spec/restartPolicy"), "Never");
    if (container_was_lost(terminated) && again) {
        found(out, s, RANK_PENDING, RW6201_ROLLOUT_TIMEOUT, "its node was restarted");
        out->reason = xasprintf("%s \"%s\" is not started again yet", noun(s), s->name);
    } else if (is_start_error(doc_text(terminated, "/reason"))) {
        judge_start(s, doc_text(terminated, "/message"), out);
    } else if (doc_i64(terminated, "/exitCode", -1) != 0 || !may_end) {
        judge_crash(s, terminated, down, out);
    }
}

static void judge_waiting(const struct subject *s, const json_t *waiting, struct finding *out)
{
    static const char *const image_reasons[] = { "ErrImagePull",     "ImagePullBackOff",  "ErrImageNeverPull",
                                                 "InvalidImageName", "ImageInspectError", "RegistryUnavailable" };
    const char *reason = doc_text(waiting, "/reason");
    const char *message = doc_text(waiting, "/message");
    const json_t *last = doc_get(s->status, "/lastState/terminated");
    if (is_one_of(reason, image_reasons, COUNT_OF(image_reasons)))
        judge_image(s, reason, message, out);
    else if (str_eq(reason, "CreateContainerConfigError"))
        judge_config(s, message ? message : "no reason told", out);
    else if (is_start_error(reason))
        judge_start(s, message, out);
    else if (str_eq(reason, "CrashLoopBackOff") && last)
        judge_terminated(s, last, true, out);
    else
        judge_creating(s, reason ? reason : "waiting", out);
}

/* How the run before ended by itself; NULL: this is the first run of what the spec says now. */
static const json_t *last_end(const struct subject *s)
{
    const json_t *last = doc_get(s->status, "/lastState/terminated");
    bool is_other = container_was_lost(last) || pod_changed_since(s->pod, doc_text(last, "/startedAt"));
    return is_other ? NULL : last;
}

/* A container that crashed before has to outlive its last run, too. */
static int64_t settle_ms(const struct subject *s)
{
    int64_t needed_ms = s->judge->options->settle_ms;
    const json_t *last = last_end(s);
    if (needed_ms == 0 || !last)
        return s->judge->server_settles ? 0 : needed_ms;
    int64_t ran_ms = 0;
    int64_t started_s, ended_s;
    if (clock_parse_rfc3339(doc_text(last, "/startedAt") ? doc_text(last, "/startedAt") : "", &started_s) &&
        clock_parse_rfc3339(doc_text(last, "/finishedAt") ? doc_text(last, "/finishedAt") : "", &ended_s))
        ran_ms = (ended_s - started_s) * 1000;
    return needed_ms + (ran_ms < OUTLIVE_MAX_MS ? ran_ms : OUTLIVE_MAX_MS);
}

static bool has_settled(const struct subject *s, const json_t *running)
{
    int64_t needed_ms = settle_ms(s);
    /* Both times are cut to whole seconds: a second more makes sure that needed_ms have passed. */
    int64_t for_s = seconds_since(running, "/startedAt", s->judge->snapshot->now_s);
    return needed_ms == 0 || for_s * 1000 >= needed_ms + 1000;
}

/* The probe, and what it said last; NULL: it has none, and a readiness gate may be what is missing. */
static char *not_ready_cause(const struct subject *s)
{
    const char *words = doc_text(pod_event(s, "Unhealthy", NULL), "/message");
    bool startup = words ? str_starts(words, "Startup") : doc_get(spec_of(s), "/startupProbe") != NULL;
    AUTO_STR probe = asks_probe(doc_get(spec_of(s), startup ? "/startupProbe" : "/readinessProbe"));
    if (!probe)
        return xstrdup(words);
    return xasprintf("%s (%s probe: %s)", words ? words : "it has not succeeded", startup ? "startup" : "readiness",
                     probe);
}

static void judge_running(const struct subject *s, const json_t *running, struct finding *out)
{
    const json_t *last = last_end(s);
    bool final = s->judge->snapshot->deadline_passed;
    if (s->init) {
        found(out, s, RANK_PENDING, RW6201_ROLLOUT_TIMEOUT, NULL);
        out->reason = xasprintf("init container \"%s\" runs", s->name);
        out->has_log = true;
    } else if (!doc_bool(s->status, "/ready", false)) {
        if (final && last)
            judge_terminated(s, last, false, out);
        if (out->rank != RANK_FINE)
            return;
        AUTO_STR cause = not_ready_cause(s);
        found(out, s, RANK_NOT_READY, RW6203_NOT_READY, cause);
        out->reason = xasprintf("container \"%s\" runs, but %s ready", s->name, final ? "never became" : "is not yet");
        out->has_log = true;
        out->wants_events = final;
    } else if (!has_settled(s, running)) {
        found(out, s, RANK_SETTLING, last ? s->judge->crash : RW6201_ROLLOUT_TIMEOUT, NULL);
        out->reason = xasprintf("container \"%s\" has to hold out for %" PRId64 " s", s->name, settle_ms(s) / 1000);
        out->has_log = true;
    }
}

void container_judge(const struct subject *s, struct finding *out)
{
    *out = (struct finding){ .exit_code = -1 };
    const json_t *waiting = doc_get(s->status, "/state/waiting");
    const json_t *running = doc_get(s->status, "/state/running");
    const json_t *terminated = doc_get(s->status, "/state/terminated");
    if (terminated)
        judge_terminated(s, terminated, true, out);
    else if (running)
        judge_running(s, running, out);
    else
        judge_waiting(s, waiting, out);
}
