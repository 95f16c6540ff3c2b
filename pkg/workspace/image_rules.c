/* Discovery, section 4: which Dockerfile builds an image. The first rule with a result decides; a
 * rule with several is an error that names them, never a reason to go on to the next. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "workspace/discover.h"
#include "workspace/name.h"

struct question {
    const struct workspace *workspace;
    const struct service *service;
    char *base; /* of the image's name */
};

/* A rule answers for one Dockerfile: the reason why it fits, owned, or NULL. */
struct rule {
    const char *name;
    char *(*fits)(const struct question *q, const struct workspace_dockerfile *d);
};

/* D2: its name says so. */
static char *fits_by_stem(const struct question *q, const struct workspace_dockerfile *d)
{
    return name_equal(d->stem, q->base) ? xasprintf("named %s", d->stem) : NULL;
}

static const char *source_of(const struct question *q)
{
    const char *dir = source_dir_named(q->workspace, q->base);
    return dir ? dir : source_dir_named(q->workspace, q->service->name);
}

static bool stem_extends(const char *stem, const char *base)
{
    if (!stem)
        return false;
    AUTO_STR normal_stem = name_normal(stem);
    AUTO_STR normal_base = name_normal(base);
    size_t len = strlen(normal_base);
    return strncmp(normal_stem, normal_base, len) == 0 && normal_stem[len] == '-';
}

/* web-worker.Dockerfile is not web's when there is a web-worker. */
static bool is_somebody(const struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (name_equal(w->services[i].name, name))
            return true;
    return source_dir_named(w, name) != NULL;
}

/* D4: its content says so. This is also a veto: a generic Dockerfile may not win over one that runs
 * the very service. */
static char *fits_by_content(const struct question *q, const struct workspace_dockerfile *d)
{
    const struct dockerfile *f = &d->file;
    if (f->service_arg && source_of(q))
        return xasprintf("ARG %s", f->service_arg);
    if (stem_extends(d->stem, q->base) && !is_somebody(q->workspace, d->stem))
        return xasprintf("named %s", d->stem);
    if (has_name(&f->runs, q->base))
        return xasprintf("runs services/%s", q->base);
    if (f->runs.count == 0 && f->copied.count == 1 && name_equal(f->copied.items[0], q->base))
        return xasprintf("copies only services/%s", f->copied.items[0]);
    return NULL;
}

static const struct rule rules[] = {
    { "D2", fits_by_stem },
    { "D4", fits_by_content },
};

void choose_dockerfile(const struct workspace *w, const struct service *s, const char *reference,
                       struct dockerfile_choice *out)
{
    AUTO_STR base = image_base(reference);
    struct question q = { .workspace = w, .service = s, .base = base };
    *out = (struct dockerfile_choice){ 0 };
    for (size_t r = 0; r < COUNT_OF(rules) && out->count == 0; r++) {
        for (size_t i = 0; i < w->dockerfile_count; i++) {
            char *reason = rules[r].fits(&q, &w->dockerfiles[i]);
            if (!reason)
                continue;
            out->rule = rules[r].name;
            out->indexes = xrealloc(out->indexes, out->count + 1, sizeof *out->indexes);
            out->indexes[out->count++] = i;
            strv_add_take(&out->reasons, reason);
        }
    }
}

void dockerfile_choice_release(struct dockerfile_choice *c)
{
    free(c->indexes);
    strv_release(&c->reasons);
    *c = (struct dockerfile_choice){ 0 };
}

static struct err *none_fits(const struct service *s, const struct service_image *image)
{
    AUTO_STR base = image_base(image->reference);
    struct err *e = err_new(RW1013_NO_DOCKERFILE, "no Dockerfile builds image %s", image->reference);
    e = err_cause(e,
                  "none is named for %s, none has ARG SERVICE_NAME beside services/%s, none runs or copies only that",
                  base, base);
    if (image->used_by)
        e = err_at(e, "%s", image->used_by);
    return err_next(e, "add docker/%s.Dockerfile, or set services.%s.dockerfile in " WORKSPACE_CONFIG_FILE, base,
                    s->name);
}

static struct err *several_fit(const struct workspace *w, const struct service *s, const struct service_image *image,
                               const struct dockerfile_choice *choice)
{
    AUTO(strv) list = { 0 };
    for (size_t i = 0; i < choice->count; i++)
        strv_addf(&list, "%s (%s)", w->dockerfiles[choice->indexes[i]].path, choice->reasons.items[i]);
    AUTO_STR text = strv_join(&list, ", ");
    struct err *e = err_new(RW1014_AMBIGUOUS, "%s: %zu Dockerfiles fit", image->reference, choice->count);
    e = err_cause(e, "%s", text);
    return err_next(e, "set services.%s.dockerfile in " WORKSPACE_CONFIG_FILE, s->name);
}

/* D0: rwml.yaml, for the service or for one that has the image's name. */
static const struct service_config *configured(const struct workspace *w, const struct service *s, const char *base)
{
    const struct service_config *of_image = service_config_find(&w->config, base);
    if (of_image && of_image->dockerfile)
        return of_image;
    return s->config && s->config->dockerfile && s->image_count == 1 ? s->config : NULL;
}

static struct err *use_configured(const struct workspace *w, const struct service_config *c,
                                  struct service_image *image)
{
    if (!fs_exists(w->root_fd, c->dockerfile)) {
        struct err *e = err_new(RW1013_NO_DOCKERFILE, "there is no %s", c->dockerfile);
        return err_at(err_cause(e, "services.%s.dockerfile in " WORKSPACE_CONFIG_FILE " names it", c->name), "%s",
                      c->where);
    }
    str_set(&image->dockerfile, c->dockerfile);
    image->rule = "D0";
    return NULL;
}

struct err *resolve_dockerfile(const struct workspace *w, const struct service *s, struct service_image *image)
{
    AUTO(dockerfile_choice) choice = { 0 };
    AUTO_STR base = image_base(image->reference);
    const struct service_config *config = configured(w, s, base);
    if (config)
        return use_configured(w, config, image);
    choose_dockerfile(w, s, image->reference, &choice);
    if (choice.count == 0)
        return none_fits(s, image);
    if (choice.count > 1)
        return several_fit(w, s, image, &choice);
    str_set(&image->dockerfile, w->dockerfiles[choice.indexes[0]].path);
    image->rule = choice.rule;
    return NULL;
}
