/* manifest_scan: what discovery wants to know of manifest files. For this package alone; reading
 * them to be applied is manifest/set.h. */
#ifndef WORKSPACE_MANIFEST_SCAN_H
#define WORKSPACE_MANIFEST_SCAN_H

#include "base/err.h"
#include "base/strv.h"
#include "kustomize/kustomize.h"

struct scanned_image {
    char *reference; /* familiar form */
    char *file;
    bool never_pulled; /* imagePullPolicy: Never */
};

struct manifest_scan {
    struct scanned_image *images;
    size_t image_count;
    struct strv workloads;             /* names */
    struct strv kind_clusters;         /* names of kind configurations */
    char *odd_name;                    /* an object's name that Kubernetes would refuse, or NULL */
    char *broken;                      /* the first file that can't be read or is no YAML, or NULL */
    struct kustomize_result *rendered; /* of scan_kustomization; NULL: it can't be rendered */
};

/* scan_manifest: adds what one file holds. A file that can't be read becomes `broken`; the images
 * that its text mentions count all the same. ${NAME:-default} in an image is its default. */
void scan_manifest(int root_fd, const char *path, struct manifest_scan *out);
/* scan_kind_config: the same for a file that names kind.x-k8s.io; others are not even parsed. */
void scan_kind_config(int root_fd, const char *path, struct manifest_scan *out);
void manifest_scan_release(struct manifest_scan *s);

/* scan_pod_pointer: where a workload's pod template has its spec; NULL for what is no workload.
 * scan_workload_kind_like: the kind of workload that a misspelt one probably means, or NULL. */
const char *scan_pod_pointer(const char *kind);
const char *scan_workload_kind_like(const char *kind);

/* scan_error: why a file is broken; NULL when it is not, any more. */
struct err *scan_error(int root_fd, const char *path) MUST_USE;

/* scan_kustomization: adds what it renders to, and keeps it; where it can't be rendered, what the files of its
 * `resources` hold. */
void scan_kustomization(int root_fd, const char *path, struct manifest_scan *out);

#endif
