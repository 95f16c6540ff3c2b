#include "release/immutable.h"

#include <string.h>

#include "kube/differences.h"

/* What may be changed, by Kubernetes' validation of updates (pkg/apis/apps/validation, core/validation). */
static const struct mutable_spec {
    const char *kind;
    const char *pointers[8];
} mutable_specs[] = {
    { "StatefulSet",
      { "/spec/replicas", "/spec/ordinals", "/spec/template", "/spec/updateStrategy", "/spec/revisionHistoryLimit",
        "/spec/persistentVolumeClaimRetentionPolicy", "/spec/minReadySeconds" } },
    { "PersistentVolumeClaim", { "/spec/resources", "/spec/volumeAttributesClassName" } },
    { "Pod", { "/spec/activeDeadlineSeconds", "/spec/tolerations", "/spec/terminationGracePeriodSeconds" } },
};

static const struct mutable_spec *find(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(mutable_specs); i++)
        if (str_eq(mutable_specs[i].kind, kind))
            return &mutable_specs[i];
    return NULL;
}

static void drop_images(json_t *object)
{
    static const char *const lists[] = { "/spec/containers", "/spec/initContainers" };
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        size_t k;
        json_t *container;
        DOC_EACH_ITEM (doc_get(object, lists[i]), k, container)
            doc_remove(container, "/image");
    }
}

/* The spec alone, without what may be changed. */
static json_t *fixed_part(const json_t *object, const struct mutable_spec *spec)
{
    json_t *out = doc_object();
    doc_set(out, "/spec", doc_copy(doc_get(object, "/spec")));
    for (size_t i = 0; i < COUNT_OF(spec->pointers) && spec->pointers[i]; i++)
        doc_remove(out, spec->pointers[i]);
    drop_images(out);
    return out;
}

char *immutable_field(const json_t *live, const json_t *wanted)
{
    const struct mutable_spec *spec = find(doc_text(wanted, "/kind"));
    if (!spec || !doc_get(live, "/spec") || !doc_get(wanted, "/spec"))
        return NULL;
    DOC_AUTO is = fixed_part(live, spec);
    DOC_AUTO is_to_be = fixed_part(wanted, spec);
    return kube_first_difference(is, is_to_be);
}

struct err *immutable_advise(struct err *e, struct kube_id id, const char *command)
{
    AUTO_STR object = id.namespace ? xasprintf("-n %s delete %s %s", id.namespace, id.kind, id.name)
                                   : xasprintf("delete %s %s", id.kind, id.name);
    if (str_eq(id.kind, "ConfigMap") || str_eq(id.kind, "Secret"))
        return err_next(e, "give it another name, here and where it is used: it says of itself that it never changes");
    if (str_eq(id.kind, "PersistentVolumeClaim"))
        return err_next(e, "give it another name, or undo the change: replacing it would lose its data");
    if (str_eq(id.kind, "StatefulSet"))
        return err_next(e, "kubectl %s --cascade=orphan && %s   (pods and volumes stay)", object, command);
    return err_next(e, "undo the change, or replace it: kubectl %s && %s", object, command);
}

/* Who writes both into the manifest is told by the server's words alone. */
static bool is_left_by_default(const struct err *e, const json_t *live, const json_t *wanted)
{
    static const char pointer[] = "/spec/strategy/rollingUpdate";
    const char *cause = err_get_cause(e);
    return cause && strstr(cause, "spec.strategy.rollingUpdate") && doc_get(live, pointer) &&
           !doc_get(wanted, pointer) && str_eq(doc_text(wanted, "/spec/strategy/type"), "Recreate");
}

struct err *immutable_advise_strategy(struct err *e, const json_t *live, const json_t *wanted, const char *command)
{
    struct kube_id id = kube_id_of(wanted);
    if (!str_eq(id.kind, "Deployment") || !is_left_by_default(e, live, wanted))
        return e;
    return err_next(e,
                    "kubectl -n %s patch deployment %s --type merge "
                    "-p '{\"spec\":{\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":null}}}' && %s",
                    id.namespace, id.name, command);
}
