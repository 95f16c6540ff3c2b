/* Discovery, section 9: which Kind cluster the workspace is for (C0, C1). --cluster, and the only
 * cluster that runs (C3), are the caller's. */
#include <string.h>

#include "base/fs.h"
#include "base/path.h"
#include "workspace/discover.h"
#include "workspace/layout.h"
#include "workspace/manifest_scan.h"

enum { CLUSTER_DEPTH = 8 };

static void collect(const struct workspace *w, const char *dir, size_t depth, struct manifest_scan *found)
{
    AUTO(strv) names = { 0 };
    if (depth > CLUSTER_DEPTH || is_left_out(w, dir))
        return;
    err_ignore(fs_list(w->root_fd, dir, &names), "a directory that can't be listed names no cluster");
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = path_join(dir, names.items[i]);
        struct stat st;
        if (is_left_out(w, path))
            continue;
        struct err *e = fs_stat(w->root_fd, path, false, &st);
        if (!e && S_ISDIR(st.st_mode) && !layout_is_elsewhere(names.items[i]))
            collect(w, path, depth + 1, found);
        else if (!e && S_ISREG(st.st_mode) && layout_is_yaml(names.items[i]))
            scan_kind_config(w->root_fd, path, found);
        err_ignore(e, "what is gone names no cluster");
    }
}

void find_cluster(struct workspace *w)
{
    AUTO(strv) deployments = { 0 };
    __attribute__((cleanup(manifest_scan_release))) struct manifest_scan found = { 0 };
    if (w->config.cluster) {
        w->cluster = xstrdup(w->config.cluster);
        return;
    }
    deployment_dirs(w, &deployments);
    for (size_t i = 0; i < deployments.count; i++)
        collect(w, deployments.items[i], 0, &found);
    for (size_t i = 0; i < found.kind_clusters.count; i++)
        if (!strv_has(&w->clusters, found.kind_clusters.items[i]))
            strv_add(&w->clusters, found.kind_clusters.items[i]);
    if (w->clusters.count == 1)
        w->cluster = xstrdup(w->clusters.items[0]);
}
