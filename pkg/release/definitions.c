#include "release/definitions.h"

#include <string.h>

#include "base/clock.h"

enum { POLL_MS = 100 };

static bool has_version(const json_t *definition, const char *version)
{
    return doc_find(doc_get(definition, "/spec/versions"), "/name", version) != NULL;
}

const json_t *definition_find(const struct manifest_set *set, const char *api_version, const char *kind)
{
    const char *slash = strchr(api_version, '/');
    if (!slash)
        return NULL;
    AUTO_STR group = xstrndup(api_version, (size_t)(slash - api_version));
    for (size_t i = 0; i < set->count; i++) {
        const json_t *each = set->objects[i].tree;
        if (str_eq(set->objects[i].kind, "CustomResourceDefinition") && str_eq(doc_text(each, "/spec/group"), group) &&
            str_eq(doc_text(each, "/spec/names/kind"), kind) && has_version(each, slash + 1))
            return each;
    }
    return NULL;
}

bool definition_is_namespaced(const json_t *definition)
{
    return !str_eq(doc_text(definition, "/spec/scope"), "Cluster");
}

static const char *condition(const json_t *live, const char *type, const char *what)
{
    const json_t *found = doc_find(doc_get(live, "/status/conditions"), "/type", type);
    return doc_text(found, what);
}

static struct err *look(struct kube_client *c, const json_t *definition, const char *api_version, const char *kind,
                        bool *ready)
{
    DOC_AUTO live = NULL;
    struct kube_kind found;
    struct kube_id id = kube_id_of(definition);
    TRY(kube_get(c, id, &live));
    *ready = false;
    if (str_eq(condition(live, "NamesAccepted", "/status"), "False")) {
        struct err *e = err_new(RW5401_OBJECT_REJECTED, "%s %s: its names are taken", id.kind, id.name);
        return err_cause(e, "%s", condition(live, "NamesAccepted", "/message"));
    }
    if (!str_eq(condition(live, "Established", "/status"), "True"))
        return NULL;
    struct err *e = kube_kind_find(c, api_version, kind, &found);
    *ready = !e;
    if (e && err_get_code(e) == RW5001_OBJECT_INVALID) {
        err_ignore(e, "an established kind is served a moment later");
        return NULL;
    }
    return e;
}

struct err *definition_wait(struct kube_client *c, const json_t *definition, const char *api_version, const char *kind,
                            const struct cancel *cancel, int64_t deadline_ms)
{
    for (;;) {
        bool ready;
        TRY(look(c, definition, api_version, kind, &ready));
        if (ready)
            return NULL;
        if (clock_ms() >= deadline_ms)
            return err_new(RW9007_DEADLINE, "the API server does not serve the kind %s of %s yet", kind, api_version);
        TRY(cancel_sleep(cancel, clock_earlier(clock_after(POLL_MS), deadline_ms)));
    }
}
