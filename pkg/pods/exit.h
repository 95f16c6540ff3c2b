/* exit: what a Job's programs ended with. Pure. */
#ifndef PODS_EXIT_H
#define PODS_EXIT_H

#include "doc/tree.h"

/* pods_exit_code: of the pods that the object with this uid owns. Where `container` has ended with another code than
 * 0 in one of them, that code, of the pod that comes first; else that of any other container or init container that
 * has; else 0 where the container has ended. -1: nothing has ended, or nobody can tell with what. */
int pods_exit_code(const json_t *pods, const char *owner_uid, const char *container);

#endif
