/* find: where the workspace begins. The rules are numbered as in docs/discovery.md, section 1. */
#ifndef WORKSPACE_FIND_H
#define WORKSPACE_FIND_H

#include "base/err.h"

/* workspace_find: the root for a command that was started in start_dir (or given it by -C).
 * R1 the nearest directory upwards that holds rwml.yaml; R2 else the nearest that holds a
 * deployment directory and one of docker/, services/; R3 else the root of the git work tree.
 * *out: absolute, owned. RW1010_NO_WORKSPACE names what was looked for; RW9001_FILE when
 * start_dir can't be entered. */
struct err *workspace_find(const char *start_dir, char **out) MUST_USE;

#endif
