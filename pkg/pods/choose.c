#include "pods/choose.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

static const json_t *condition_of(const json_t *pod, const char *type)
{
    return doc_find(doc_get(pod, "/status/conditions"), "/type", type);
}

static bool is_ready(const json_t *pod)
{
    return str_eq(doc_text(condition_of(pod, "Ready"), "/status"), "True") &&
           !doc_get(pod, "/metadata/deletionTimestamp");
}

/* RFC 3339 in UTC sorts as text. */
static bool is_newer(const json_t *a, const json_t *b)
{
    const char *made_a = doc_text(a, "/metadata/creationTimestamp"),
               *made_b = doc_text(b, "/metadata/creationTimestamp");
    return !b || (made_a && made_b && strcmp(made_a, made_b) > 0);
}

const json_t *pod_newest_ready(const json_t *const *pods, size_t count)
{
    const json_t *newest = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_ready(pods[i]) && is_newer(pods[i], newest))
            newest = pods[i];
    return newest;
}

/* Of the first container that is not ready; NULL: all are, or have not been started yet. */
static char *why_container(const json_t *pod)
{
    size_t i;
    const json_t *status;
    DOC_EACH_ITEM (doc_get(pod, "/status/containerStatuses"), i, status) {
        if (doc_bool(status, "/ready", false))
            continue;
        const char *name = doc_text(status, "/name"), *waits = doc_text(status, "/state/waiting/reason");
        if (waits)
            return xasprintf("%s: %s", name, waits);
        if (doc_get(status, "/state/terminated"))
            return xasprintf("%s: ended with exit %d", name, (int)doc_i64(status, "/state/terminated/exitCode", -1));
        return xasprintf("%s: runs, and is not ready", name);
    }
    return NULL;
}

char *pod_why_not_ready(const json_t *pod)
{
    if (doc_get(pod, "/metadata/deletionTimestamp"))
        return xstrdup("being deleted");
    const json_t *scheduled = condition_of(pod, "PodScheduled");
    if (str_eq(doc_text(scheduled, "/status"), "False"))
        return xstrdup(doc_text(scheduled, "/reason") ? doc_text(scheduled, "/reason") : "not scheduled");
    char *container = why_container(pod);
    if (container)
        return container;
    const char *phase = doc_text(pod, "/status/phase");
    return xstrdup(phase ? phase : "no status yet");
}

const char *pod_default_container(const json_t *metadata, const json_t *spec)
{
    const char *named = doc_text(metadata, "/annotations/kubectl.kubernetes.io~1default-container");
    if (named && pod_has_container(spec, named))
        return named;
    return doc_text(doc_at(doc_get(spec, "/containers"), 0), "/name");
}

static bool goes_on(const json_t *init_container)
{
    return str_eq(doc_text(init_container, "/restartPolicy"), "Always");
}

bool pod_has_container(const json_t *spec, const char *name)
{
    const json_t *init = doc_find(doc_get(spec, "/initContainers"), "/name", name);
    return doc_find(doc_get(spec, "/containers"), "/name", name) || (init && goes_on(init));
}

/* A manifest that nobody has checked yet may hold anything: `name: n` is a boolean there. */
static void add_name(const json_t *container, struct strv *names)
{
    if (doc_text(container, "/name"))
        strv_add(names, doc_text(container, "/name"));
}

char *pod_container_names(const json_t *spec)
{
    AUTO(strv) names = { 0 };
    size_t i;
    const json_t *each;
    DOC_EACH_ITEM (doc_get(spec, "/containers"), i, each)
        add_name(each, &names);
    DOC_EACH_ITEM (doc_get(spec, "/initContainers"), i, each)
        if (goes_on(each))
            add_name(each, &names);
    return strv_join(&names, ", ");
}
