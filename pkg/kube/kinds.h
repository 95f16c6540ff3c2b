/* kinds: the kinds that every API server has, so that the usual deploy needs no discovery.
 * For pkg/kube only; others ask kube_kind_find. */
#ifndef KUBE_KINDS_H
#define KUBE_KINDS_H

#include "kube/client.h"

/* kube_kind_builtin: false for a kind that is not in the table. */
bool kube_kind_builtin(const char *api_version, const char *kind, struct kube_kind *out);

/* kube_kind_builtin_version: the apiVersion of a built-in kind of this group; NULL: not in the table. */
const char *kube_kind_builtin_version(const char *group, const char *kind);

/* kube_kind_nearest: "apps/v1 Deployment" for a built-in kind whose name is close to `kind`, or
 * that is called so under another apiVersion; owned; NULL when there is none. */
char *kube_kind_nearest(const char *api_version, const char *kind) MUST_USE;

#endif
