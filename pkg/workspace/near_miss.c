/* Discovery, section 3: why a directory that looks like a service is none, in the words of whoever has to correct it.
 * Runs for directories that somebody asks for or misses only, so it may read their files once more. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "workspace/discover.h"
#include "workspace/manifest_scan.h"
#include "workspace/name.h"
#include "workspace/passed.h"

void near_miss_release(struct near_miss *m)
{
    free(m->reason);
    free(m->where);
    *m = (struct near_miss){ 0 };
}

/* What was found on the way. Of what is only not built here, nothing is said where something is misspelt. */
struct look {
    const struct workspace *workspace;
    size_t objects;
    struct strv misspelt, misspelt_where;
    struct strv others, others_where;
};

static void look_release(struct look *l)
{
    strv_release(&l->misspelt);
    strv_release(&l->misspelt_where);
    strv_release(&l->others);
    strv_release(&l->others_where);
}

/* An object of a file or of a rendered kustomization. */
struct seen {
    const json_t *object;
    const struct doc *doc; /* of a file; NULL: rendered */
    const char *at;        /* where it hangs in the document */
    const struct kustomize_object *rendered;
};

static char *where_of(const struct seen *s, const char *pointer)
{
    AUTO_STR full = xasprintf("%s%s", s->at, pointer);
    struct doc_origin from =
        s->rendered ? doc_origins_find(s->rendered->origins, s->rendered->tree, full) : doc_origin_of(s->doc, full);
    char *where = doc_origin_where(&from);
    doc_origin_release(&from);
    return where;
}

/* hint: what was probably meant, or NULL. */
static void note(struct look *l, const char *what, const char *hint, char *where_steal)
{
    struct strv *places = hint ? &l->misspelt_where : &l->others_where;
    if (hint)
        strv_addf(&l->misspelt, "%s in %s; did you mean %s?", what, where_steal, hint);
    else
        strv_addf(&l->others, "%s in %s", what, where_steal);
    strv_add_take(places, where_steal);
}

/* ---------------------------------------------------------------- images */

/* Images that can be built here, and the names to compare with theirs. */
struct known_images {
    struct strv names, images;
};

static void known_images_release(struct known_images *k)
{
    strv_release(&k->names);
    strv_release(&k->images);
}

static void add_known(struct known_images *k, const char *name, const char *tag)
{
    strv_add(&k->names, name);
    strv_addf(&k->images, "%s%s", name, tag);
}

/* What rwml.yaml says comes first, and wins where several are as near. */
static void find_known(const struct workspace *w, const char *tag, struct known_images *out)
{
    for (size_t i = 0; i < w->config.service_count; i++) {
        const char *image = w->config.services[i].image;
        if (!image)
            continue;
        strv_add_take(&out->names, image_base(image));
        strv_add(&out->images, image);
    }
    for (size_t i = 0; i < w->dockerfile_count; i++)
        if (w->dockerfiles[i].stem)
            add_known(out, w->dockerfiles[i].stem, tag);
    for (size_t i = 0; i < w->source_dirs.count; i++)
        add_known(out, fs_base(w->source_dirs.items[i]), tag);
}

/* The image that was probably meant, owned; NULL: nothing here has a name like it. */
static char *meant_image(const struct workspace *w, const char *image)
{
    AUTO(known_images) known = { 0 };
    AUTO_STR base = image_base(image);
    const char *slash = strrchr(image, '/');
    const char *tag = (slash ? slash + 1 : image) + strlen(base);
    find_known(w, *tag == ':' ? tag : "", &known);
    const char *near = str_nearest(base, (const char *const *)known.names.items, known.names.count);
    for (size_t i = 0; near && i < known.names.count; i++)
        if (known.names.items[i] == near)
            return xstrdup(known.images.items[i]);
    return NULL;
}

static void look_at_image(struct look *l, const struct seen *s, const char *pointer, const char *image)
{
    AUTO_STR meant = meant_image(l->workspace, image);
    AUTO_STR what = xasprintf("it has %s", image);
    note(l, what, str_eq(meant, image) ? NULL : meant, where_of(s, pointer));
}

/* ---------------------------------------------------------------- fields */

/* The key that stands where the wanted one should, borrowed; NULL when none is like it. */
static const char *key_like(const json_t *object, const char *wanted)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (object, key, value)
        if (value && strcmp(key, wanted) != 0 && str_nearest(key, &wanted, 1))
            return key;
    return NULL;
}

/* True: something stands where the key should. */
static bool look_for_key(struct look *l, const struct seen *s, const char *pointer, const char *wanted)
{
    const char *key = key_like(doc_get(s->object, pointer), wanted);
    AUTO_STR place = key ? doc_pointer_add(pointer, key) : NULL;
    if (key)
        note(l, key, wanted, where_of(s, place));
    return key;
}

static size_t look_at_containers(struct look *l, const struct seen *s, const char *list)
{
    size_t i, images = 0;
    json_t *container;
    DOC_EACH_ITEM (doc_get(s->object, list), i, container) {
        AUTO_STR pointer = xasprintf("%s/%zu", list, i);
        AUTO_STR place = xasprintf("%s/image", pointer);
        const char *image = doc_text(container, "/image");
        if (image)
            look_at_image(l, s, place, image);
        images += image || look_for_key(l, s, pointer, "image");
    }
    return images;
}

