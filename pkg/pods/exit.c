#include "pods/exit.h"

static const char *const lists[] = { "/status/containerStatuses", "/status/initContainerStatuses" };

/* What a container ended with; -1: it has not. */
static int code_of(const json_t *status)
{
    int64_t code = doc_i64(status, "/state/terminated/exitCode", -1);
    return code >= 0 && code <= 255 ? (int)code : -1;
}

static int code_of_named(const json_t *pod, const char *container)
{
    const json_t *status = NULL;
    for (size_t i = 0; !status && i < COUNT_OF(lists); i++)
        status = doc_find(doc_get(pod, lists[i]), "/name", container);
    return code_of(status);
}

/* The first that is no success; 0: there is none. */
static int failure_in(const json_t *pod)
{
    for (size_t l = 0; l < COUNT_OF(lists); l++) {
        size_t i;
        const json_t *status;
        DOC_EACH_ITEM (doc_get(pod, lists[l]), i, status)
            if (code_of(status) > 0)
                return code_of(status);
    }
    return 0;
}

static bool is_owned_by(const json_t *pod, const char *uid)
{
    return doc_find(doc_get(pod, "/metadata/ownerReferences"), "/uid", uid) != NULL;
}

int pods_exit_code(const json_t *pods, const char *owner_uid, const char *container)
{
    int named = -1, other = 0;
    size_t i;
    const json_t *pod;
    DOC_EACH_ITEM (pods, i, pod) {
        int code = is_owned_by(pod, owner_uid) ? code_of_named(pod, container) : -1;
        if (code > 0)
            return code;
        if (code == 0)
            named = 0;
        if (is_owned_by(pod, owner_uid) && !other)
            other = failure_in(pod);
    }
    return other ? other : named;
}
