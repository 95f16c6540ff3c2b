/* orphans: services that this workspace deployed and does not have any more, since they were renamed or removed.
 *
 * What they were deployed as stays in the cluster, and runs: under its old name a consumer goes on reading beside
 * its renamed self. Nobody asked for its removal, so that it is only told of, with the command that does it. */
#ifndef RELEASE_ORPHANS_H
#define RELEASE_ORPHANS_H

#include "plan/request.h"
#include "plan/target.h"

/* orphans_in: of those with such parents (service_set_list), each once and in their order. Pure. */
void orphans_in(const json_t *parents, const struct workspace *workspace, struct strv *out);

/* orphans_tell: asks the cluster, and tells of each. Who may not list ConfigMaps everywhere, or whose API server
 * fails just now, hears of it with -v. */
void orphans_tell(const struct request *request, const char *stage, const struct target *target,
                  const struct workspace *workspace);

#endif
