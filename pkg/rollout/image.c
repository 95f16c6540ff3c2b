#include <string.h>

#include "rollout/finding.h"

static const json_t *find_container(const json_t *pod, const char *ordinary, const char *init, const char *name)
{
    const json_t *found = doc_find(doc_get(pod, ordinary), "/name", name);
    return found ? found : doc_find(doc_get(pod, init), "/name", name);
}

/* What CRI reports, seen on containerd 1.6: "sha256:<config>" for an image imported under plain
 * names; "docker.io/library/import-2026-11-24@sha256:<manifest>" as soon as anything with the same
 * config was imported with `--digests`, as kind load does. spec_image NULL: it proves nothing. */
static bool runs_image(const struct rollout_image *image, const char *image_id, const char *spec_image)
{
    const char *scheme = strstr(image_id, "://");
    if (scheme)
        image_id = scheme + 3;
    const char *at = strrchr(image_id, '@');
    const char *digest = at ? at + 1 : image_id;
    if (str_eq(digest, image->config_digest))
        return true;
    /* The manifest may be another one over the same config. The content name holds the digest and was
     * verified in the node when it was put there: it decides. */
    return at && str_eq(spec_image, image->name);
}

static char *prove_one(const json_t *pod, const struct rollout_image *image, bool in_place, bool *known)
{
    const json_t *status =
        find_container(pod, "/status/containerStatuses", "/status/initContainerStatuses", image->container);
    const json_t *spec = find_container(pod, "/spec/containers", "/spec/initContainers", image->container);
    const char *image_id = doc_text(status, "/imageID");
    const char *spec_image = doc_text(spec, "/image");
    *known = true;
    if (!spec_image)
        return xasprintf("the pod has no container \"%s\"", image->container);
    *known = image_id && *image_id;
    if (!*known || runs_image(image, image_id, in_place ? NULL : spec_image))
        return NULL;
    *known = !in_place;
    return xasprintf("container \"%s\" was to run %s (%s), but runs %s (%s)", image->container, image->name,
                     image->config_digest, spec_image, image_id);
}

char *image_proof(const json_t *pod, const struct rollout_image *images, size_t count, bool in_place,
                  struct image_answer *out)
{
    *out = (struct image_answer){.known = true};
    for (size_t i = 0; i < count; i++) {
        bool known;
        char *wrong = prove_one(pod, &images[i], in_place, &known);
        out->known = out->known && known;
        if (!wrong)
            continue;
        out->container = images[i].container;
        return wrong;
    }
    return NULL;
}
