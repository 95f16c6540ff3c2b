/* vcs: the git work tree that a directory lies in. The only owner of libgit2.
 *
 * Nothing here is needed for rwml to work, so nothing here is an error: a directory outside git,
 * or a repository that git itself refuses, is a state that the caller can tell. Nothing is written
 * and no hook, filter or fsmonitor program is run. libgit2's check that the repository belongs to
 * us stays on (CVE-2022-24765).
 */
#ifndef VCS_VCS_H
#define VCS_VCS_H

#include "base/mem.h"

enum vcs_state {
    VCS_NONE,    /* no repository here, or one without a work tree */
    VCS_REFUSED, /* there is one, but it can't be used: see reason */
    VCS_FOUND
};

struct vcs_tree {
    enum vcs_state state;
    char *root;     /* VCS_FOUND: absolute, without a slash at its end */
    char *reason;   /* VCS_REFUSED: in libgit2's words or ours */
    char *revision; /* of HEAD, 12 hex digits; NULL before the first commit */
    bool dirty;     /* a tracked file differs from HEAD, or there is an untracked one that is not ignored */
};

/* vcs_find: state, root and reason for the nearest work tree at or above start. */
void vcs_find(const char *start, struct vcs_tree *out);

/* vcs_describe: as vcs_find, with revision and dirty. This looks at every file of the work tree. */
void vcs_describe(const char *start, struct vcs_tree *out);

void vcs_tree_release(struct vcs_tree *t);

#endif