static void look_at_workload(struct look *l, const struct seen *s, const char *pod)
{
    AUTO_STR containers = xasprintf("%s/containers", pod);
    AUTO_STR before = xasprintf("%s/initContainers", pod);
    size_t images = look_at_containers(l, s, containers) + look_at_containers(l, s, before);
    AUTO_STR what = xasprintf("%s without an image", doc_text(s->object, "/kind"));
    if (images == 0 && !look_for_key(l, s, pod, "containers"))
        note(l, what, NULL, where_of(s, ""));
}

/* What has neither kind nor version is no object, and probably not meant to be one. */
static bool has_both(struct look *l, const struct seen *s)
{
    const char *kind = doc_text(s->object, "/kind"), *version = doc_text(s->object, "/apiVersion");
    const char *missing = kind ? "apiVersion" : "kind";
    AUTO_STR what = xasprintf("an object without %s", missing);
    if (!kind != !version) {
        l->objects++;
        if (!look_for_key(l, s, "", missing))
            note(l, what, NULL, where_of(s, ""));
    }
    return kind && version;
}

static void look_at(struct look *l, const struct seen *s)
{
    const char *kind = doc_text(s->object, "/kind");
    size_t i;
    json_t *item;
    if (!has_both(l, s))
        return;
    if (strcmp(kind, "List") == 0) {
        DOC_EACH_ITEM (doc_get(s->object, "/items"), i, item) {
            AUTO_STR at = xasprintf("%s/items/%zu", s->at, i);
            if (!str_eq(doc_text(item, "/kind"), "List"))
                look_at(l, &(struct seen){ .object = item, .doc = s->doc, .at = at, .rendered = s->rendered });
        }
        return;
    }
    l->objects++;
    if (scan_pod_pointer(kind))
        look_at_workload(l, s, scan_pod_pointer(kind));
    else if (scan_workload_kind_like(kind))
        note(l, kind, scan_workload_kind_like(kind), where_of(s, "/kind"));
}

/* ---------------------------------------------------------------- files */

static struct err *look_at_kustomization(struct look *l, const char *path)
{
    AUTO(kustomize_result) rendered = { 0 };
    TRY(kustomize_render(l->workspace->root_fd, path, &rendered));
    for (size_t i = 0; i < rendered.count; i++)
        look_at(l, &(struct seen){ .object = rendered.objects[i].tree, .at = "", .rendered = &rendered.objects[i] });
    return NULL;
}

static struct err *look_at_file(struct look *l, const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(doc_list) documents = { 0 };
    TRY(fs_read_beneath(l->workspace->root_fd, path, LIMIT_MANIFEST, &text));
    TRY(doc_parse_yaml(buf_text(&text), text.len, path, &documents));
    for (size_t i = 0; i < documents.count; i++)
        look_at(l, &(struct seen){ .object = documents.items[i].root, .doc = &documents.items[i], .at = "" });
    return NULL;
}

static struct err *look_at_files(struct look *l, const struct passed_dir *p)
{
    if (p->kustomization)
        return look_at_kustomization(l, p->kustomization);
    for (size_t i = 0; i < p->manifests.count; i++)
        TRY(look_at_file(l, p->manifests.items[i]));
    return NULL;
}

/* ---------------------------------------------------------------- words */

static void tell_empty(const struct passed_dir *p, struct near_miss *out)
{
    AUTO_STR files = strv_join(&p->manifests, ", ");
    out->where = xstrdup(p->kustomization ? p->kustomization : p->manifests.items[0]);
    out->reason = p->kustomization ? xasprintf("%s has no resources", p->kustomization)
                                   : xasprintf("no object with a kind is in %s", files);
}

static void tell_odd_name(const struct passed_dir *p, struct near_miss *out)
{
    out->where = xstrdup(p->path);
    out->reason = xasprintf("\"%s\" is no name for an object", p->odd_name);
}

/* Beside images that are like nothing here, rwml.yaml's own word for the directory helps. */
static char *given_image(const struct look *l, const struct passed_dir *p)
{
    const struct service_config *config = service_config_find(&l->workspace->config, fs_base(p->path));
    if (l->misspelt.count || !config || !config->image)
        return xstrdup("");
    return xasprintf("; services.%s.image is %s", config->name, config->image);
}

static void tell(const struct look *l, const struct passed_dir *p, struct near_miss *out)
{
    const struct strv *list = l->misspelt.count ? &l->misspelt : &l->others;
    const struct strv *places = l->misspelt.count ? &l->misspelt_where : &l->others_where;
    AUTO_STR text = strv_join(list, "; ");
    AUTO_STR given = given_image(l, p);
    if (list->count == 0) {
        out->where = xstrdup(p->kustomization ? p->kustomization : p->path);
        out->reason = xstrdup("no object in it is a workload");
        return;
    }
    out->where = xstrdup(places->items[0]);
    out->reason = xasprintf("no workload in it has an image that is built here (%s%s)", text, given);
}

struct err *near_miss_find(const struct workspace *w, const struct passed_dir *p, struct near_miss *out)
{
    struct look l = { .workspace = w };
    struct err *e = look_at_files(&l, p);
    if (!e && p->odd_name)
        tell_odd_name(p, out);
    else if (!e && l.objects == 0)
        tell_empty(p, out);
    else if (!e)
        tell(&l, p, out);
    look_release(&l);
    return e;
}
