#include "manifest/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"

char *manifest_where(const struct manifest_object *o, const char *pointer)
{
    AUTO_STR whole = xasprintf("%s%s", o->pointer, pointer);
    size_t line = 0, column = 0;
    doc_where(o->doc, whole, &line, &column);
    return xasprintf("%s:%zu:%zu", o->file, line, column);
}

struct err *manifest_err_where(struct err *e, const struct manifest_object *o, const char *pointer)
{
    AUTO_STR where = manifest_where(o, pointer);
    return err_at(e, "%s", where);
}

const char *manifest_pod_pointer(const struct manifest_object *o)
{
    static const char template[] = "/spec/template/spec";
    static const struct {
        const char *kind, *pointer;
    } rows[] = {
        { "Deployment", template }, { "StatefulSet", template }, { "DaemonSet", template },
        { "ReplicaSet", template }, { "Job", template },         { "CronJob", "/spec/jobTemplate/spec/template/spec" },
        { "Pod", "/spec" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].kind, o->kind) == 0)
            return rows[i].pointer;
    return NULL;
}

/* Kinds of Kubernetes itself that live in no namespace. Of others the API server tells. */
static bool is_cluster_wide(const char *kind)
{
    static const char *const kinds[] = {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "StorageClass",
        "CustomResourceDefinition",
        "PriorityClass",
        "IngressClass",
        "RuntimeClass",
        "APIService",
        "MutatingWebhookConfiguration",
        "CSIDriver",
        "VolumeSnapshotClass",
        "ValidatingWebhookConfiguration",
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

/* M3: what others need comes first. */
static size_t rank_of(const char *kind)
{
    static const char *const order[] = {
        "Namespace",
        "CustomResourceDefinition",
        "ServiceAccount",
        "Secret",
        "ConfigMap",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "StorageClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Service",
        "StatefulSet",
        "Deployment",
        "DaemonSet",
        "ReplicaSet",
        "Pod",
        "Job",
        "CronJob",
    };
    size_t rank = 0;
    while (rank < COUNT_OF(order) && strcmp(order[rank], kind) != 0)
        rank++;
    return rank;
}

void manifest_object_refresh(struct manifest_object *o)
{
    const char *namespace = doc_text(o->tree, "/metadata/namespace");
    o->api_version = doc_text(o->tree, "/apiVersion");
    o->kind = doc_text(o->tree, "/kind");
    o->name = doc_text(o->tree, "/metadata/name");
    if (is_cluster_wide(o->kind))
        str_freep(&o->namespace);
    else
        str_set(&o->namespace, namespace && *namespace ? namespace : o->default_namespace);
    free(o->label);
    o->label = xasprintf("%s/%s", o->kind, o->name);
}

static struct err *invalid(const struct manifest_object *o, const char *pointer, const char *why)
{
    return manifest_err_where(err_new(RW5001_OBJECT_INVALID, "%s: %s", o->file, why), o, pointer);
}

static void object_release(struct manifest_object *o)
{
    doc_unref(o->tree);
    free(o->pointer);
    free(o->namespace);
    free(o->default_namespace);
    free(o->label);
}

/* True for what is no Kubernetes object and was not meant to be one: values of a chart, the chart
 * itself, settings of other tools. What has a name like an object was meant to be one. */
static bool is_other_document(const json_t *tree)
{
    const char *version = doc_text(tree, "/apiVersion"), *kind = doc_text(tree, "/kind");
    if (!doc_is_object(tree))
        return true;
    if (!version || !kind)
        return doc_is_null(doc_get(tree, "/metadata/name"));
    return str_starts(version, "kind.x-k8s.io/") || str_starts(version, "kustomize.config.k8s.io/");
}

static struct err *check_object(const struct manifest_object *o)
{
    if (!doc_text(o->tree, "/apiVersion"))
        return invalid(o, "", "the object has no apiVersion");
    if (!doc_text(o->tree, "/kind"))
        return invalid(o, "", "the object has no kind");
    const json_t *name = doc_get(o->tree, "/metadata/name"), *namespace = doc_get(o->tree, "/metadata/namespace");
    if (doc_is_null(name))
        return invalid(o, "/metadata", "the object has no metadata.name");
    if (!doc_text(name, "") || !*doc_text(name, ""))
        return invalid(o, "/metadata/name", "metadata.name has to be a text");
    if (!doc_is_null(namespace) && !doc_text(namespace, ""))
        return invalid(o, "/metadata/namespace", "metadata.namespace has to be a text");
    return NULL;
}

static struct err *add_object(struct manifest_set *set, const struct doc *d, const char *pointer,
                              const char *default_namespace)
{
    struct manifest_object o = { .doc = d, .file = d->file, .pointer = xstrdup(pointer) };
    o.tree = doc_ref(doc_get(d->root, pointer));
    struct err *e = check_object(&o);
    if (e) {
        object_release(&o);
        return e;
    }
    o.default_namespace = xstrdup(default_namespace);
    manifest_object_refresh(&o);
    set->objects = xrealloc(set->objects, set->count + 1, sizeof *set->objects);
    set->objects[set->count++] = o;
    return NULL;
}

static struct err *add_document(struct manifest_set *set, const struct doc *d, const char *default_namespace)
{
    if (is_other_document(d->root))
        return NULL;
    if (!str_eq(doc_text(d->root, "/kind"), "List"))
        return add_object(set, d, "", default_namespace);
    struct err *errors = NULL;
    for (size_t i = 0; i < doc_count(doc_get(d->root, "/items")); i++) {
        AUTO_STR pointer = xasprintf("/items/%zu", i);
        errors = err_join(errors, add_object(set, d, pointer, default_namespace));
    }
    return errors;
}

static struct err *load_file(int root_fd, const char *path, const char *default_namespace, struct manifest_set *set)
{
    AUTO(buf) text = BUF_INIT(LIMIT_MANIFEST);
    AUTO(doc_list) documents = { 0 };
    TRY(fs_read_beneath(root_fd, path, LIMIT_MANIFEST, &text));
    TRY(doc_parse_yaml(buf_text(&text), text.len, path, &documents));
    set->files = xrealloc(set->files, set->file_count + 1, sizeof *set->files);
    struct doc_list *kept = &set->files[set->file_count++];
    *kept = documents;
    documents = (struct doc_list){ 0 };
    struct err *errors = NULL;
    for (size_t i = 0; i < kept->count; i++)
        errors = err_join(errors, add_document(set, &kept->items[i], default_namespace));
    return errors;
}

static bool same_group(const char *a, const char *b)
{
    const char *slash_a = strchr(a, '/'), *slash_b = strchr(b, '/');
    size_t len_a = slash_a ? (size_t)(slash_a - a) : 0, len_b = slash_b ? (size_t)(slash_b - b) : 0;
    return len_a == len_b && strncmp(a, b, len_a) == 0;
}

static bool same_object(const struct manifest_object *a, const struct manifest_object *b)
{
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->name, b->name) == 0 && str_eq(a->namespace, b->namespace) &&
           same_group(a->api_version, b->api_version);
}

static struct err *check_twice(const struct manifest_set *set)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < set->count; i++) {
        size_t first = 0;
        while (!same_object(&set->objects[first], &set->objects[i]))
            first++;
        if (first == i)
            continue;
        AUTO_STR where = manifest_where(&set->objects[first], "/metadata/name");
        struct err *e = err_new(RW5001_OBJECT_INVALID, "%s is in the manifests twice", set->objects[i].label);
        e = err_cause(e, "the other one is at %s", where);
        errors = err_join(errors, manifest_err_where(e, &set->objects[i], "/metadata/name"));
    }
    return errors;
}

