#include "workspace/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"
#include "doc/doc.h"
#include "workspace/name.h"

static char *where_of(const struct doc *d, const char *pointer, bool key)
{
    size_t line = 0, column = 0;
    (key ? doc_where_key : doc_where)(d, pointer, &line, &column);
    return xasprintf("%s:%zu:%zu", d->file, line, column);
}

static struct err *read_text(const struct doc *d, const char *base, const char *key, char **out)
{
    AUTO_STR pointer = doc_pointer_add(base, key);
    const char *text = NULL;
    TRY(doc_want_text(d, pointer, &text));
    *out = xstrdup(text);
    return NULL;
}

static struct err *outside(const struct doc *d, const char *pointer, const char *path)
{
    struct err *e = err_new(RW1016_PATH_OUTSIDE, "%s: \"%s\" leaves the workspace", pointer, path);
    return doc_err_where(err_cause(e, "paths in %s are relative and stay below its directory", d->file), d, pointer);
}

static struct err *add_path(const struct doc *d, const char *pointer, const char *path, struct strv *out)
{
    if (!path_is_inside(path))
        return outside(d, pointer, path);
    strv_add_take(out, path_clean(path));
    return NULL;
}

static struct err *read_path(const struct doc *d, const char *base, const char *key, char **out)
{
    AUTO_STR pointer = doc_pointer_add(base, key);
    AUTO_STR path = NULL;
    TRY(read_text(d, base, key, &path));
    if (path && !path_is_inside(path))
        return outside(d, pointer, path);
    *out = path ? path_clean(path) : NULL;
    return NULL;
}

/* A list of texts; one text alone counts as a list of one. */
static struct err *read_list(const struct doc *d, const char *base, const char *key, bool paths, struct strv *out)
{
    AUTO_STR pointer = doc_pointer_add(base, key);
    const json_t *list = doc_get(d->root, pointer);
    const char *text = NULL;
    if (doc_text(list, ""))
        return paths ? add_path(d, pointer, doc_text(list, ""), out) : (strv_add(out, doc_text(list, "")), NULL);
    TRY(doc_want_array(d, pointer, &list));
    for (size_t i = 0; i < doc_count(list); i++) {
        AUTO_STR item = xasprintf("%s/%zu", pointer, i);
        TRY(doc_need_text(d, item, &text));
        if (paths)
            TRY(add_path(d, item, text, out));
        else
            strv_add(out, text);
    }
    return NULL;
}

static struct err *read_variables(const struct doc *d, const char *base, const char *key,
                                  struct workspace_variables *out)
{
    AUTO_STR pointer = doc_pointer_add(base, key);
    const json_t *object = NULL;
    const char *name;
    json_t *value;
    TRY(doc_want_object(d, pointer, &object));
    DOC_EACH_KEY (object, name, value) {
        AUTO_STR at = doc_pointer_add(pointer, name);
        const char *text = NULL;
        TRY(err_next(doc_need_text(d, at, &text), "put the value in quotes"));
        out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
        out->items[out->count++] = (struct workspace_variable){ .name = xstrdup(name),
                                                                .value = xstrdup(text),
                                                                .where = where_of(d, at, true) };
    }
    return NULL;
}

static struct err *read_build_args(const struct doc *d, const char *base, struct strv *out)
{
    AUTO_STR pointer = doc_pointer_add(base, "build_args");
    const json_t *object = NULL;
    const char *name;
    json_t *value;
    TRY(doc_want_object(d, pointer, &object));
    DOC_EACH_KEY (object, name, value) {
        AUTO_STR at = doc_pointer_add(pointer, name);
        const char *text = NULL;
        TRY(err_next(doc_need_text(d, at, &text), "put the value in quotes"));
        strv_addf(out, "%s=%s", name, text);
    }
    return NULL;
}

static struct err *read_service(const struct doc *d, const char *at, struct service_config *s)
{
    static const char *const known[] = { "dockerfile", "context",   "build_args", "image",
                                         "manifests",  "namespace", "units",      "vars" };
    const json_t *object = NULL;
    TRY(doc_want_object(d, at, &object));
    struct err *errors = doc_check_keys(d, at, known, COUNT_OF(known));
    errors = err_join(errors, read_path(d, at, "dockerfile", &s->dockerfile));
    errors = err_join(errors, read_path(d, at, "context", &s->context));
    errors = err_join(errors, read_build_args(d, at, &s->build_args));
    errors = err_join(errors, read_text(d, at, "image", &s->image));
    errors = err_join(errors, read_list(d, at, "manifests", true, &s->manifests));
    errors = err_join(errors, read_text(d, at, "namespace", &s->namespace));
    errors = err_join(errors, read_list(d, at, "units", false, &s->units));
    return err_join(errors, read_variables(d, at, "vars", &s->vars));
}

