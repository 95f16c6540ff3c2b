/* path: paths inside a tree such as the workspace, as text. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/buf.h"
#include "base/err.h"

/* path_clean: the shortest path that means the same, by text alone: as Go's path.Clean, so
 * "./a//b/../c/" gives "a/c" and "" gives ".". */
char *path_clean(const char *path) MUST_USE;

/* path_is_inside: relative, and cleaned it does not begin with "..". */
bool path_is_inside(const char *path);

/* path_is_below: path is dir or lies in it; both cleaned. Everything relative is below ".". */
bool path_is_below(const char *path, const char *dir);

/* path_join: dir "." adds nothing. path_parent: "." for a name without a slash. */
char *path_join(const char *dir, const char *name) MUST_USE;
char *path_parent(const char *path) MUST_USE;

#endif
