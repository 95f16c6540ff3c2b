/* Discovery, sections 3 and 10: what a name on the command line means, and what is said when it
 * means nothing or too much. */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/path.h"
#include "workspace/discover.h"
#include "workspace/layout.h"
#include "workspace/manifest_scan.h"
#include "workspace/name.h"
#include "workspace/passed.h"

struct matches {
    struct service **items;
    size_t count;
};

static void matches_release(struct matches *m)
{
    free(m->items);
    *m = (struct matches){ 0 };
}

static void add_match(struct matches *m, struct service *s)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->items[i] == s)
            return;
    m->items = xrealloc(m->items, m->count + 1, sizeof *m->items);
    m->items[m->count++] = s;
}

static void add_selected(struct selection *out, struct service *s)
{
    struct matches m = { out->services, out->count };
    add_match(&m, s);
    out->services = m.items;
    out->count = m.count;
}

/* A way in which a service can be meant by a name that is not its own. */
typedef bool (*meant_by)(const struct workspace *w, const struct service *s, const char *name);

static bool by_own_name(const struct workspace *w, const struct service *s, const char *name)
{
    (void)w;
    return name_equal(s->name, name);
}

static const struct workspace_dockerfile *dockerfile_of(const struct workspace *w, const struct service *s,
                                                        size_t image)
{
    const struct workspace_dockerfile *found = NULL;
    struct service_image probe = { .reference = s->images[image].reference };
    struct err *e = resolve_dockerfile(w, s, &probe);
    for (size_t i = 0; !e && i < w->dockerfile_count; i++)
        if (strcmp(w->dockerfiles[i].path, probe.dockerfile) == 0)
            found = &w->dockerfiles[i];
    err_ignore(e, "told when the service itself is asked for");
    str_freep(&probe.dockerfile);
    return found;
}

static bool by_image_or_workload(const struct workspace *w, const struct service *s, const char *name)
{
    for (size_t i = 0; i < s->image_count; i++) {
        AUTO_STR base = image_base(s->images[i].reference);
        const struct workspace_dockerfile *d = dockerfile_of(w, s, i);
        if (name_equal(base, name) || (d && name_equal(d->stem, name)))
            return true;
    }
    return has_name(&s->workloads, name);
}

static bool by_source(const struct workspace *w, const struct service *s, const char *name)
{
    for (size_t i = 0; i < s->image_count; i++) {
        const struct workspace_dockerfile *d = dockerfile_of(w, s, i);
        if (d && (has_name(&d->file.runs, name) || (d->file.copied.count == 1 && has_name(&d->file.copied, name))))
            return true;
    }
    return false;
}

static struct matches find(const struct workspace *w, meant_by is_meant, const char *name, bool build_only)
{
    struct matches m = { 0 };
    for (size_t i = 0; i < w->service_count; i++) {
        struct service *s = &w->services[i];
        if ((!s->build_only || build_only) && is_meant(w, s, name))
            add_match(&m, s);
    }
    return m;
}

static char *names_of(const struct matches *m)
{
    AUTO(strv) names = { 0 };
    for (size_t i = 0; i < m->count; i++)
        strv_addf(&names, "%s%s%s", m->items[i]->name, m->items[i]->manifest_dir ? " in " : "",
                  m->items[i]->manifest_dir ? m->items[i]->manifest_dir : "");
    return strv_join(&names, ", ");
}

static struct err *ambiguous(const char *name, const char *what, const struct matches *m)
{
    AUTO_STR list = names_of(m);
    struct err *e = err_new(RW1014_AMBIGUOUS, "%s is %s by %zu units", name, what, m->count);
    return err_next(err_cause(e, "%s", list), "name one of them");
}

static struct err *nothing_builds(const char *dir)
{
    struct err *e = err_new(RW1013_NO_DOCKERFILE, "%s exists but nothing builds it", dir);
    e = err_cause(e, "no manifest uses an image of that name, and no Dockerfile is made for it");
    return err_next(e, "add docker/%s.Dockerfile, or a Dockerfile with ARG SERVICE_NAME", fs_base(dir));
}

