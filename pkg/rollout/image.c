#include <string.h>

#include "rollout/finding.h"

static const json_t *find_container(const json_t *pod, const char *ordinary, const char *init, const char *name)
{
    const json_t *found = doc_find(doc_get(pod, ordinary), "/name", name);
    return found ? found : doc_find(doc_get(pod, init), "/name", name);
}

/* What CRI reports, seen on containerd 1.6: "sha256:<config>" for an image imported under plain
 * names; "docker.io/library/import-2026-11-24@sha256:<manifest>" as soon as anything with the same
 * config was imported with `--digests`, as kind load does. */
static bool has_digest(const struct rollout_image *image, const char *image_id)
{
    const char *scheme = strstr(image_id, "://");
    const char *at = strrchr(image_id, '@');
    const char *digest = at ? at + 1 : scheme ? scheme + 3 : image_id;
    return str_eq(digest, image->config_digest);
}

/* The manifest may be another one over the same config. The content name holds the digest and was
 * verified in the node when it was put there: it decides. */
bool rollout_runs_image(const struct rollout_image *image, const char *image_id, const char *spec_image)
{
    return has_digest(image, image_id) || (strchr(image_id, '@') && str_eq(spec_image, image->name));
}

static const char *started_at(const json_t *status)
{
    static const char *const pointers[] = { "/state/running/startedAt", "/state/terminated/startedAt",
                                            "/lastState/terminated/startedAt" };
    const char *time = NULL;
    for (size_t i = 0; i < COUNT_OF(pointers) && !time; i++)
        time = doc_text(status, pointers[i]);
    return time;
}

/* spec.image of a pod can be changed in place, which is how a bare Pod gets a new version; the
 * kubelet ends the old container seconds later. Until then spec and status speak of two containers,
 * and neither a digest nor spec.image says what the next one will run. status.image is no help: CRI
 * gives the first tag of the same image id. When the container was started tells the two apart. */
static bool is_replaced_soon(const json_t *pod, const json_t *status)
{
    return pod_changed_since(pod, started_at(status));
}

static char *prove_one(const json_t *pod, const struct rollout_image *image, bool *known)
{
    const json_t *status =
        find_container(pod, "/status/containerStatuses", "/status/initContainerStatuses", image->container);
    const json_t *spec = find_container(pod, "/spec/containers", "/spec/initContainers", image->container);
    const char *image_id = doc_text(status, "/imageID");
    const char *spec_image = doc_text(spec, "/image");
    if (!spec_image)
        return xasprintf("the pod has no container \"%s\"", image->container);
    if (!image_id || !*image_id || (!has_digest(image, image_id) && is_replaced_soon(pod, status))) {
        *known = false;
        return NULL;
    }
    if (rollout_runs_image(image, image_id, spec_image))
        return NULL;
    return xasprintf("container \"%s\" was to run %s (%s), but runs %s (%s)", image->container, image->name,
                     image->config_digest, spec_image, image_id);
}

char *image_proof(const json_t *pod, const struct rollout_image *images, size_t count, bool *known,
                  const char **container)
{
    *known = true;
    for (size_t i = 0; i < count; i++) {
        char *wrong = prove_one(pod, &images[i], known);
        if (wrong) {
            *container = images[i].container;
            return wrong;
        }
    }
    return NULL;
}
