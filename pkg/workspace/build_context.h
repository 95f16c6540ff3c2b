/* build_context: the build context as a stream of tar bytes that is pulled, for the engine's
 * POST /build.
 *
 * The tree is walked by directory descriptors that follow no link, so nothing outside of it can
 * get in (CVE-2022-39253): links are sent as links. Entries come sorted bytewise by path
 * component, owned by 0:0, with their real modes and whole-second times, so that equal trees give
 * equal bytes. Sockets, FIFOs and devices are left out and listed. The Dockerfile is the first
 * entry in plain ustar form, for the engine looks at no more than 1024 bytes to see whether this
 * is a tar at all, and it is sent even when .dockerignore names it, as docker does.
 * Memory is bounded: one read buffer, and the names of the directories that are open.
 */
#ifndef WORKSPACE_BUILD_CONTEXT_H
#define WORKSPACE_BUILD_CONTEXT_H

#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

struct build_context;

/* build_context_open: root_fd is only used during the call. dir and dockerfile are relative to it;
 * a dockerfile outside dir travels under a fixed name. Errors: RW1013_NO_DOCKERFILE,
 * RW2002_IGNORE_SYNTAX, RW2003_CONTEXT_UNREADABLE. */
struct err *build_context_open(int root_fd, const char *dir, const char *dockerfile,
                               struct build_context **out) MUST_USE;

/* build_context_read: the next bytes, at most room; *out_len 0 is the end. After an error the
 * stream is not a whole tar and the request must be aborted: RW2003_CONTEXT_UNREADABLE with the
 * path, RW2004_CONTEXT_CHANGED when a file changed its size while it was read. The first argument
 * is a struct build_context: the form fits an upload callback. */
struct err *build_context_read(void *build_context, void *to, size_t room, size_t *out_len) MUST_USE;

/* The Dockerfile's name inside the tar: the `dockerfile` parameter of POST /build. */
const char *build_context_get_dockerfile(const struct build_context *c);

struct build_context_totals {
    uint64_t files;     /* regular files sent so far */
    uint64_t bytes;     /* of their content */
    uint64_t tar_bytes; /* given out by build_context_read */
};
struct build_context_totals build_context_get_totals(const struct build_context *c);

/* Paths of sockets, FIFOs and devices that were left out so far. */
const struct strv *build_context_get_skipped(const struct build_context *c);
void build_context_free(struct build_context *c);
DEFINE_FREEP(build_context)

#endif