/* Keeps the order of the files among objects of one rank. */
static void sort(struct manifest_set *set)
{
    for (size_t i = 1; i < set->count; i++) {
        struct manifest_object moved = set->objects[i];
        size_t to = i;
        for (; to > 0 && rank_of(set->objects[to - 1].kind) > rank_of(moved.kind); to--)
            set->objects[to] = set->objects[to - 1];
        set->objects[to] = moved;
    }
}

static struct err *load_all(int root_fd, const struct strv *files, const char *default_namespace,
                            struct manifest_set *set)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < files->count; i++)
        errors = err_join(errors, load_file(root_fd, files->items[i], default_namespace, set));
    if (errors)
        return errors;
    if (set->count == 0) {
        AUTO_STR list = strv_join(files, ", ");
        struct err *e = err_new(RW1015_NO_MANIFESTS, "there is no Kubernetes object to apply");
        return err_cause(e, "%s%s", files->count ? "none is in " : "no file was found", list);
    }
    return check_twice(set);
}

struct err *manifest_load(int root_fd, const struct strv *files, const char *kustomization,
                          const char *default_namespace, struct manifest_set *out)
{
    AUTO(manifest_set) set = { 0 };
    if (kustomization) {
        struct err *e =
            err_new(RW5002_KUSTOMIZE_UNSUPPORTED, "%s: kustomizations can't be rendered yet", kustomization);
        e = err_cause(e, "applying its files one by one would be something else than what it says");
        return err_at(e, "%s", kustomization);
    }
    TRY(load_all(root_fd, files, default_namespace, &set));
    sort(&set);
    *out = set;
    set = (struct manifest_set){ 0 };
    return NULL;
}

void manifest_set_release(struct manifest_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        object_release(&s->objects[i]);
    free(s->objects);
    for (size_t i = 0; i < s->file_count; i++)
        doc_list_release(&s->files[i]);
    free(s->files);
    *s = (struct manifest_set){ 0 };
}
