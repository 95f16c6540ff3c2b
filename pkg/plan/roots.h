/* roots: the workloads of a plan's manifests, from which its pods are found. */
#ifndef PLAN_ROOTS_H
#define PLAN_ROOTS_H

#include "plan/plan.h"
#include "pods/roots.h"

struct roots {
    struct pod_root *items; /* these two borrow from the plan */
    json_t **trees;         /* the manifests' objects */
    size_t count;
};

/* roots_add: all of them, of every service. */
void roots_add(const struct plan *plan, struct roots *out);
void roots_release(struct roots *r);

#endif
