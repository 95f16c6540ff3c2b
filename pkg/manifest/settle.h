/* settle: Ready has to last. */
#ifndef MANIFEST_SETTLE_H
#define MANIFEST_SETTLE_H

#include <stdint.h>

#include "manifest/set.h"

/* manifest_set_settle: gives minReadySeconds to every Deployment that has neither it nor a
 * readinessProbe in any container, so that its old pods serve until the new ones have lasted.
 * seconds 0: off. Returns how many were changed. */
size_t manifest_set_settle(struct manifest_set *set, int64_t seconds);

#endif
