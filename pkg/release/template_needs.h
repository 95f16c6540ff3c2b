/* template_needs: the ConfigMaps and Secrets that an older pod template needs. For pkg/release only. */
#ifndef RELEASE_TEMPLATE_NEEDS_H
#define RELEASE_TEMPLATE_NEEDS_H

#include "base/strv.h"
#include "kube/client.h"

/* Names in the workload's namespace, each once; without those that are optional. */
struct template_needs {
    struct strv config_maps;
    struct strv secrets;
};
void template_needs_release(struct template_needs *n);

/* template_needs_add: those of a template of this workload. Pure. */
void template_needs_add(const json_t *workload, const json_t *template, struct template_needs *n);

/* template_needs_check: all of them are in the cluster, as far as this user may read them.
 * RW5003_REFERENCE_MISSING. what: the workload, and service the one that it belongs to, for the message. */
struct err *template_needs_check(struct kube_client *c, const json_t *workload, const json_t *template,
                                 const char *what, const char *service) MUST_USE;

#endif
