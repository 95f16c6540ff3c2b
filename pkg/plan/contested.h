/* contested: objects that two services of a plan have in their manifests, and not with the same contents. Whichever is
 * deployed last wins, so that every run changes them again, and none ever has nothing to write. Pure. */
#ifndef PLAN_CONTESTED_H
#define PLAN_CONTESTED_H

#include "plan/plan.h"

/* contested_find: a line for each such object, once the variables are set: which one, where both have it, and the first
 * field that differs, without its value. */
void contested_find(const struct plan *plan, struct strv *lines);

#endif
