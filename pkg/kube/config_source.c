#include "kube/config_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/fs.h"
#include "base/limits.h"

void kube_sources_release(struct kube_sources *s)
{
    for (size_t i = 0; i < s->count; i++) {
        doc_release(&s->items[i].doc);
        free(s->items[i].dir);
    }
    free(s->items);
    *s = (struct kube_sources){ 0 };
}

struct err *kube_sources_add(struct kube_sources *s, const char *text, size_t len, const char *name, const char *dir)
{
    struct doc doc = { 0 };
    struct err *e = doc_parse_yaml_one(text, len, name, &doc);
    if (e)
        return err_because(RW5101_KUBECONFIG, e, "cannot read the kubeconfig %s", name);
    s->items = xrealloc(s->items, s->count + 1, sizeof *s->items);
    s->items[s->count++] = (struct kube_source){ .doc = doc, .dir = xstrdup(dir) };
    return NULL;
}

static struct err *add_file(struct kube_sources *s, const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *e = fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text);
    if (e && err_errno(e) == ENOENT) {
        err_ignore(e, "files of $KUBECONFIG that are not there are passed over, as kubectl does");
        return NULL;
    }
    if (e)
        return err_because(RW5101_KUBECONFIG, e, "cannot read the kubeconfig %s", path);
    const char *slash = strrchr(path, '/');
    AUTO_STR dir = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
    e = kube_sources_add(s, buf_text(&text), text.len, path, dir);
    if (text.bytes)
        explicit_bzero(text.bytes, text.len);
    return e;
}

struct err *kube_sources_load(struct kube_sources *s, const char *env, const char *home)
{
    if (!env || !*env) {
        AUTO_STR path = home ? xasprintf("%s/.kube/config", home) : NULL;
        return path ? add_file(s, path) : NULL;
    }
    for (const char *from = env; *from;) {
        size_t len = strcspn(from, ":");
        AUTO_STR path = xstrndup(from, len);
        if (len > 0)
            TRY(add_file(s, path));
        from += len + (from[len] == ':');
    }
    return NULL;
}

void kube_entry_release(struct kube_entry *e)
{
    free(e->pointer);
}

/* The first file that has the name wins. */
struct kube_entry kube_entry_find(const struct kube_sources *s, const char *list, const char *content, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t n;
        json_t *item;
        DOC_EACH_ITEM (doc_key(s->items[i].doc.root, list), n, item) {
            if (str_eq(doc_text(item, "/name"), name))
                return (struct kube_entry){ &s->items[i], xasprintf("/%s/%zu/%s", list, n, content) };
        }
    }
    return (struct kube_entry){ 0 };
}

struct err *kube_entry_bad(struct err *inner, const struct kube_entry *e)
{
    if (!inner)
        return NULL;
    return err_because(RW5101_KUBECONFIG, inner, "cannot use the kubeconfig %s", e->source->doc.file);
}

struct err *kube_entry_wrong(const struct kube_entry *e, const char *key, const char *fmt, ...)
{
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    va_list ap;
    va_start(ap, fmt);
    AUTO_STR words = xvasprintf(fmt, ap);
    va_end(ap);
    return doc_err_where_key(err_new(RW5101_KUBECONFIG, "the kubeconfig %s %s", e->source->doc.file, words),
                             &e->source->doc, pointer);
}

json_t *kube_entry_get(const struct kube_entry *e, const char *key)
{
    return doc_key(doc_get(e->source->doc.root, e->pointer), key);
}

/* kubectl and cloud tools write empty entries for what is not used. */
bool kube_entry_is_set(const struct kube_entry *e, const char *key)
{
    const json_t *value = kube_entry_get(e, key);
    const char *text = doc_text(value, "");
    return !doc_is_null(value) && (!text || *text);
}

struct err *kube_entry_text(const struct kube_entry *e, const char *key, const char **out)
{
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    *out = NULL;
    TRY(kube_entry_bad(doc_want_text(&e->source->doc, pointer, out), e));
    if (*out && !**out)
        *out = NULL;
    return NULL;
}

struct err *kube_entry_copy(const struct kube_entry *e, const char *key, char **out)
{
    const char *text;
    TRY(kube_entry_text(e, key, &text));
    *out = xstrdup(text);
    return NULL;
}

struct err *kube_entry_bool(const struct kube_entry *e, const char *key, bool *out)
{
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    return kube_entry_bad(doc_want_bool(&e->source->doc, pointer, out), e);
}

char *kube_entry_path(const struct kube_entry *e, const char *path)
{
    return e->source->dir ? fs_join(e->source->dir, path) : xstrdup(path);
}

struct err *kube_entry_file(const struct kube_entry *e, const char *key, const char *path, char **out)
{
    AUTO_STR full = kube_entry_path(e, path);
    AUTO_STR pointer = xasprintf("%s/%s", e->pointer, key);
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    struct err *error = fs_read(AT_FDCWD, full, LIMIT_CONFIG, &text);
    if (!error && strlen(buf_text(&text)) != text.len)
        error = err_new(RW5101_KUBECONFIG, "%s holds a NUL byte", full);
    if (error) {
        error = err_because(RW5101_KUBECONFIG, error, "cannot read what the kubeconfig names as %s", key);
        return doc_err_where(error, &e->source->doc, pointer);
    }
    *out = buf_steal(&text, NULL);
    return NULL;
}

/* <key>-data holds the content in base64 and wins over <key>, which names a file. */
struct err *kube_entry_material(const struct kube_entry *e, const char *key, char **out)
{
    AUTO_STR data_key = xasprintf("%s-data", key);
    const char *encoded, *path;
    TRY(kube_entry_text(e, data_key, &encoded));
    TRY(kube_entry_text(e, key, &path));
    if (!encoded)
        return path ? kube_entry_file(e, key, path, out) : NULL;
    AUTO(buf) decoded = BUF_INIT(LIMIT_CONFIG);
    if (!base64_decode(encoded, &decoded) || strlen(buf_text(&decoded)) != decoded.len) {
        AUTO_STR pointer = xasprintf("%s/%s", e->pointer, data_key);
        struct err *error = err_new(RW5101_KUBECONFIG, "%s in the kubeconfig is not a text in base64", data_key);
        return doc_err_where(error, &e->source->doc, pointer);
    }
    *out = buf_steal(&decoded, NULL);
    return NULL;
}
