/* choose: which pod, and which of its containers, is meant by somebody who names neither. Pure. */
#ifndef PODS_CHOOSE_H
#define PODS_CHOOSE_H

#include "doc/tree.h"

/* pod_newest_ready: of the pods that are Ready and not being deleted the one that was made last; NULL: there is none.
 * Borrowed. */
const json_t *pod_newest_ready(const json_t *const *pods, size_t count);

/* pod_why_not_ready: a few words: "app: CrashLoopBackOff", "being deleted", "Unschedulable"; owned. */
char *pod_why_not_ready(const json_t *pod) MUST_USE;

/* pod_default_container: the container of a pod's spec that commands work on: the one that the pod's annotation
 * kubectl.kubernetes.io/default-container names, else the first. metadata may be NULL. Borrowed; NULL where the
 * spec has no container. */
const char *pod_default_container(const json_t *metadata, const json_t *spec);

/* pod_has_container: is it one of the spec's containers? Init containers that go on running (restartPolicy Always)
 * count, too. */
bool pod_has_container(const json_t *spec, const char *name);

/* pod_container_names: those names, for messages: "app, proxy"; owned. One whose name is no text is left out. */
char *pod_container_names(const json_t *spec) MUST_USE;

#endif
