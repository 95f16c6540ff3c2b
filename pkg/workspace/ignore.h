/* ignore: .dockerignore, pattern by pattern as moby's patternmatcher understands it.
 *
 * Patterns are tried in order and the last that changes something wins; one that begins with "!"
 * takes a path in again. A pattern that matches a directory matches all below it. "*" and "?" stop
 * at slashes, "**" does not; "*.md" matches at the root only. (moby/patternmatcher,
 * MatchesOrParentMatches; ignorefile.ReadAll.) Because the context travels as a tar, the engine
 * applies none of this itself (BuildKit dockerui/context.go): we must.
 */
#ifndef WORKSPACE_IGNORE_H
#define WORKSPACE_IGNORE_H

#include "base/err.h"

struct ignore;

/* ignore_parse: name is what errors call the file: RW2002_IGNORE_SYNTAX with file:line. */
struct err *ignore_parse(const char *text, size_t len, const char *name, struct ignore **out) MUST_USE;

/* ignore_load: <dockerfile>.dockerignore (relative to root_fd) if there is one, else the
 * .dockerignore of the context directory, else one that ignores nothing. */
struct err *ignore_load(int root_fd, const char *context_dir, const char *dockerfile, struct ignore **out) MUST_USE;

/* ignore_has: the path, relative to the context, without "./", is left out. */
bool ignore_has(const struct ignore *g, const char *path);

/* ignore_may_keep_below: something below an ignored directory may be taken in again by a "!". */
bool ignore_may_keep_below(const struct ignore *g, const char *dir);
void ignore_free(struct ignore *g);
DEFINE_FREEP(ignore)

#endif
