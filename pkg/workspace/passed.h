/* passed: directories among the manifests that have files for Kubernetes and are no service. For this package alone.
 *
 *   passed.c     which there are, and which of them somebody will miss
 *   near_miss.c  what keeps one from being a service */
#ifndef WORKSPACE_PASSED_H
#define WORKSPACE_PASSED_H

#include "workspace/workspace.h"

/* passed_add: keeps what is known of the directory; all is copied. odd_name: may be NULL. */
void passed_add(struct workspace *w, const char *path, const char *kustomization, const struct strv *manifests,
                const char *odd_name);
void passed_release(struct workspace *w);

/* passed_named: the one that is called so, like a service of this repository, and that no unit takes in; borrowed,
 * NULL for none. */
const struct passed_dir *passed_named(const struct workspace *w, const char *name);

/* passed_error: why it is no service: RW1015_NO_MANIFESTS with the file and what was probably meant, or why its
 * files can't be read or rendered. Never NULL. */
struct err *passed_error(const struct workspace *w, const struct passed_dir *p) MUST_USE;

/* passed_check: a line for each one that is called like a service of this repository and that no unit takes in.
 * Errors, joined: why the files of such a directory can't be read or rendered. */
struct err *passed_check(const struct workspace *w, struct strv *warnings) MUST_USE;

/* near_miss: what keeps the directory from being a service. Errors: those of reading and rendering its files. */
struct near_miss {
    char *reason; /* "no workload in it has an image that is built here (…)" */
    char *where;  /* file, or file:line:column */
};
struct err *near_miss_find(const struct workspace *w, const struct passed_dir *p, struct near_miss *out) MUST_USE;
void near_miss_release(struct near_miss *m);

#endif
