/* images: the references that rwml built are replaced by content names, in every container and
 * init container of every workload. */
#ifndef MANIFEST_IMAGES_H
#define MANIFEST_IMAGES_H

#include "base/err.h"
#include "manifest/set.h"

struct image_name {
    const char *reference;    /* as users write it: "web:dev" */
    const char *content_name; /* what it becomes: "web:dev-0123456789ab" */
};

struct image_change {
    const struct manifest_object *object; /* borrowed */
    char *container;
    char *from;
    char *to;
    bool policy_set; /* imagePullPolicy became IfNotPresent */
};

struct image_changes {
    struct image_change *items;
    size_t count;
};

/* manifest_set_images: references are compared in full form (oci). imagePullPolicy becomes
 * IfNotPresent where the kubelet would otherwise ask a registry for what is only in the node:
 * `Always`. `Never` stays. RW5001_OBJECT_INVALID with file:line:column for an image that is no
 * reference. */
struct err *manifest_set_images(struct manifest_set *set, const struct image_name *names, size_t count,
                                struct image_changes *out) MUST_USE;
void image_changes_release(struct image_changes *c);

#endif
