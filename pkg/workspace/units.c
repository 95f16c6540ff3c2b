/* Discovery, section 3: the deploy units (U1 to U5). */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/path.h"
#include "kustomize/kustomize.h"
#include "oci/reference.h"
#include "workspace/discover.h"
#include "workspace/layout.h"
#include "workspace/manifest_scan.h"
#include "workspace/name.h"
#include "workspace/passed.h"

enum { UNIT_DEPTH = 8 };

bool has_name(const struct strv *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (name_equal(list->items[i], name))
            return true;
    return false;
}

const char *source_dir_named(const struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->source_dirs.count; i++)
        if (name_equal(fs_base(w->source_dirs.items[i]), name))
            return w->source_dirs.items[i];
    return NULL;
}

void deployment_dirs(const struct workspace *w, struct strv *out)
{
    AUTO(strv) names = { 0 };
    if (w->config.deployments) {
        strv_add(out, w->config.deployments);
        return;
    }
    err_ignore(fs_list(w->root_fd, ".", &names), "the scan of the root has told");
    for (size_t i = 0; i < names.count; i++)
        if (layout_is_deployments(names.items[i]) && fs_is_dir(w->root_fd, names.items[i]))
            strv_add(out, names.items[i]);
}

struct service *service_add(struct workspace *w, const char *name)
{
    w->services = xrealloc(w->services, w->service_count + 1, sizeof *w->services);
    struct service *s = &w->services[w->service_count++];
    *s = (struct service){ .name = xstrdup(name), .config = service_config_find(&w->config, name) };
    return s;
}

void service_add_image(struct service *s, const char *reference, const char *used_by)
{
    for (size_t i = 0; i < s->image_count; i++)
        if (strcmp(s->images[i].reference, reference) == 0)
            return;
    s->images = xrealloc(s->images, s->image_count + 1, sizeof *s->images);
    s->images[s->image_count++] =
        (struct service_image){ .reference = xstrdup(reference), .used_by = xstrdup(used_by) };
}

/* Something in the workspace has this name, so that an image of it is ours. A source directory
 * alone counts, too: then the missing Dockerfile is what has to be told. */
bool is_known_name(const struct workspace *w, const char *name)
{
    if (source_dir_named(w, name) || service_config_find(&w->config, name))
        return true;
    for (size_t i = 0; i < w->dockerfile_count; i++)
        if (name_equal(w->dockerfiles[i].stem, name) || has_name(&w->dockerfiles[i].file.runs, name))
            return true;
    return false;
}

static bool is_configured_image(const struct workspace *w, const char *reference)
{
    for (size_t i = 0; i < w->config.service_count; i++)
        if (str_eq(w->config.services[i].image, reference))
            return true;
    return false;
}

/* A registry of this machine's has what this machine made. */
static bool may_be_local(const char *reference)
{
    AUTO_STR registry = oci_registry(reference);
    return registry ? oci_registry_is_loopback(registry) : !strchr(reference, '/');
}

/* U2: no registry but a loopback one in the name, and made here; or rwml.yaml says so. */
static bool is_local(const struct workspace *w, const struct scanned_image *image)
{
    AUTO_STR base = image_base(image->reference);
    if (is_configured_image(w, image->reference))
        return true;
    return may_be_local(image->reference) && (image->never_pulled || is_known_name(w, base));
}

static void add_local_images(const struct workspace *w, const struct manifest_scan *found, struct service *s)
{
    if (s->config && s->config->image) {
        service_add_image(s, s->config->image, NULL);
        return;
    }
    for (size_t i = 0; i < found->image_count; i++)
        if (is_local(w, &found->images[i]))
            service_add_image(s, found->images[i].reference, found->images[i].file);
}

static void find_source(const struct workspace *w, struct service *s)
{
    const char *dir = source_dir_named(w, s->name);
    if (!dir && s->image_count == 1) {
        AUTO_STR base = image_base(s->images[0].reference);
        dir = source_dir_named(w, base);
    }
    str_set(&s->source_dir, dir);
}

