/* uses: which images the cluster's objects name. For pkg/flow only. */
#ifndef FLOW_USES_H
#define FLOW_USES_H

#include "base/strv.h"
#include "kube/client.h"

struct image_use {
    char *image; /* as it is written: a name, or an id */
    char *by;    /* "ReplicaSet shop/web-5d4" */
};

struct image_uses {
    struct image_use *items;
    size_t count;
};

/* uses_add: every image that the object names, wherever it stands in it: containers of all kinds,
 * their status, volumes, templates within templates. An object is left as it was. Pure. */
void uses_add(struct image_uses *u, json_t *object);

/* uses_find: those of all namespaces' pods, in whatever phase, and of whatever makes pods or keeps
 * a template for a rollback: scaled to 0, suspended, or a revision of before. */
struct err *uses_find(struct kube_client *c, struct image_uses *out) MUST_USE;
void image_uses_release(struct image_uses *u);

#endif
