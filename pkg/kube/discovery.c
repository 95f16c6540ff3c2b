#include <string.h>

#include "kube/call.h"
#include "kube/kinds.h"

/* GET /api/v1 or /apis/<group>/<version>; *out is borrowed from the client, NULL when the server
 * has no such group or version. Only what was found is kept: a CustomResourceDefinition may be
 * part of the very deploy. */
static struct err *resources_of(struct kube_client *c, const char *api_version, bool fresh, const json_t **out)
{
    *out = doc_key(c->discovered, api_version);
    if (*out && !fresh)
        return NULL;
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, strchr(api_version, '/') ? "/apis" : "/api");
    http_path_segments(&path, api_version);
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path }, &answer));
    *out = NULL;
    if (answer.status == 404)
        return NULL;
    if (answer.status != 200)
        return kube_unexpected(&answer, "cannot ask the API server for the kinds of %s", api_version);
    doc_set_key(c->discovered, api_version, STEAL(&answer.body));
    *out = doc_key(c->discovered, api_version);
    return NULL;
}

static const json_t *resource_of_kind(const json_t *list, const char *kind)
{
    size_t i;
    json_t *resource;
    DOC_EACH_ITEM (doc_key(list, "resources"), i, resource) {
        const char *name = doc_text(resource, "/name");
        if (name && !strchr(name, '/') && str_eq(doc_text(resource, "/kind"), kind))
            return resource;
    }
    return NULL;
}

static struct err *unknown_kind(const char *api_version, const char *kind, bool group_known)
{
    struct err *e = err_new(RW5001_OBJECT_INVALID, "the cluster knows no kind %s in apiVersion %s", kind, api_version);
    AUTO_STR nearest = kube_kind_nearest(api_version, kind);
    if (nearest)
        return err_cause(e, "did you mean %s?", nearest);
    if (!group_known)
        return err_cause(e, "the API server has no %s; a CustomResourceDefinition may be missing", api_version);
    return e;
}

struct err *kube_kind_find(struct kube_client *c, const char *api_version, const char *kind, struct kube_kind *out)
{
    if (!api_version || !kind)
        return err_new(RW5001_OBJECT_INVALID, "an object without %s", api_version ? "kind" : "apiVersion");
    if (kube_kind_builtin(api_version, kind, out))
        return NULL;
    const json_t *list;
    TRY(resources_of(c, api_version, false, &list));
    if (list && !resource_of_kind(list, kind))
        TRY(resources_of(c, api_version, true, &list));
    const json_t *resource = resource_of_kind(list, kind);
    if (!resource)
        return unknown_kind(api_version, kind, list != NULL);
    *out = (struct kube_kind){ doc_text(resource, "/name"), doc_bool(resource, "/namespaced", false) };
    return NULL;
}

/* GET /apis/<group>: the version that the server prefers; NULL: no such group. */
static struct err *preferred_version(struct kube_client *c, const char *group, char **out)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/apis");
    http_path_segment(&path, group);
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path }, &answer));
    if (answer.status != 200 && answer.status != 404)
        return kube_unexpected(&answer, "cannot ask the API server for the versions of %s", group);
    *out = answer.status == 200 ? xstrdup(doc_text(answer.body, "/preferredVersion/groupVersion")) : NULL;
    return NULL;
}

struct err *kube_group_version(struct kube_client *c, const char *group, const char *kind, char **api_version)
{
    const char *builtin = kube_kind_builtin_version(group, kind);
    AUTO_STR version = xstrdup(builtin);
    const json_t *list = NULL;
    if (!builtin && *group)
        TRY(preferred_version(c, group, &version));
    if (!builtin && version)
        TRY(resources_of(c, version, true, &list));
    bool known = builtin || resource_of_kind(list, kind);
    *api_version = known ? STEAL(&version) : NULL;
    return NULL;
}
