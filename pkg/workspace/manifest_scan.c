#include "workspace/manifest_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/path.h"
#include "doc/doc.h"
#include "kustomize/kustomize.h"
#include "oci/reference.h"
#include "workspace/layout.h"
#include "workspace/name.h"

static const struct {
    const char *kind, *pointer;
} workload_kinds[] = {
    { "Deployment", "/spec/template/spec" },
    { "StatefulSet", "/spec/template/spec" },
    { "ReplicaSet", "/spec/template/spec" },
    { "DaemonSet", "/spec/template/spec" },
    { "Job", "/spec/template/spec" },
    { "CronJob", "/spec/jobTemplate/spec/template/spec" },
    { "Pod", "/spec" },
};

const char *scan_pod_pointer(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(workload_kinds); i++)
        if (str_eq(workload_kinds[i].kind, kind))
            return workload_kinds[i].pointer;
    return NULL;
}

const char *scan_workload_kind_like(const char *kind)
{
    const char *names[COUNT_OF(workload_kinds)];
    for (size_t i = 0; i < COUNT_OF(workload_kinds); i++)
        names[i] = workload_kinds[i].kind;
    return str_nearest(kind, names, COUNT_OF(workload_kinds));
}

/* "web:${TAG:-dev}" as it is when nobody sets TAG; owned. Other variables stay as they stand. */
static char *with_defaults(const char *image)
{
    AUTO(buf) out = BUF_INIT(LIMIT_MANIFEST);
    while (*image) {
        size_t plain = strcspn(image, "$");
        buf_add(&out, image, plain);
        image += plain;
        const char *middle = str_starts(image, "${") ? strstr(image, ":-") : NULL;
        const char *end = middle ? strchr(middle, '}') : NULL;
        if (end && !memchr(image + 2, '$', (size_t)(end - image - 2)) && strchr(image, '}') == end) {
            buf_add(&out, middle + 2, (size_t)(end - middle - 2));
            image = end + 1;
        } else if (*image) {
            buf_add(&out, image++, 1);
        }
    }
    return buf_steal(&out, NULL);
}

static void add_image(const char *image, bool never_pulled, const char *file, struct manifest_scan *out)
{
    char *familiar = NULL;
    AUTO_STR filled = with_defaults(image);
    struct err *e = oci_familiar_name(filled, &familiar);
    if (e) {
        err_ignore(e, "what is no image reference, or has a variable, is no local image for sure");
        return;
    }
    out->images = xrealloc(out->images, out->image_count + 1, sizeof *out->images);
    out->images[out->image_count++] =
        (struct scanned_image){ .reference = familiar, .file = xstrdup(file), .never_pulled = never_pulled };
}

static void add_container(const json_t *container, const char *file, struct manifest_scan *out)
{
    const char *image = doc_text(container, "/image");
    if (image)
        add_image(image, str_eq(doc_text(container, "/imagePullPolicy"), "Never"), file, out);
}

/* A file that is no YAML still belongs to the service whose image it mentions: then it is told as
 * broken, and the service is not passed over. */
static void add_mentioned_images(const struct buf *text, const char *file, struct manifest_scan *out)
{
    static const char key[] = "image:";
    for (const char *at = buf_text(text); (at = strstr(at, key)) != NULL;) {
        at += strlen(key);
        at += strspn(at, " \t\"'");
        AUTO_STR image = xstrndup(at, strcspn(at, " \t\r\n\"'#,}]"));
        if (*image)
            add_image(image, false, file, out);
    }
}

static void scan_workload(const json_t *object, const char *pointer, const char *file, struct manifest_scan *out)
{
    static const char *const lists[] = { "/containers", "/initContainers" };
    const json_t *pod = doc_get(object, pointer);
    for (size_t l = 0; l < COUNT_OF(lists); l++) {
        size_t i;
        json_t *container;
        DOC_EACH_ITEM (doc_get(pod, lists[l]), i, container)
            add_container(container, file, out);
    }
    const char *name = doc_text(object, "/metadata/name");
    if (name)
        strv_add(&out->workloads, name);
}

