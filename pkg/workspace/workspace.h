/* workspace: what lies in a monorepo, found without being told.
 *
 * The rules (R, U, D, A, I, C) are those of docs/discovery.md; each group has its own file:
 *   find.c             R  where the root is
 *   dockerfile_scan.c     which Dockerfiles there are
 *   units.c            U  which services there are, from their manifests
 *   passed.h              directories with manifests that are none, and why
 *   lookup.c              what a name on the command line means
 *   image_rules.c      D  which Dockerfile builds an image
 *   image_inputs.c     A  its arguments and its context
 *   cluster.c          C  which cluster the workspace is for
 * Discovery only reads. What is wrong with one service is no error until that service is asked
 * for; then it is one that names the candidates.
 */
#ifndef WORKSPACE_WORKSPACE_H
#define WORKSPACE_WORKSPACE_H

#include "kustomize/kustomize.h"
#include "workspace/config.h"
#include "workspace/dockerfile.h"

/* A Dockerfile found by the scan. */
struct workspace_dockerfile {
    char *path;             /* relative to the root */
    char *stem;             /* "web" of web.Dockerfile, Dockerfile.web and web/Dockerfile; NULL for docker/Dockerfile */
    struct dockerfile file; /* empty when it can't be read; workspace_resolve then says why */
};

/* How a local image of a service is made. Filled by workspace_resolve. */
struct service_image {
    char *reference;        /* as in the manifest, familiar form: "web:dev" (I1) */
    char *used_by;          /* manifest file that names it; NULL for a service without manifests */
    char *dockerfile;       /* relative to the root; NULL before workspace_resolve */
    char *context;          /* relative to the root; "." is the root */
    struct strv build_args; /* "SERVICE_NAME=web" (A1) */
    struct strv bases;      /* images that the Dockerfile starts from */
    const char *rule;       /* "D0", "D2", "D4": which rule found the Dockerfile */
};

struct service {
    char *name;                        /* the unit's directory name; for build-only ones the Dockerfile's stem (U6) */
    bool build_only;                   /* no manifests */
    char *source_dir;                  /* relative to the root; NULL when none has its name */
    char *manifest_dir;                /* relative to the root; NULL when build_only or set by file in rwml.yaml */
    char *kustomization;               /* relative to the root; NULL without one */
    struct kustomize_result *rendered; /* what it was rendered to when the service was found; NULL: it can't be */
    struct strv
        manifests; /* the files that make the unit, relative to the root, sorted (M2); empty with a kustomization */
    struct strv workloads;        /* names of its workloads, for lookup */
    struct service_image *images; /* local ones, each once */
    size_t image_count;
    char *broken; /* a file in manifest_dir that is no YAML, so that the images are not known; else NULL */
    const struct service_config *config; /* borrowed from the workspace; may be NULL */
};

/* A directory among the manifests that has files for Kubernetes and is no service. */
struct passed_dir {
    char *path;            /* relative to the root, as are the files */
    char *kustomization;   /* NULL without one */
    struct strv manifests; /* empty with a kustomization */
    char *odd_name;        /* an object's name for which it was passed over (U5); else NULL */
};

struct workspace {
    char *root; /* absolute, links resolved */
    int root_fd;
    struct workspace_config config;
    struct workspace_dockerfile *dockerfiles;
    size_t dockerfile_count;
    struct strv source_dirs;  /* services/<x>, relative to the root */
    struct service *services; /* sorted by name */
    size_t service_count;
    struct passed_dir *passed; /* mostly infrastructure */
    size_t passed_count;
    char *cluster;        /* by C0 or C1; NULL: not decided */
    struct strv clusters; /* names that C1 found, when it found several */
    struct strv notices;  /* one line each, for people: what was passed over, and why */
};

/* workspace_open: finds, reads and discovers. start_dir: the directory that the command was
 * started in, or that -C names. Errors: those of workspace_find and workspace_config_load;
 * RW9001_FILE. */
struct err *workspace_open(const char *start_dir, struct workspace **out) MUST_USE;
void workspace_free(struct workspace *w);
DEFINE_FREEP(workspace)

/* A choice of services, borrowed from the workspace, each once, in the order they were named. */
struct selection {
    struct service **services;
    size_t count;
    struct strv notices;  /* "api is run by unit gateway": a name that was not a service's own */
    struct strv warnings; /* "k8s/dev/api is not deployed: …": what looks like a service, where all were chosen */
};
void selection_release(struct selection *s);

enum select_for { SELECT_BUILD, SELECT_DEPLOY };

/* workspace_select: what the names mean. No names: the service whose source or manifest directory
 * start_dir lies in, else all that have manifests. For SELECT_BUILD (build, push) a Dockerfile's
 * stem is a name, too. Errors, joined: RW1011_UNKNOWN_SERVICE with a suggestion and the list,
 * RW1012_NO_SERVICES, RW1013_NO_DOCKERFILE for a source directory that nothing builds,
 * RW1014_AMBIGUOUS with the candidates, RW1107_YAML_SYNTAX … of a service with a broken manifest. For SELECT_DEPLOY:
 * RW1015_NO_MANIFESTS, also where a directory of that name is no service: it never means another one's. */
struct err *workspace_select(const struct workspace *w, const char *const *names, size_t count, const char *start_dir,
                             enum select_for purpose, struct selection *out) MUST_USE;

/* workspace_resolve: finds Dockerfile, context and arguments of each of the service's images.
 * Errors: RW1013_NO_DOCKERFILE, RW1014_AMBIGUOUS, RW2001_DOCKERFILE_SYNTAX. Deploy needs none of
 * this. */
struct err *workspace_resolve(const struct workspace *w, struct service *s) MUST_USE;

#endif
