#include "vcs/vcs.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

enum { REVISION_DIGITS = 12 };

static void refuse(struct vcs_tree *out, const char *reason)
{
    const git_error *why = git_error_last();
    if (!reason)
        reason = why && why->message ? why->message : "libgit2 gives no reason";
    out->state = VCS_REFUSED;
    str_set(&out->reason, reason);
}

/* libgit2 1.5 says "not found" for a repository of another user when no safe.directory is
 * configured; later versions say GIT_EOWNER. */
static bool is_foreign(int rc)
{
    const git_error *why = git_error_last();
    return rc == GIT_EOWNER || (rc == GIT_ENOTFOUND && why && why->klass == GIT_ERROR_CONFIG);
}

static git_repository *open_at(const char *start, struct vcs_tree *out)
{
    git_repository *repository = NULL;
    int rc = git_repository_open_ext(&repository, start, 0, NULL);
    if (rc != 0) {
        if (is_foreign(rc))
            refuse(out, "it belongs to another user, and git's safe.directory does not name it");
        else if (rc != GIT_ENOTFOUND)
            refuse(out, NULL);
        return NULL;
    }
    const char *root = git_repository_workdir(repository);
    if (!root) {
        git_repository_free(repository);
        return NULL;
    }
    size_t len = strlen(root);
    out->state = VCS_FOUND;
    out->root = xstrndup(root, len > 1 && root[len - 1] == '/' ? len - 1 : len);
    return repository;
}

static void read_revision(git_repository *repository, struct vcs_tree *out)
{
    git_oid id;
    char text[REVISION_DIGITS + 1];
    if (git_reference_name_to_id(&id, repository, "HEAD") != 0)
        return;
    git_oid_tostr(text, sizeof text, &id);
    out->revision = xstrdup(text);
}

/* One change is enough: the callback's answer stops the walk. */
static int stop_at_first(const char *path, unsigned int flags, void *dirty)
{
    (void)path;
    (void)flags;
    *(bool *)dirty = true;
    return 1;
}

static void read_dirty(git_repository *repository, struct vcs_tree *out)
{
    git_status_options options;
    bool dirty = false;
    if (git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION) != 0) {
        refuse(out, NULL);
        return;
    }
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
    int rc = git_status_foreach_ext(repository, &options, stop_at_first, &dirty);
    if (rc != 0 && !dirty)
        refuse(out, NULL);
    out->dirty = dirty;
}

static void look(const char *start, bool describe, struct vcs_tree *out)
{
    *out = (struct vcs_tree){ .state = VCS_NONE };
    if (git_libgit2_init() < 0) {
        refuse(out, NULL);
        return;
    }
    git_repository *repository = open_at(start, out);
    if (repository && describe) {
        read_revision(repository, out);
        read_dirty(repository, out);
    }
    git_repository_free(repository);
    git_libgit2_shutdown();
}

void vcs_find(const char *start, struct vcs_tree *out)
{
    look(start, false, out);
}

void vcs_describe(const char *start, struct vcs_tree *out)
{
    look(start, true, out);
}

void vcs_tree_release(struct vcs_tree *t)
{
    free(t->root);
    free(t->reason);
    free(t->revision);
    *t = (struct vcs_tree){ 0 };
}
