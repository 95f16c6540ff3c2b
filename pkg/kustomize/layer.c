#include "kustomize/layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"
#include "kustomize/fields.h"
#include "kustomize/kustomize.h"

const json_t *layer_at(const struct layer *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR pointer = xvasprintf(fmt, ap);
    va_end(ap);
    return doc_get(l->doc->root, pointer);
}

const char *layer_text(const struct layer *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR pointer = xvasprintf(fmt, ap);
    va_end(ap);
    const char *text = doc_text(l->doc->root, pointer);
    return text && *text ? text : NULL;
}

struct err *layer_refuse(const struct layer *l, const char *pointer, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR message = xvasprintf(fmt, ap);
    va_end(ap);
    return doc_err_where(err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s", message), l->doc, pointer);
}

/* The names that a file of NAME=VALUE lines sets: what has to be filled in. */
static char *variables_of(const char *text)
{
    AUTO(strv) names = { 0 };
    for (const char *line = text; *line;) {
        line += strspn(line, " \t");
        size_t len = strcspn(line, "\n"), name = strcspn(line, "=\n# \t");
        if (name && line[name] == '=')
            strv_add_take(&names, xstrndup(line, name));
        line += len + (line[len] == '\n');
    }
    return names.count ? strv_join(&names, ", ") : xstrdup("nothing");
}

/* A file that was forgotten has often been given as an example. */
static struct err *tell_sample(const struct layer *l, const char *path, struct err *e)
{
    static const char *const endings[] = { ".sample", ".example" };
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        AUTO_STR sample = xasprintf("%s%s", path, endings[i]);
        AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
        struct err *none = fs_read_beneath(l->sources->root_fd, sample, LIMIT_CONFIG, &text);
        bool found = !none;
        err_ignore(none, "then there is no such example");
        if (!found)
            continue;
        AUTO_STR names = variables_of(buf_text(&text));
        e = err_cause(e, "there is no such file; %s lies beside it and sets %s", sample, names);
        return err_next(e, "cp %s %s", sample, path);
    }
    return err_cause(e, "there is no such file");
}

static struct err *missing(const struct layer *l, const char *pointer, const char *path, struct err *why)
{
    bool absent = err_errno(why) == ENOENT || err_errno(why) == ENOTDIR;
    if (!absent)
        return why;
    err_ignore(why, "the kustomization's line says more");
    struct err *e = err_new(RW5004_KUSTOMIZE_FILE, "%s needs the file %s", l->doc->file, path);
    return tell_sample(l, path, doc_err_where(e, l->doc, pointer));
}

struct err *layer_read(const struct layer *l, const char *pointer, const char *name, struct buf *text, char **path)
{
    AUTO_STR joined = path_join(l->dir, name);
    if (name[0] == '/' || !path_is_below(joined, l->dir) || !path_is_inside(joined)) {
        struct err *e = layer_refuse(l, pointer, "%s lies outside the directory of its kustomization", name);
        return err_cause(e, "kubectl kustomize refuses that, too; a directory with a kustomization may lie there");
    }
    struct err *e = fs_read_beneath(l->sources->root_fd, joined, LIMIT_MANIFEST, text);
    if (e)
        return missing(l, pointer, joined, e);
    *path = STEAL(&joined);
    return NULL;
}

static struct doc_list keep(struct sources *s, struct doc_list documents_steal)
{
    s->files = xrealloc(s->files, s->count + 1, sizeof *s->files);
    s->files[s->count] = documents_steal;
    return s->files[s->count++];
}

struct err *sources_parse(struct sources *s, const char *text, size_t len, const char *name, struct doc_list *out)
{
    struct doc_list documents = { 0 };
    TRY(doc_parse_yaml_alike(text, len, name, &documents));
    *out = keep(s, documents);
    return NULL;
}

bool kustomize_is_file(const char *name)
{
    static const char *const names[] = { "kustomization.yaml", "kustomization.yml", "Kustomization" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

struct err *sources_kustomization(const struct sources *s, const char *dir, char **out)
{
    AUTO(strv) names = { 0 };
    AUTO_STR found = NULL;
    TRY(fs_list(s->root_fd, dir, &names));
    for (size_t i = 0; i < names.count; i++) {
        if (!kustomize_is_file(names.items[i]))
            continue;
        AUTO_STR path = path_join(dir, names.items[i]);
        if (found) {
            struct err *e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s holds two kustomizations", dir);
            return err_at(err_cause(e, "they are %s and %s", fs_base(found), names.items[i]), "%s", path);
        }
        found = STEAL(&path);
    }
    *out = STEAL(&found);
    return NULL;
}

static struct err *read_kustomization(struct layer *l, const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    struct doc_list documents = { 0 };
    TRY(fs_read_beneath(l->sources->root_fd, path, LIMIT_MANIFEST, &text));
    TRY(doc_parse_yaml(buf_text(&text), text.len, path, &documents));
    documents = keep(l->sources, documents);
    if (documents.count != 1) {
        struct err *e = err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s holds %zu documents, not one", path, documents.count);
        return err_at(e, "%s", path);
    }
    l->doc = &documents.items[0];
    return fields_check(l->doc);
}

static struct err *check_not_within_itself(const struct layer *l)
{
    for (const struct layer *outer = l->of; outer; outer = outer->of)
        if (strcmp(outer->dir, l->dir) == 0)
            return layer_refuse(l, "", "%s has itself among its bases", l->doc->file);
    return NULL;
}

static struct err *take_steps(struct layer *l, const char *path)
{
    TRY(read_kustomization(l, path));
    TRY(check_not_within_itself(l));
    TRY(layer_read_resources(l));
    TRY(layer_generate(l));
    TRY(layer_patch(l));
    TRY(layer_transform(l));
    return layer_set_images(l);
}

struct err *layer_render(struct sources *sources, const char *path, const struct layer *of, struct resource_list *out)
{
    struct layer l = { .sources = sources, .dir = path_parent(path), .of = of };
    struct err *e = take_steps(&l, path);
    if (!e)
        resource_append_all(out, &l.resources);
    resource_list_release(&l.resources);
    free(l.dir);
    return e;
}
