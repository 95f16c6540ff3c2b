/* Discovery, section 3, U6: what can be built but is in no manifest. */
#include <string.h>

#include "base/fs.h"
#include "workspace/discover.h"
#include "workspace/name.h"

/* Marks the Dockerfiles that units' images come from. An image that none or several fit marks
 * none: asking for its service tells that. */
static void mark_used(const struct workspace *w, struct strv *used)
{
    for (size_t i = 0; i < w->service_count; i++) {
        const struct service *s = &w->services[i];
        for (size_t j = 0; j < s->image_count; j++) {
            struct service_image probe = { .reference = s->images[j].reference };
            struct err *e = resolve_dockerfile(w, s, &probe);
            if (!e)
                strv_add(used, probe.dockerfile);
            err_ignore(e, "told when the service is asked for");
            str_freep(&probe.dockerfile);
        }
    }
}

static bool is_service(const struct workspace *w, const char *name)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (name_equal(w->services[i].name, name))
            return true;
    return false;
}

static void add(struct workspace *w, const char *name)
{
    struct service *s = service_add(w, name);
    const char *image = s->config ? s->config->image : NULL;
    AUTO_STR reference = image ? xstrdup(image) : xasprintf("%s:dev", name);
    s->build_only = true;
    s->source_dir = xstrdup(source_dir_named(w, name));
    service_add_image(s, reference, NULL);
}

static bool has_generic(const struct workspace *w)
{
    for (size_t i = 0; i < w->dockerfile_count; i++)
        if (w->dockerfiles[i].file.service_arg)
            return true;
    return false;
}

static bool is_source_of_unit(const struct workspace *w, const char *dir)
{
    for (size_t i = 0; i < w->service_count; i++)
        if (str_eq(w->services[i].source_dir, dir))
            return true;
    return false;
}

void find_build_only(struct workspace *w)
{
    AUTO(strv) used = { 0 };
    mark_used(w, &used);
    for (size_t i = 0; i < w->config.service_count; i++) {
        const struct service_config *c = &w->config.services[i];
        if (c->units.count == 0 && c->dockerfile && !is_service(w, c->name))
            add(w, c->name);
    }
    for (size_t i = 0; i < w->dockerfile_count; i++) {
        const struct workspace_dockerfile *d = &w->dockerfiles[i];
        if (d->stem && !d->file.service_arg && !strv_has(&used, d->path) && !is_service(w, d->stem))
            add(w, d->stem);
    }
    for (size_t i = 0; has_generic(w) && i < w->source_dirs.count; i++) {
        const char *dir = w->source_dirs.items[i];
        if (!is_source_of_unit(w, dir) && !is_service(w, fs_base(dir)))
            add(w, fs_base(dir));
    }
}