static struct err *unknown(const struct workspace *w, const char *name, enum select_for purpose)
{
    AUTO(strv) names = { 0 };
    for (size_t i = 0; i < w->service_count; i++)
        if (purpose == SELECT_BUILD || !w->services[i].build_only)
            strv_add(&names, w->services[i].name);
    for (size_t i = 0; i < w->config.service_count; i++)
        if (w->config.services[i].units.count)
            strv_add(&names, w->config.services[i].name);
    AUTO_STR list = strv_join(&names, ", ");
    const char *near = str_nearest(name, (const char *const *)names.items, names.count);
    struct err *e = err_new(RW1011_UNKNOWN_SERVICE, "there is no service \"%s\"%s%s%s", name,
                            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return err_cause(e, "%s%s", names.count ? "known: " : "no service was found in this workspace", list);
}

/* Where manifests were looked for: "manifests/dev, k8s/dev". */
static char *looked_into(const struct workspace *w)
{
    AUTO(strv) dirs = { 0 };
    deployment_dirs(w, &dirs);
    return dirs.count ? strv_join(&dirs, ", ") : xstrdup("no deployment directory (" LAYOUT_DEPLOYMENTS ")");
}

/* What a manifest would have to say. */
static char *wanted_image(const struct service *s)
{
    if (s->config && s->config->image)
        return xasprintf("%s, as services.%s.image in " WORKSPACE_CONFIG_FILE " says", s->config->image, s->name);
    return xasprintf("%s:TAG, without a registry or with one at localhost", s->name);
}

static struct err *no_manifests(const struct workspace *w, const struct service *s)
{
    AUTO_STR dirs = looked_into(w);
    AUTO_STR image = wanted_image(s);
    struct err *e = err_new(RW1015_NO_MANIFESTS, "%s has no manifests", s->name);
    e = err_cause(e, "looked into %s: no directory there has a workload whose image is %s", dirs, image);
    return err_next(e, "rwml build %s, or set services.%s.manifests in " WORKSPACE_CONFIG_FILE, s->name, s->name);
}

static void take(const char *name, const char *what, const struct matches *m, struct selection *out)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!name_equal(m->items[i]->name, name))
            strv_addf(&out->notices, "%s is %s by %s", name, what, m->items[i]->name);
        add_selected(out, m->items[i]);
    }
}

/* Nobody has the name itself. */
static struct err *explain(const struct workspace *w, const char *name, enum select_for purpose)
{
    struct matches build_only = find(w, by_own_name, name, true);
    struct err *e = NULL;
    if (build_only.count)
        e = no_manifests(w, build_only.items[0]);
    matches_release(&build_only);
    if (e)
        return e;
    const char *dir = source_dir_named(w, name);
    return dir ? nothing_builds(dir) : unknown(w, name, purpose);
}

static struct err *select_one(const struct workspace *w, const char *name, enum select_for purpose,
                              struct selection *out)
{
    static const struct {
        meant_by is_meant;
        const char *what;
        bool build_only; /* counts for build and push */
        bool shared;     /* for build, several that use one image are all meant */
    } ways[] = {
        { by_own_name, "provided", true, false },
        { by_image_or_workload, "used", false, true },
        { by_source, "run", false, false },
    };
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        AUTO(matches) m = find(w, ways[i].is_meant, name, ways[i].build_only && purpose == SELECT_BUILD);
        if (m.count > 1 && !(ways[i].shared && purpose == SELECT_BUILD))
            return ambiguous(name, ways[i].what, &m);
        take(name, ways[i].what, &m, out);
        if (m.count)
            return NULL;
        /* What has a directory of its own with a slip in it does not mean somebody else's. */
        if (i == 0 && purpose == SELECT_DEPLOY && passed_named(w, name))
            return passed_error(w, passed_named(w, name));
    }
    return explain(w, name, purpose);
}

static struct err *select_name(const struct workspace *w, const char *name, enum select_for purpose,
                               struct selection *out)
{
    const struct service_config *config = service_config_find(&w->config, name);
    struct err *errors = NULL;
    if (!config || config->units.count == 0)
        return select_one(w, name, purpose, out);
    for (size_t i = 0; i < config->units.count; i++)
        errors = err_join(errors, err_at(select_one(w, config->units.items[i], purpose, out), "%s", config->where));
    return errors;
}

