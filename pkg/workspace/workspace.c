#include "workspace/workspace.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "workspace/discover.h"
#include "workspace/find.h"
#include "workspace/name.h"
#include "workspace/passed.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct service *)a)->name, ((const struct service *)b)->name);
}

static bool uses_image(const struct service *s, const char *name)
{
    for (size_t i = 0; i < s->image_count; i++) {
        AUTO_STR base = image_base(s->images[i].reference);
        if (name_equal(base, name))
            return true;
    }
    return false;
}

static bool means_somebody(const struct workspace *w, const struct service_config *c)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (name_equal(w->services[i].name, c->name) || uses_image(&w->services[i], c->name))
            return true;
    return c->units.count > 0 || source_dir_named(w, c->name) || passed_named(w, c->name);
}

/* A misspelt service in rwml.yaml would be without effect. */
static struct err *check_config_services(const struct workspace *w)
{
    AUTO(strv) names = { 0 };
    struct err *errors = NULL;
    for (size_t i = 0; i < w->service_count; i++)
        strv_add(&names, w->services[i].name);
    for (size_t i = 0; i < w->config.service_count; i++) {
        const struct service_config *c = &w->config.services[i];
        if (means_somebody(w, c))
            continue;
        const char *near = str_nearest(c->name, (const char *const *)names.items, names.count);
        struct err *e = err_new(RW1003_CONFIG_KEY, "services: nothing is called \"%s\"", c->name);
        if (near)
            e = err_cause(e, "did you mean \"%s\"?", near);
        errors = err_join(errors, err_at(e, "%s", c->where));
    }
    return errors;
}

struct err *workspace_open(const char *start_dir, struct workspace **out)
{
    AUTO_PTR(workspace) w = xcalloc(1, sizeof *w);
    AUTO_STR root = NULL;
    w->root_fd = -1;
    TRY(workspace_find(start_dir, &root));
    TRY(fs_real_path(root, &w->root));
    TRY(fs_open(AT_FDCWD, w->root, O_RDONLY | O_DIRECTORY, &w->root_fd));
    TRY(workspace_config_load(w->root_fd, &w->config));
    scan_dockerfiles(w);
    find_units(w);
    find_build_only(w);
    find_cluster(w);
    if (w->service_count)
        qsort(w->services, w->service_count, sizeof *w->services, by_name);
    TRY(check_config_services(w));
    *out = STEAL(&w);
    return NULL;
}

struct err *workspace_resolve(const struct workspace *w, struct service *s)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < s->image_count; i++) {
        struct err *e = resolve_dockerfile(w, s, &s->images[i]);
        errors = err_join(errors, e ? e : resolve_inputs(w, s, &s->images[i]));
    }
    return errors;
}

void service_images_release(struct service *s)
{
    for (size_t i = 0; i < s->image_count; i++) {
        struct service_image *image = &s->images[i];
        free(image->reference);
        free(image->used_by);
        free(image->dockerfile);
        free(image->context);
        strv_release(&image->build_args);
        strv_release(&image->bases);
    }
    free(s->images);
    s->images = NULL;
    s->image_count = 0;
}

static void service_release(struct service *s)
{
    service_images_release(s);
    free(s->name);
    free(s->source_dir);
    free(s->manifest_dir);
    free(s->kustomization);
    kustomize_result_freep(&s->rendered);
    free(s->broken);
    strv_release(&s->manifests);
    strv_release(&s->workloads);
}

void workspace_free(struct workspace *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->service_count; i++)
        service_release(&w->services[i]);
    free(w->services);
    passed_release(w);
    for (size_t i = 0; i < w->dockerfile_count; i++) {
        free(w->dockerfiles[i].path);
        free(w->dockerfiles[i].stem);
        dockerfile_release(&w->dockerfiles[i].file);
    }
    free(w->dockerfiles);
    workspace_config_release(&w->config);
    strv_release(&w->source_dirs);
    strv_release(&w->clusters);
    strv_release(&w->notices);
    fd_closep(&w->root_fd);
    free(w->cluster);
    free(w->root);
    free(w);
}
