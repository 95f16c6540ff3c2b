/* source: which file of the workspace a file of an image was made from.
 *
 * An image tells nothing of that, so it is found by what it looks like: the longest end of the path that is a
 * file below the workspace's root, the service's own sources, or what its Dockerfile copies, and whose line
 * is the one that a traceback shows. Two that fit equally well are none, but for the service's own.
 */
#ifndef WORKSPACE_SOURCE_H
#define WORKSPACE_SOURCE_H

#include <stdint.h>

#include "workspace/workspace.h"

/* workspace_source: path: in the container, "/app/services/web/main.py"; line: from 1; source: the line's text, or how
 * it begins, without blanks around it; NULL: not known, then it is enough that there is such a line. Relative to the
 * root, owned; NULL: not found. */
char *workspace_source(const struct workspace *w, const struct service *s, const char *path, int64_t line,
                       const char *source) MUST_USE;

#endif
