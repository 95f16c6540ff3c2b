#include "manifest/pods.h"

void pod_containers(const struct manifest_object *o, struct strv *out)
{
    static const char *const lists[] = { "initContainers", "containers" };
    const char *pod = manifest_pod_pointer(o);
    for (size_t l = 0; pod && l < COUNT_OF(lists); l++) {
        AUTO_STR list = xasprintf("%s/%s", pod, lists[l]);
        const json_t *array = doc_get(o->tree, list);
        for (size_t i = 0; doc_is_array(array) && i < doc_count(array); i++)
            strv_addf(out, "%s/%zu", list, i);
    }
}
