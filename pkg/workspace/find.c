#include "workspace/find.h"

#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "vcs/vcs.h"
#include "workspace/config.h"
#include "workspace/layout.h"

/* A git repository's own root. A .git file, as submodules have, is none: there is one above. */
static bool is_repository(const char *dir)
{
    AUTO_STR path = fs_join(dir, ".git");
    return fs_is_dir(AT_FDCWD, path);
}

/* The nearest directory upwards that has what is asked for; NULL when none has, or none up to the
 * first that is_last. */
static char *upwards(const char *start, bool (*has)(const char *dir), bool (*is_last)(const char *dir))
{
    AUTO_STR dir = xstrdup(start);
    for (;;) {
        if (has(dir))
            return STEAL(&dir);
        if (is_last && is_last(dir))
            return NULL;
        char *slash = strrchr(dir, '/');
        if (!slash || dir[1] == '\0')
            return NULL;
        slash[slash == dir] = '\0';
    }
}

static bool has_config(const char *dir)
{
    AUTO_STR path = fs_join(dir, WORKSPACE_CONFIG_FILE);
    return fs_exists(AT_FDCWD, path);
}

static bool has_layout(const char *dir)
{
    AUTO(strv) names = { 0 };
    struct err *e = fs_list(AT_FDCWD, dir, &names);
    if (e) {
        err_ignore(e, "a directory above that we may not list holds nothing for us");
        return false;
    }
    bool deployments = false, beside = false;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = fs_join(dir, names.items[i]);
        bool fits_deployments = layout_is_deployments(names.items[i]);
        bool fits_beside = strcasecmp(names.items[i], "docker") == 0 || layout_is_sources(names.items[i]);
        bool directory = (fits_deployments || fits_beside) && fs_is_dir(AT_FDCWD, path);
        deployments |= directory && fits_deployments;
        beside |= directory && fits_beside;
    }
    return deployments && beside;
}

static struct err *nothing_found(const char *start, const struct vcs_tree *tree)
{
    struct err *e = err_new(RW1010_NO_WORKSPACE, "no workspace at or above %s", start);
    e = err_cause(
        e,
        "looked upwards for rwml.yaml, for a deployment directory (%s) beside docker/ or services/, and for a git "
        "repository%s%s",
        LAYOUT_DEPLOYMENTS, tree->reason ? ": " : "", tree->reason ? tree->reason : "");
    return err_next(err_state(e, "nothing was built or changed"), "rwml -C DIR …, or an empty rwml.yaml at the root");
}

struct err *workspace_find(const char *start_dir, char **out)
{
    AUTO_STR start = NULL;
    TRY(fs_real_path(start_dir, &start));
    if (!fs_is_dir(AT_FDCWD, start))
        return err_sys(RW9001_FILE, ENOTDIR, "cannot use %s", start);
    char *root = upwards(start, has_config, NULL);
    if (!root)
        root = upwards(start, has_layout, is_repository); /* or the home directory would do */
    if (!root) {
        __attribute__((cleanup(vcs_tree_release))) struct vcs_tree tree;
        vcs_find(start, &tree);
        if (tree.state != VCS_FOUND)
            return nothing_found(start, &tree);
        root = STEAL(&tree.root);
    }
    *out = root;
    return NULL;
}