static void scan_object(const json_t *object, const char *file, struct manifest_scan *out)
{
    const char *kind = doc_text(object, "/kind"), *version = doc_text(object, "/apiVersion");
    const char *name = doc_text(object, "/metadata/name");
    if (!kind || !version)
        return;
    if (str_starts(version, "kind.x-k8s.io/")) {
        if (strcmp(kind, "Cluster") == 0 && doc_text(object, "/name"))
            strv_add(&out->kind_clusters, doc_text(object, "/name"));
        return;
    }
    if (strcmp(kind, "List") == 0) {
        size_t i;
        json_t *item;
        DOC_EACH_ITEM (doc_get(object, "/items"), i, item)
            if (!str_eq(doc_text(item, "/kind"), "List"))
                scan_object(item, file, out);
        return;
    }
    if (scan_pod_pointer(kind))
        scan_workload(object, scan_pod_pointer(kind), file, out);
    if (name && !out->odd_name && !strstr(name, "${") && !name_is_dns1123(name) && scan_pod_pointer(kind))
        out->odd_name = xstrdup(name);
}

/* Only these decide anything here; a file of custom resource definitions takes long to parse. */
static bool can_matter(const struct buf *text)
{
    return strstr(buf_text(text), "image") || strstr(buf_text(text), "kind.x-k8s.io");
}

static struct err *read_documents(int root_fd, const char *path, struct buf *text, struct doc_list *out)
{
    TRY(fs_read_beneath(root_fd, path, LIMIT_MANIFEST, text));
    if (text->len && !memchr(text->bytes, '\0', text->len) && !can_matter(text))
        return NULL;
    return doc_parse_yaml(buf_text(text), text->len, path, out);
}

void scan_manifest(int root_fd, const char *path, struct manifest_scan *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(doc_list) documents = { 0 };
    struct err *e = read_documents(root_fd, path, &text, &documents);
    if (e) {
        add_mentioned_images(&text, path, out);
        if (!out->broken)
            out->broken = xstrdup(path);
    }
    err_free(e);
    for (size_t i = 0; i < documents.count; i++)
        scan_object(documents.items[i].root, path, out);
}

void scan_kind_config(int root_fd, const char *path, struct manifest_scan *out)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(doc_list) documents = { 0 };
    struct err *e = fs_read_beneath(root_fd, path, LIMIT_MANIFEST, &text);
    if (!e && strstr(buf_text(&text), "kind.x-k8s.io"))
        e = doc_parse_yaml(buf_text(&text), text.len, path, &documents);
    err_ignore(e, "a file that can't be read names no cluster");
    for (size_t i = 0; i < documents.count; i++)
        scan_object(documents.items[i].root, path, out);
}

struct err *scan_error(int root_fd, const char *path)
{
    AUTO(doc_list) documents = { 0 };
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    return read_documents(root_fd, path, &text, &documents);
}

/* The files that a kustomization names, as they are, where it can't be rendered. */
static void scan_resources(int root_fd, const char *path, struct manifest_scan *out)
{
    AUTO(doc_list) documents = { 0 };
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO_STR dir = path_parent(path);
    struct err *e = fs_read_beneath(root_fd, path, LIMIT_MANIFEST, &text);
    if (!e)
        e = doc_parse_yaml(buf_text(&text), text.len, path, &documents);
    err_ignore(e, "rendering the kustomization tells it");
    for (size_t d = 0; d < documents.count; d++) {
        size_t i;
        json_t *item;
        DOC_EACH_ITEM (doc_get(documents.items[d].root, "/resources"), i, item) {
            const char *name = doc_text(item, "");
            AUTO_STR file = name && layout_is_yaml(name) ? path_join(dir, name) : NULL;
            if (file && path_is_inside(file))
                scan_manifest(root_fd, file, out);
        }
    }
}

void scan_kustomization(int root_fd, const char *path, struct manifest_scan *out)
{
    struct kustomize_result *rendered = xcalloc(1, sizeof *rendered);
    struct err *e = kustomize_render(root_fd, path, rendered);
    if (e) {
        err_ignore(e, "deploying it tells it");
        free(rendered);
        scan_resources(root_fd, path, out);
        return;
    }
    for (size_t i = 0; i < rendered->count; i++) {
        const struct kustomize_object *o = &rendered->objects[i];
        struct doc_origin from = doc_origins_find(o->origins, o->tree, "");
        scan_object(o->tree, from.doc->file, out);
        doc_origin_release(&from);
    }
    kustomize_result_freep(&out->rendered);
    out->rendered = rendered;
}

void manifest_scan_release(struct manifest_scan *s)
{
    for (size_t i = 0; i < s->image_count; i++) {
        free(s->images[i].reference);
        free(s->images[i].file);
    }
    free(s->images);
    strv_release(&s->workloads);
    strv_release(&s->kind_clusters);
    free(s->odd_name);
    free(s->broken);
    kustomize_result_freep(&s->rendered);
    *s = (struct manifest_scan){ 0 };
}