/* What one directory holds that could be applied. */
struct unit_files {
    struct strv manifests;
    char *kustomization;
};

static void unit_files_release(struct unit_files *f)
{
    strv_release(&f->manifests);
    str_freep(&f->kustomization);
}

static void list_unit_files(const struct workspace *w, const char *dir, const struct strv *names,
                            struct unit_files *out)
{
    for (size_t i = 0; i < names->count; i++) {
        AUTO_STR path = path_join(dir, names->items[i]);
        if (is_left_out(w, path))
            continue;
        if (kustomize_is_file(names->items[i]) && !out->kustomization)
            out->kustomization = STEAL(&path);
        else if (layout_is_yaml(names->items[i]) && !fs_is_dir(w->root_fd, path))
            strv_add(&out->manifests, path);
    }
    if (out->kustomization)
        strv_release(&out->manifests);
}

static void scan_files(const struct workspace *w, const struct unit_files *files, struct manifest_scan *found)
{
    if (files->kustomization)
        scan_kustomization(w->root_fd, files->kustomization, found);
    for (size_t i = 0; !files->kustomization && i < files->manifests.count; i++)
        scan_manifest(w->root_fd, files->manifests.items[i], found);
}

static void fill_unit(const struct workspace *w, struct service *s, struct unit_files *files,
                      struct manifest_scan *found)
{
    s->manifests = files->manifests;
    files->manifests = (struct strv){ 0 };
    s->kustomization = STEAL(&files->kustomization);
    s->rendered = STEAL(&found->rendered);
    s->workloads = found->workloads;
    found->workloads = (struct strv){ 0 };
    s->broken = STEAL(&found->broken);
    add_local_images(w, found, s);
    find_source(w, s);
}

static bool uses_local_image(const struct workspace *w, const struct manifest_scan *found)
{
    for (size_t i = 0; i < found->image_count; i++)
        if (is_local(w, &found->images[i]))
            return true;
    return false;
}

/* Helm's own directories are deployed by Helm. */
static bool is_chart(const struct unit_files *files)
{
    for (size_t i = 0; i < files->manifests.count; i++)
        if (strcmp(fs_base(files->manifests.items[i]), "Chart.yaml") == 0)
            return true;
    return false;
}

static void pass_over(struct workspace *w, const char *dir, const struct unit_files *files,
                      const struct manifest_scan *found)
{
    if ((files->kustomization || files->manifests.count) && !is_chart(files))
        passed_add(w, dir, files->kustomization, &files->manifests, found->odd_name);
}

static bool may_be_unit(const struct workspace *w, const char *dir, const struct manifest_scan *found)
{
    return uses_local_image(w, found) || (found->broken && is_known_name(w, fs_base(dir)));
}

/* True: the directory is a unit, or would be one if all its files could be read. */
static bool take_unit(struct workspace *w, const char *dir, struct unit_files *files)
{
    __attribute__((cleanup(manifest_scan_release))) struct manifest_scan found = { 0 };
    scan_files(w, files, &found);
    bool is_unit = may_be_unit(w, dir, &found);
    if (!is_unit || found.odd_name)
        pass_over(w, dir, files, &found);
    if (!is_unit) {
        if (found.broken)
            strv_addf(&w->notices, "%s was passed over: it can't be read as YAML", found.broken);
        return false;
    }
    if (found.odd_name) {
        strv_addf(&w->notices, "%s was passed over: \"%s\" is no name for an object", dir, found.odd_name);
        return true;
    }
    struct service *s = service_add(w, fs_base(dir));
    s->manifest_dir = xstrdup(dir);
    fill_unit(w, s, files, &found);
    return true;
}

