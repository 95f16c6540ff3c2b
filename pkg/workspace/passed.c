/* Discovery, section 3: what is beside the deploy units and is none. Most of it is infrastructure, and nobody's
 * business; a directory that has a service's name is more likely one with a slip in its manifests. */
#include "workspace/passed.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/path.h"
#include "workspace/discover.h"
#include "workspace/name.h"

void passed_add(struct workspace *w, const char *path, const char *kustomization, const struct strv *manifests,
                const char *odd_name)
{
    w->passed = xrealloc(w->passed, w->passed_count + 1, sizeof *w->passed);
    struct passed_dir *p = &w->passed[w->passed_count++];
    *p = (struct passed_dir){ .path = xstrdup(path),
                              .kustomization = xstrdup(kustomization),
                              .odd_name = xstrdup(odd_name) };
    for (size_t i = 0; i < manifests->count; i++)
        strv_add(&p->manifests, manifests->items[i]);
}

void passed_release(struct workspace *w)
{
    for (size_t i = 0; i < w->passed_count; i++) {
        free(w->passed[i].path);
        free(w->passed[i].kustomization);
        free(w->passed[i].odd_name);
        strv_release(&w->passed[i].manifests);
    }
    free(w->passed);
    w->passed = NULL;
    w->passed_count = 0;
}

struct err *passed_error(const struct workspace *w, const struct passed_dir *p)
{
    AUTO(near_miss) miss = { 0 };
    TRY(near_miss_find(w, p, &miss));
    struct err *e = err_new(RW1015_NO_MANIFESTS, "%s is no service", p->path);
    e = err_at(err_cause(e, "%s", miss.reason), "%s", miss.where);
    e = err_next(e, "correct it, or set services.%s.image in " WORKSPACE_CONFIG_FILE, fs_base(p->path));
    return err_next(e, "if it is no service: ignore: [%s] in " WORKSPACE_CONFIG_FILE, p->path);
}

static bool is_unit(const struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (!w->services[i].build_only && name_equal(w->services[i].name, name))
            return true;
    return false;
}

static bool has_image(const struct service *s, const char *name)
{
    for (size_t i = 0; i < s->image_count; i++) {
        AUTO_STR base = image_base(s->images[i].reference);
        if (name_equal(base, name))
            return true;
    }
    return false;
}

/* Somebody who sees the name in the repository expects a service. */
static bool is_expected(const struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->config.service_count; i++)
        if (has_name(&w->config.services[i].units, name))
            return true;
    for (size_t i = 0; i < w->service_count; i++)
        if (has_image(&w->services[i], name))
            return true;
    return is_known_name(w, name);
}

static bool lies_in(const char *file, const char *dir)
{
    AUTO_STR parent = path_parent(file);
    return strcmp(parent, dir) == 0;
}

static bool reads_from(const struct service *s, const char *dir)
{
    for (size_t i = 0; i < s->manifests.count; i++)
        if (lies_in(s->manifests.items[i], dir))
            return true;
    for (size_t i = 0; s->rendered && i < s->rendered->file_count; i++)
        if (s->rendered->files[i].count && lies_in(s->rendered->files[i].items[0].file, dir))
            return true;
    return s->kustomization && lies_in(s->kustomization, dir);
}

/* A base of a kustomization, or files that rwml.yaml gives to a service: they are deployed with it. */
static bool is_part_of_unit(const struct workspace *w, const char *dir)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (reads_from(&w->services[i], dir))
            return true;
    return false;
}

/* Infrastructure is nobody's service. */
static bool is_missed(const struct workspace *w, const struct passed_dir *p)
{
    const char *name = fs_base(p->path);
    return !is_unit(w, name) && is_expected(w, name) && !is_part_of_unit(w, p->path);
}

const struct passed_dir *passed_named(const struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->passed_count; i++)
        if (name_equal(fs_base(w->passed[i].path), name) && is_missed(w, &w->passed[i]))
            return &w->passed[i];
    return NULL;
}

/* What can't be read is no warning: it may hold anything. */
static struct err *check(const struct workspace *w, const struct passed_dir *p, struct strv *warnings)
{
    AUTO(near_miss) miss = { 0 };
    TRY(near_miss_find(w, p, &miss));
    strv_addf(warnings, "%s is not deployed: %s", p->path, miss.reason);
    return NULL;
}

struct err *passed_check(const struct workspace *w, struct strv *warnings)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < w->passed_count; i++)
        if (!w->passed[i].odd_name && is_missed(w, &w->passed[i])) /* templates are seldom meant */
            errors = err_join(errors, check(w, &w->passed[i], warnings));
    return errors;
}