static struct err *same_service(const struct doc *d, const char *at, const struct service_config *other,
                                const char *name)
{
    struct err *e = err_new(RW1004_CONFIG_TYPE, "services: \"%s\" and \"%s\" are the same name", other->name, name);
    return doc_err_where_key(err_cause(e, "names are compared without case, and \"_\" counts as \"-\""), d, at);
}

static struct err *read_services(const struct doc *d, struct workspace_config *c)
{
    const json_t *object = NULL;
    const char *name;
    json_t *value;
    struct err *errors = NULL;
    TRY(doc_want_object(d, "/services", &object));
    DOC_EACH_KEY (object, name, value) {
        AUTO_STR at = doc_pointer_add("/services", name);
        const struct service_config *other = service_config_find(c, name);
        if (other) {
            errors = err_join(errors, same_service(d, at, other, name));
            continue;
        }
        c->services = xrealloc(c->services, c->service_count + 1, sizeof *c->services);
        struct service_config *s = &c->services[c->service_count++];
        *s = (struct service_config){ .name = xstrdup(name), .where = where_of(d, at, true) };
        errors = err_join(errors, read_service(d, at, s));
    }
    return errors;
}

/* The file comes with the repository: it may not point rwml at anything but a Kind cluster. */
static struct err *check_cluster(const struct doc *d, const struct workspace_config *c)
{
    if (c->context && !str_starts(c->context, "kind-")) {
        struct err *e =
            err_new(RW1004_CONFIG_TYPE, "/context: \"%s\" is not the context of a Kind cluster", c->context);
        e = err_cause(e, "a repository's %s may name Kind clusters only", WORKSPACE_CONFIG_FILE);
        return doc_err_where(e, d, "/context");
    }
    if (c->cluster && !name_is_dns1123(c->cluster)) {
        struct err *e = err_new(RW1004_CONFIG_TYPE, "/cluster: \"%s\" is no name of a Kind cluster", c->cluster);
        e = err_cause(e, "Kind takes lower-case letters, digits, \".\" and \"-\"");
        return doc_err_where(e, d, "/cluster");
    }
    return NULL;
}

static struct err *read_config(const struct doc *d, struct workspace_config *c)
{
    static const char *const known[] = { "cluster", "context", "env", "deployments", "services", "ignore", "vars" };
    const json_t *object = NULL;
    TRY(doc_need_object(d, "", &object));
    struct err *errors = doc_check_keys(d, "", known, COUNT_OF(known));
    errors = err_join(errors, read_text(d, "", "cluster", &c->cluster));
    errors = err_join(errors, read_text(d, "", "context", &c->context));
    errors = err_join(errors, read_path(d, "", "env", &c->env));
    errors = err_join(errors, read_path(d, "", "deployments", &c->deployments));
    errors = err_join(errors, read_list(d, "", "ignore", true, &c->ignore));
    errors = err_join(errors, read_variables(d, "", "vars", &c->vars));
    errors = err_join(errors, read_services(d, c));
    return err_join(errors, check_cluster(d, c));
}

struct err *workspace_config_parse(const char *text, size_t len, const char *name, struct workspace_config *out)
{
    AUTO(doc) d = { 0 };
    AUTO(workspace_config) c = { .present = true };
    TRY(doc_parse_yaml_one(text, len, name, &d));
    TRY(read_config(&d, &c));
    *out = c;
    c = (struct workspace_config){ 0 };
    return NULL;
}

struct err *workspace_config_load(int root_fd, struct workspace_config *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *e = fs_read_beneath(root_fd, WORKSPACE_CONFIG_FILE, LIMIT_CONFIG, &text);
    if (e && err_errno(e) == ENOENT) {
        err_ignore(e, "the file is optional");
        *out = (struct workspace_config){ 0 };
        return NULL;
    }
    if (e)
        return err_because(RW1001_CONFIG_UNREADABLE, e, "cannot read %s", WORKSPACE_CONFIG_FILE);
    return workspace_config_parse(buf_text(&text), text.len, WORKSPACE_CONFIG_FILE, out);
}

const struct service_config *service_config_find(const struct workspace_config *c, const char *service)
{
    for (size_t i = 0; i < c->service_count; i++)
        if (name_equal(c->services[i].name, service))
            return &c->services[i];
    return NULL;
}

static void variables_release(struct workspace_variables *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->items[i].name);
        free(v->items[i].value);
        free(v->items[i].where);
    }
    free(v->items);
}

static void service_release(struct service_config *s)
{
    free(s->name);
    free(s->where);
    free(s->dockerfile);
    free(s->context);
    free(s->image);
    free(s->namespace);
    strv_release(&s->build_args);
    strv_release(&s->manifests);
    strv_release(&s->units);
    variables_release(&s->vars);
}

void workspace_config_release(struct workspace_config *c)
{
    for (size_t i = 0; i < c->service_count; i++)
        service_release(&c->services[i]);
    free(c->services);
    free(c->cluster);
    free(c->context);
    free(c->env);
    free(c->deployments);
    strv_release(&c->ignore);
    variables_release(&c->vars);
    *c = (struct workspace_config){ 0 };
}
