/* dockerfile: what rwml has to know of a Dockerfile before the engine reads it.
 *
 * Lines are joined as BuildKit does (frontend/dockerfile/parser): a backslash, blanks after it
 * allowed, continues a line; comments and empty lines inside a continued one are passed over;
 * CRLF and a byte order mark are fine; `# escape=` changes the escape character; heredocs are
 * passed over. Instructions that rwml has no use for are not looked into: judging them is the
 * engine's business, in the engine's words. Errors: RW2001_DOCKERFILE_SYNTAX with file:line for a
 * file without FROM, a FROM without an image, and a heredoc without its end.
 */
#ifndef WORKSPACE_DOCKERFILE_H
#define WORKSPACE_DOCKERFILE_H

#include "base/err.h"
#include "base/strv.h"

struct dockerfile_stage {
    char *name; /* AS name; NULL without */
    char *base; /* what FROM names, ARGs filled in; an image, "scratch" or an earlier stage; NULL if an ARG in it has no
                   value */
    size_t line;
    bool used;        /* the last stage needs it */
    struct strv from; /* other stages and images that it copies or mounts from */
};

struct dockerfile {
    char *syntax; /* `# syntax=`; NULL without */
    struct dockerfile_stage *stages;
    size_t stage_count;
    struct strv
        bases; /* images to be had before a build without a session, each once: of used stages, and the frontend */
    char *service_arg;   /* declared ARG without default that wants a service's name: SERVICE_NAME, SERVICE, APP_NAME or
                            APP; or NULL */
    struct strv args;    /* every declared ARG's name */
    struct strv sources; /* local sources of COPY and ADD, cleaned, ARGs filled in; may hold wildcards */
    struct strv copied;  /* x of services/x among those, each once */
    struct strv runs;    /* x of services/x that the last CMD or ENTRYPOINT names, each once */
    bool wants_secret;   /* RUN --mount=type=secret */
    bool wants_ssh;      /* RUN --mount=type=ssh */
};

/* dockerfile_parse: build_args ("NAME=value") win over the defaults of ARG. name is what errors
 * call the file. Sources whose ARGs have no value are left out. */
struct err *dockerfile_parse(const char *text, size_t len, const char *name, const struct strv *build_args,
                             struct dockerfile *out) MUST_USE;
struct err *dockerfile_load(int root_fd, const char *path, const struct strv *build_args,
                            struct dockerfile *out) MUST_USE;
void dockerfile_release(struct dockerfile *d);

#endif