/* start_dir relative to the root; NULL when it lies elsewhere. */
static char *relative_start(const struct workspace *w, const char *start_dir)
{
    AUTO_STR start = NULL;
    struct err *e = fs_real_path(start_dir, &start);
    if (e) {
        err_ignore(e, "a directory that is gone is no service's; all are meant then");
        return NULL;
    }
    if (!path_is_below(start, w->root))
        return NULL;
    const char *rest = start + strlen(w->root);
    return xstrdup(*rest ? rest + 1 : ".");
}

static bool is_start_of(const struct service *s, const char *start)
{
    return (s->source_dir && path_is_below(start, s->source_dir)) ||
           (s->manifest_dir && path_is_below(start, s->manifest_dir));
}

static struct err *no_services(const struct workspace *w, const struct strv *warnings)
{
    AUTO_STR passed = strv_join(warnings, "; ");
    struct err *e = err_new(RW1012_NO_SERVICES, "no service was found in %s", w->root);
    if (warnings->count)
        return err_cause(e, "%s", passed);
    return err_cause(
        e, "a service is a directory below <deployments>/dev whose workload uses an image that is built here");
}

/* A group in rwml.yaml may name a unit that is nowhere. */
static void warn_of_units(const struct workspace *w, const struct service_config *group, struct strv *warnings)
{
    for (size_t i = 0; i < group->units.count; i++) {
        const char *unit = group->units.items[i];
        AUTO(selection) found = { 0 };
        struct err *e = select_one(w, unit, SELECT_DEPLOY, &found);
        if (e && err_get_code(e) != RW1014_AMBIGUOUS && !passed_named(w, unit))
            strv_addf(warnings, "%s is not deployed: services.%s.units names it (%s), and %s", unit, group->name,
                      group->where, err_get_message(e));
        err_ignore(e, "told when the group is asked for");
    }
}

/* What somebody would miss where all services are meant. */
static struct err *check_left_out(const struct workspace *w, struct strv *warnings)
{
    for (size_t i = 0; i < w->config.service_count; i++)
        warn_of_units(w, &w->config.services[i], warnings);
    return passed_check(w, warnings);
}

static struct err *select_by_place(const struct workspace *w, const char *start_dir, enum select_for purpose,
                                   struct selection *out)
{
    AUTO_STR start = relative_start(w, start_dir);
    AUTO(matches) here = { 0 };
    for (size_t i = 0; start && i < w->service_count; i++)
        if ((purpose == SELECT_BUILD || !w->services[i].build_only) && is_start_of(&w->services[i], start))
            add_match(&here, &w->services[i]);
    if (here.count > 1)
        return ambiguous(start, "used", &here);
    if (here.count) {
        add_selected(out, here.items[0]);
        return NULL;
    }
    for (size_t i = 0; start && i < w->source_dirs.count; i++)
        if (path_is_below(start, w->source_dirs.items[i]))
            return select_one(w, fs_base(w->source_dirs.items[i]), purpose, out);
    for (size_t i = 0; i < w->service_count; i++)
        if (!w->services[i].build_only)
            add_selected(out, &w->services[i]);
    if (purpose == SELECT_DEPLOY)
        TRY(check_left_out(w, &out->warnings));
    return out->count ? NULL : no_services(w, &out->warnings);
}

static struct err *check_readable(const struct workspace *w, const struct selection *selection)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < selection->count; i++)
        if (selection->services[i]->broken)
            errors = err_join(errors, scan_error(w->root_fd, selection->services[i]->broken));
    return errors;
}

struct err *workspace_select(const struct workspace *w, const char *const *names, size_t count, const char *start_dir,
                             enum select_for purpose, struct selection *out)
{
    AUTO(selection) chosen = { 0 };
    struct err *errors = count ? NULL : select_by_place(w, start_dir, purpose, &chosen);
    for (size_t i = 0; i < count; i++)
        errors = err_join(errors, select_name(w, names[i], purpose, &chosen));
    errors = err_join(errors, check_readable(w, &chosen));
    if (errors)
        return errors;
    *out = chosen;
    chosen = (struct selection){ 0 };
    return NULL;
}

void selection_release(struct selection *s)
{
    free(s->services);
    strv_release(&s->notices);
    strv_release(&s->warnings);
    *s = (struct selection){ 0 };
}
