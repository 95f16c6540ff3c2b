#include "rollout/restart.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char *pods_text(int64_t count)
{
    return xasprintf("%" PRId64 " pod%s", count, count == 1 ? "" : "s");
}

/* What the controller does: rolling, or with the old pods stopped first. */
static char *by_deployment(const json_t *before, const json_t *after)
{
    int64_t count = doc_i64(before, "/spec/replicas", 1);
    AUTO_STR pods = pods_text(count);
    if (count == 0)
        return xstrdup("no pod restarts: none runs");
    if (doc_bool(after, "/spec/paused", false))
        return xstrdup("no pod restarts: the Deployment is paused");
    if (str_eq(doc_text(after, "/spec/strategy/type"), "Recreate"))
        return xasprintf("restart of %s, stopped before new ones start (Recreate)", pods);
    return xasprintf("rolling restart of %s", pods);
}

static char *by_stateful_set(const json_t *before, const json_t *after)
{
    int64_t count = doc_i64(before, "/spec/replicas", 1);
    int64_t kept = doc_i64(after, "/spec/updateStrategy/rollingUpdate/partition", 0);
    AUTO_STR pods = pods_text(count > kept ? count - kept : 0);
    if (str_eq(doc_text(after, "/spec/updateStrategy/type"), "OnDelete"))
        return xstrdup("no pod restarts until somebody deletes it (OnDelete)");
    if (count <= kept)
        return xstrdup(count ? "no pod restarts: the partition keeps all" : "no pod restarts: none runs");
    return xasprintf("restart of %s one by one, each stops before the new one starts", pods);
}

/* A maxSurge other than 0 or "0%" lets new pods start first. */
static bool surges(const json_t *daemon_set)
{
    static const char pointer[] = "/spec/updateStrategy/rollingUpdate/maxSurge";
    const char *percent = doc_text(daemon_set, pointer);
    return percent ? !str_eq(percent, "0%") && !str_eq(percent, "0") : doc_i64(daemon_set, pointer, 0) > 0;
}

static char *by_daemon_set(const json_t *before, const json_t *after)
{
    AUTO_STR pods = pods_text(doc_i64(before, "/status/currentNumberScheduled", 0));
    if (str_eq(doc_text(after, "/spec/updateStrategy/type"), "OnDelete"))
        return xstrdup("no pod restarts until somebody deletes it (OnDelete)");
    if (surges(after))
        return xasprintf("rolling restart of %s", pods);
    return xasprintf("restart of %s node by node, each stops before the new one starts", pods);
}

static char *by_replica_set(const json_t *before, const json_t *after)
{
    (void)before, (void)after;
    return xstrdup("no pod restarts: a ReplicaSet uses a new template for new pods only");
}

static char *by_cron_job(const json_t *before, const json_t *after)
{
    (void)before, (void)after;
    return xstrdup("no pod restarts: it holds from the next run on");
}

/* Of a Pod only images can change (and what nobody restarts for). */
static char *by_pod(const json_t *before, const json_t *after)
{
    (void)before, (void)after;
    return xstrdup("its container restarts in place");
}

static char *by_data(const json_t *before, const json_t *after)
{
    (void)before, (void)after;
    return xstrdup("no pod restarts: what is read as environment is seen at the next start");
}

static const struct row {
    const char *kind;
    const char *template; /* what fields of the pod template begin with */
    char *(*words)(const json_t *before, const json_t *after);
} rows[] = {
    { "Deployment", ".spec.template.", by_deployment },
    { "StatefulSet", ".spec.template.", by_stateful_set },
    { "DaemonSet", ".spec.template.", by_daemon_set },
    { "ReplicaSet", ".spec.template.", by_replica_set },
    { "CronJob", ".spec.jobTemplate.", by_cron_job },
    { "Pod", ".spec.containers", by_pod },
    { "ConfigMap", ".data", by_data },
    { "Secret", ".data", by_data },
};

static const struct row *row_of(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_eq(rows[i].kind, kind))
            return &rows[i];
    return NULL;
}

void rollout_restart_find(const json_t *before, const json_t *after, const struct kube_differences *differences,
                          struct rollout_restart *out)
{
    const struct row *row = row_of(doc_text(after, "/kind"));
    for (size_t i = 0; row && i < differences->count; i++) {
        const char *field = differences->items[i].field;
        if (!str_starts(field, row->template))
            continue;
        if (out->field)
            out->more++;
        else
            out->field = xstrdup(field);
    }
    if (out->field)
        out->words = row->words(before, after);
}

void rollout_restart_release(struct rollout_restart *r)
{
    free(r->words);
    free(r->field);
    *r = (struct rollout_restart){ 0 };
}
