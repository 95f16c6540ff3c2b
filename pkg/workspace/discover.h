/* discover: what the rule groups of workspace.h share. For this package alone. */
#ifndef WORKSPACE_DISCOVER_H
#define WORKSPACE_DISCOVER_H

#include "workspace/workspace.h"

/* dockerfile_scan.c: fills dockerfiles and source_dirs. */
void scan_dockerfiles(struct workspace *w);

/* units.c: fills services with the deploy units of the environment directories (U1 to U5), and
 * with those that rwml.yaml names. */
void find_units(struct workspace *w);

/* build_only.c: adds what can be built but has no manifests (U6). Needs the units. */
void find_build_only(struct workspace *w);

/* cluster.c: fills cluster and clusters (C0, C1). */
void find_cluster(struct workspace *w);

/* deployment_dirs: the root's deployment directories, relative to it. */
void deployment_dirs(const struct workspace *w, struct strv *out);

/* is_left_out: rwml.yaml's `ignore` names the path or a directory above it. */
bool is_left_out(const struct workspace *w, const char *path);

/* service_add: borrowed; valid until the next one is added. service_add_image: each reference once. */
struct service *service_add(struct workspace *w, const char *name);
void service_add_image(struct service *s, const char *reference, const char *used_by);
void service_images_release(struct service *s);

/* source_dir_named: services/<x> with that N(x), borrowed; NULL for none. */
const char *source_dir_named(const struct workspace *w, const char *name);

/* is_known_name: something in the workspace is called so: a source directory, a Dockerfile, a key of rwml.yaml. */
bool is_known_name(const struct workspace *w, const char *name);

/* has_name: the name is in the list, compared by N. */
bool has_name(const struct strv *list, const char *name);

/* image_rules.c: the indexes of the Dockerfiles that the first rule with a result gives. rule:
 * its name. None: found->count is 0. */
struct dockerfile_choice {
    const char *rule;
    size_t *indexes;
    size_t count;
    struct strv reasons; /* one for each: "ARG SERVICE_NAME" */
};
void choose_dockerfile(const struct workspace *w, const struct service *s, const char *reference,
                       struct dockerfile_choice *out);
void dockerfile_choice_release(struct dockerfile_choice *c);

/* image_rules.c: sets dockerfile and rule of an image: RW1013_NO_DOCKERFILE, RW1014_AMBIGUOUS. */
struct err *resolve_dockerfile(const struct workspace *w, const struct service *s,
                               struct service_image *image) MUST_USE;

/* image_inputs.c: build_args, context, bases (A1, A2). */
struct err *resolve_inputs(const struct workspace *w, const struct service *s, struct service_image *image) MUST_USE;

#endif
