#include "flow/unit.h"

#include <string.h>

#include "pods/choose.h"

enum { RANDOM_LEN = 6, NAME_MAX_LEN = 63 };

static const char MIDDLE[] = "-run-";

static bool is_unit(const struct manifest_object *o)
{
    return (str_eq(o->kind, "Job") || str_eq(o->kind, "CronJob")) && str_eq(o->api_version, "batch/v1");
}

static struct err *no_unit(const struct plan_item *item)
{
    struct err *e = err_new(RW1017_NO_UNIT, "%s has nothing to run once", item->service->name);
    e = err_cause(e, "among its %zu objects is neither a Job nor a CronJob", item->manifests.count);
    return err_next(e, "rwml exec %s -- COMMAND   (in the pod that runs)", item->service->name);
}

static struct err *several(const char *name, const struct strv *labels)
{
    AUTO_STR list = strv_join(labels, ", ");
    struct err *e = err_new(RW1014_AMBIGUOUS, "%s has %zu units that could be run", name, labels->count);
    return err_next(err_cause(e, "%s", list), "rwml run %s", strchr(labels->items[0], '/') + 1);
}

struct err *unit_find(const struct plan_item *item, const char *name, const struct manifest_object **out)
{
    AUTO(strv) labels = { 0 };
    const struct manifest_object *only = NULL;
    for (size_t i = 0; i < item->manifests.count; i++) {
        const struct manifest_object *o = &item->manifests.objects[i];
        if (!is_unit(o))
            continue;
        only = o;
        strv_add(&labels, o->label);
        if (str_eq(o->name, name)) {
            *out = o;
            return NULL;
        }
    }
    if (!only)
        return no_unit(item);
    if (labels.count > 1)
        return several(name, &labels);
    *out = only;
    return NULL;
}

/* Of a CronJob: where it has what a Job has. */
static const char *job_pointer(const struct manifest_object *unit)
{
    return str_eq(unit->kind, "CronJob") ? "/spec/jobTemplate" : "";
}

json_t *unit_pod_spec(const struct manifest_object *unit)
{
    return doc_get(unit->tree, manifest_pod_pointer(unit));
}

struct err *unit_container(const struct manifest_object *unit, const char *wanted, const char **out)
{
    const json_t *spec = unit_pod_spec(unit);
    const json_t *template = doc_get(doc_get(unit->tree, job_pointer(unit)), "/spec/template/metadata");
    *out = wanted ? wanted : pod_default_container(template, spec);
    if (*out && pod_has_container(spec, *out))
        return NULL;
    AUTO_STR names = pod_container_names(spec);
    struct err *e = err_new(RW1018_NO_CONTAINER, "%s has no container %s", unit->label, wanted ? wanted : "at all");
    return manifest_err_where(err_cause(e, "it has: %s", *names ? names : "none"), unit, manifest_pod_pointer(unit));
}

static void copy_metadata(const json_t *from, json_t *job)
{
    static const char *const keys[] = { "/metadata/labels", "/metadata/annotations" };
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (doc_get(from, keys[i]))
            doc_set(job, keys[i], doc_copy(doc_get(from, keys[i])));
}

/* What speaks of retries goes with them: the API server refuses podFailurePolicy or a limit for each index
 * without. A selector is the controller's to make. */
static void run_once(json_t *spec, bool keep)
{
    static const char *const left_out[] = { "/suspend",
                                            "/selector",
                                            "/manualSelector",
                                            "/podFailurePolicy",
                                            "/maxFailedIndexes",
                                            "/backoffLimitPerIndex",
                                            "/ttlSecondsAfterFinished" };
    for (size_t i = 0; i < COUNT_OF(left_out); i++)
        doc_remove(spec, left_out[i]);
    doc_set(spec, "/backoffLimit", doc_integer(0));
    doc_set_text(spec, "/template/spec/restartPolicy", "Never");
    if (!keep)
        doc_set(spec, "/ttlSecondsAfterFinished", doc_integer(UNIT_STAYS_S));
}

static void set_arguments(json_t *pod_spec, const struct unit_wish *wish)
{
    json_t *container = doc_find(doc_get(pod_spec, "/containers"), "/name", wish->container);
    if (!container)
        container = doc_find(doc_get(pod_spec, "/initContainers"), "/name", wish->container);
    json_t *arguments = doc_array();
    for (size_t i = 0; i < wish->arguments->count; i++)
        doc_append(arguments, doc_string(wish->arguments->items[i]));
    doc_set(container, "/args", arguments);
}

json_t *unit_job(const struct manifest_object *unit, const struct unit_wish *wish)
{
    const json_t *from = doc_get(unit->tree, job_pointer(unit));
    json_t *job = doc_object();
    doc_set_text(job, "/apiVersion", "batch/v1");
    doc_set_text(job, "/kind", "Job");
    doc_set_text(job, "/metadata/name", wish->name);
    doc_set_text(job, "/metadata/namespace", unit->namespace);
    copy_metadata(from, job);
    doc_set(job, "/spec", doc_copy(doc_get(from, "/spec")));
    run_once(doc_get(job, "/spec"), wish->keep);
    if (wish->arguments->count)
        set_arguments(doc_get(job, "/spec/template/spec"), wish);
    return job;
}

char *unit_new_name(const char *unit, const char *random)
{
    int room = NAME_MAX_LEN - RANDOM_LEN - (int)strlen(MIDDLE);
    AUTO_STR front = xasprintf("%.*s", room, unit);
    for (size_t len = strlen(front); len > 0 && (front[len - 1] == '-' || front[len - 1] == '.'); len--)
        front[len - 1] = '\0';
    return xasprintf("%s%s%.*s", front, MIDDLE, RANDOM_LEN, random);
}

bool unit_runs_alone(const json_t *job)
{
    return doc_i64(job, "/spec/completions", 1) == 1 && doc_i64(job, "/spec/parallelism", 1) == 1 &&
           doc_count(doc_get(job, "/spec/template/spec/containers")) == 1 &&
           doc_count(doc_get(job, "/spec/template/spec/initContainers")) == 0;
}