/* U1, U3. descend: also what lies below a directory that is no unit. */
static void visit(struct workspace *w, const char *dir, size_t depth, bool descend)
{
    AUTO(strv) names = { 0 };
    __attribute__((cleanup(unit_files_release))) struct unit_files files = { 0 };
    if (depth > UNIT_DEPTH || is_left_out(w, dir))
        return;
    err_ignore(fs_list(w->root_fd, dir, &names), "the scan for Dockerfiles has told");
    list_unit_files(w, dir, &names, &files);
    bool kustomized = files.kustomization != NULL;
    if (take_unit(w, dir, &files) || kustomized || !descend)
        return;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = path_join(dir, names.items[i]);
        struct stat st;
        struct err *e = fs_stat(w->root_fd, path, false, &st);
        if (!e && S_ISDIR(st.st_mode))
            visit(w, path, depth + 1, true);
        err_ignore(e, "what is gone holds no unit");
    }
}

static bool is_environment(const struct workspace *w, const char *name)
{
    return w->config.env ? strcmp(w->config.env, name) == 0 : layout_is_environment(name);
}

static void visit_deployments(struct workspace *w, const char *deployments)
{
    AUTO(strv) names = { 0 };
    err_ignore(fs_list(w->root_fd, deployments, &names), "a deployment directory that is not there holds no unit");
    if (w->config.env && strchr(w->config.env, '/')) {
        AUTO_STR path = path_join(deployments, w->config.env);
        visit(w, path, 0, true);
    }
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = path_join(deployments, names.items[i]);
        if (fs_is_dir(w->root_fd, path) && is_environment(w, names.items[i]))
            visit(w, path, 0, true);
    }
    for (size_t i = 0; i < names.count; i++) { /* U4 */
        AUTO_STR path = path_join(deployments, names.items[i]);
        bool other = !is_environment(w, names.items[i]) && !layout_is_environment(names.items[i]);
        if (other && !layout_is_elsewhere(names.items[i]) && fs_is_dir(w->root_fd, path))
            visit(w, path, 0, false);
    }
}

static void add_configured_file(const char *path, struct unit_files *out)
{
    if (kustomize_is_file(fs_base(path)))
        str_set(&out->kustomization, path);
    else
        strv_add(&out->manifests, path);
}

static void add_configured_files(const struct workspace *w, const struct strv *paths, struct unit_files *out)
{
    for (size_t i = 0; i < paths->count; i++) {
        AUTO(strv) names = { 0 };
        if (!fs_is_dir(w->root_fd, paths->items[i])) {
            add_configured_file(paths->items[i], out);
            continue;
        }
        err_ignore(fs_list(w->root_fd, paths->items[i], &names), "without files the deploy says that there are none");
        list_unit_files(w, paths->items[i], &names, out);
    }
}

static struct service *unit_named(struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (name_equal(w->services[i].name, name))
            return &w->services[i];
    return NULL;
}

/* What rwml.yaml says of a service's manifests stands instead of what was found. */
static void apply_config(struct workspace *w, const struct service_config *config)
{
    __attribute__((cleanup(unit_files_release))) struct unit_files files = { 0 };
    __attribute__((cleanup(manifest_scan_release))) struct manifest_scan found = { 0 };
    struct service *s = unit_named(w, config->name);
    if (config->units.count || config->manifests.count == 0)
        return;
    if (!s)
        s = service_add(w, config->name);
    add_configured_files(w, &config->manifests, &files);
    scan_files(w, &files, &found);
    strv_release(&s->manifests);
    strv_release(&s->workloads);
    str_freep(&s->kustomization);
    kustomize_result_freep(&s->rendered);
    str_freep(&s->manifest_dir);
    str_freep(&s->broken);
    service_images_release(s);
    if (config->manifests.count == 1 && fs_is_dir(w->root_fd, config->manifests.items[0]))
        s->manifest_dir = xstrdup(config->manifests.items[0]);
    fill_unit(w, s, &files, &found);
}

void find_units(struct workspace *w)
{
    AUTO(strv) deployments = { 0 };
    deployment_dirs(w, &deployments);
    for (size_t i = 0; i < deployments.count; i++)
        visit_deployments(w, deployments.items[i]);
    for (size_t i = 0; i < w->config.service_count; i++)
        apply_config(w, &w->config.services[i]);
}
