/* Discovery, section 5: build arguments (A1) and context (A2) of an image. */
#include <string.h>

#include "base/fs.h"
#include "base/path.h"
#include "workspace/discover.h"
#include "workspace/name.h"

/* rwml.yaml's words for this image: for each key the service of the image's name, else the service
 * itself. A group of units has no keys of its own. */
struct words {
    const char *context;
    const struct strv *build_args; /* NULL: none */
};

static struct words words_for(const struct workspace *w, const struct service *s, const char *base)
{
    const struct service_config *from[] = { service_config_find(&w->config, base), s->config };
    struct words words = { 0 };
    for (size_t i = 0; i < COUNT_OF(from); i++) {
        if (!from[i])
            continue;
        if (!words.context)
            words.context = from[i]->context;
        if (!words.build_args && from[i]->build_args.count)
            words.build_args = &from[i]->build_args;
    }
    return words;
}

static struct err *no_source(const struct service_image *image, const char *arg, const char *base)
{
    struct err *e =
        err_new(RW1013_NO_DOCKERFILE, "%s wants ARG %s, and there is no services/%s", image->dockerfile, arg, base);
    e = err_cause(e, "the argument is the name of the service's directory");
    return err_next(e, "set services.%s.build_args.%s in " WORKSPACE_CONFIG_FILE, base, arg);
}

static bool is_set(const struct strv *args, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < args->count; i++)
        if (strncmp(args->items[i], name, len) == 0 && args->items[i][len] == '=')
            return true;
    return false;
}

/* A1: the one argument that a generic Dockerfile needs, spelt as the directory is. */
static struct err *add_service_arg(const struct workspace *w, const struct service *s, const char *arg,
                                   const char *base, struct service_image *image)
{
    const char *dir = source_dir_named(w, base);
    if (!dir)
        dir = source_dir_named(w, s->name);
    if (!dir)
        return no_source(image, arg, base);
    strv_addf(&image->build_args, "%s=%s", arg, fs_base(dir));
    return NULL;
}

/* A wildcard may match nothing; its directory has to be there. */
static bool has_source(const struct workspace *w, const char *dir, const char *source)
{
    AUTO_STR path = path_join(dir, source);
    size_t wildcard = strcspn(path, "*?[");
    if (path[wildcard]) {
        path[wildcard] = '\0';
        AUTO_STR parent = path_parent(path);
        return fs_is_dir(w->root_fd, parent);
    }
    return path_is_inside(path) && fs_exists(w->root_fd, path);
}

static bool has_sources(const struct workspace *w, const char *dir, const struct dockerfile *d)
{
    for (size_t i = 0; i < d->sources.count; i++)
        if (!has_source(w, dir, d->sources.items[i]))
            return false;
    return true;
}

static bool is_below_sources(const struct workspace *w, const char *path)
{
    for (size_t i = 0; i < w->source_dirs.count; i++)
        if (path_is_below(path, w->source_dirs.items[i]))
            return true;
    return false;
}

/* A2. Where the sources are complete neither here nor there, the root stays: then the engine says
 * which file is missing in the context that was meant. */
static char *find_context(const struct workspace *w, const char *dockerfile, const struct dockerfile *d)
{
    AUTO_STR own = path_parent(dockerfile);
    bool bare = strcasecmp(fs_base(dockerfile), "Dockerfile") == 0;
    bool own_fits = has_sources(w, own, d);
    if (bare && own_fits && d->sources.count && is_below_sources(w, own))
        return STEAL(&own);
    if (own_fits && !has_sources(w, ".", d))
        return STEAL(&own);
    return xstrdup(".");
}

static struct err *no_context(const struct workspace *w, const char *context)
{
    struct err *e = err_new(RW1001_CONFIG_UNREADABLE, "the context %s is no directory", context);
    for (size_t i = 0; i < w->config.service_count; i++)
        if (str_eq(w->config.services[i].context, context))
            return err_at(e, "%s", w->config.services[i].where);
    return e;
}

struct err *resolve_inputs(const struct workspace *w, const struct service *s, struct service_image *image)
{
    AUTO_STR base = image_base(image->reference);
    struct words words = words_for(w, s, base);
    AUTO(dockerfile) d = { 0 };
    strv_release(&image->build_args);
    for (size_t i = 0; words.build_args && i < words.build_args->count; i++)
        strv_add(&image->build_args, words.build_args->items[i]);
    if (words.context && !fs_is_dir(w->root_fd, words.context))
        return no_context(w, words.context);
    TRY(dockerfile_load(w->root_fd, image->dockerfile, &image->build_args, &d));
    if (d.service_arg && !is_set(&image->build_args, d.service_arg)) {
        TRY(add_service_arg(w, s, d.service_arg, base, image));
        dockerfile_release(&d);
        TRY(dockerfile_load(w->root_fd, image->dockerfile, &image->build_args, &d));
    }
    char *context = words.context ? xstrdup(words.context) : find_context(w, image->dockerfile, &d);
    str_freep(&image->context);
    image->context = context;
    strv_release(&image->bases);
    image->bases = d.bases;
    d.bases = (struct strv){ 0 };
    return NULL;
}
