#include "kube/apply.h"
#include "kube/owners.h"

/* The field of the pods' ServiceAccount, and the name that it had before, which the server keeps in step. */
static const char *const NAMES[] = { "serviceAccountName", "serviceAccount" };

static bool names_account(const json_t *object, const char *pod)
{
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        AUTO_STR pointer = doc_pointer_add(pod, NAMES[i]);
        const char *name = doc_text(object, pointer);
        if (name && *name)
            return true;
    }
    return false;
}

static bool is_others(const json_t *live, const char *pod)
{
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        AUTO_STR pointer = doc_pointer_add(pod, NAMES[i]);
        if (kube_is_others(live, pointer))
            return true;
    }
    return false;
}

/* What an apply no longer has is taken out of the live object if rwml owned it. That holds for the one name; the other
 * one the server has filled in, nobody owns it, and out of it the server fills in the first one again. */
json_t *kube_without_account(const json_t *live, const json_t *object, const char *pod)
{
    if (!names_account(live, pod) || names_account(object, pod) || is_others(live, pod))
        return NULL;
    json_t *out = doc_copy(object);
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        AUTO_STR pointer = doc_pointer_add(pod, NAMES[i]);
        doc_set_text(out, pointer, "");
    }
    return out;
}
