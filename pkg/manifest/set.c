#include "manifest/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "kustomize/kustomize.h"

char *manifest_where(const struct manifest_object *o, const char *pointer)
{
    struct doc_origin from = doc_origins_find(o->origins, o->tree, pointer);
    char *where = doc_origin_where(&from);
    doc_origin_release(&from);
    return where;
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
size_t manifest_rank(const char *kind)
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

/* Where a rank begins in a set, which is in their order. */
static size_t find_rank(const struct manifest_set *s, size_t rank)
{
    size_t from = 0, to = s->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (manifest_rank(s->objects[middle].kind) < rank)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct manifest_object *manifest_find(const struct manifest_set *s, const char *kind, const char *namespace,
                                            const char *name)
{
    size_t rank = manifest_rank(kind);
    for (size_t i = name ? find_rank(s, rank) : s->count; i < s->count && manifest_rank(s->objects[i].kind) == rank;
         i++) {
        const struct manifest_object *o = &s->objects[i];
        if (str_eq(o->name, name) && strcmp(o->kind, kind) == 0 && str_eq(o->namespace, namespace))
            return o;
    }
    return NULL;
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
    doc_origins_free(o->origins);
    free(o->file);
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

static struct err *add_tree(struct manifest_set *set, json_t *tree_steal, struct doc_origins *origins_steal,
                            const char *default_namespace)
{
    struct manifest_object o = { .tree = tree_steal, .origins = origins_steal };
    AUTO_STR where = manifest_where(&o, "");
    o.file = xstrndup(where, strcspn(where, ":"));
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

static struct err *add_object(struct manifest_set *set, const struct doc *d, const char *pointer,
                              const char *default_namespace)
{
    return add_tree(set, doc_ref(doc_get(d->root, pointer)), doc_origins_new(doc_origin_of(d, pointer)),
                    default_namespace);
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

/* Of an apiVersion, "" for the core group. */
static char *group_of(const struct manifest_object *o)
{
    const char *slash = strchr(o->api_version, '/');
    return xstrndup(o->api_version, slash ? (size_t)(slash - o->api_version) : 0);
}

static int compare_identities(const struct manifest_object *a, const struct manifest_object *b)
{
    int order = strcmp(a->name, b->name);
    order = order ? order : strcmp(a->kind, b->kind);
    order = order ? order : strcmp(a->namespace ? a->namespace : "", b->namespace ? b->namespace : "");
    if (order)
        return order;
    AUTO_STR group_a = group_of(a);
    AUTO_STR group_b = group_of(b);
    return strcmp(group_a, group_b);
}

/* Of two of one name the one that was read first comes first. */
static int compare_places(const void *a, const void *b)
{
    const struct manifest_object *x = *(const struct manifest_object *const *)a;
    const struct manifest_object *y = *(const struct manifest_object *const *)b;
    int order = compare_identities(x, y);
    return order ? order : (x > y) - (x < y);
}

static struct err *is_twice(const struct manifest_object *first, const struct manifest_object *o)
{
    AUTO_STR where = manifest_where(first, "/metadata/name");
    struct err *e = err_new(RW5001_OBJECT_INVALID, "%s is in the manifests twice", o->label);
    e = err_cause(e, "the other one is at %s", where);
    return manifest_err_where(e, o, "/metadata/name");
}

static struct err *check_twice(const struct manifest_set *set)
{
    struct err *errors = NULL;
    const struct manifest_object **sorted = xcalloc(set->count + 1, sizeof *sorted);
    for (size_t i = 0; i < set->count; i++)
        sorted[i] = &set->objects[i];
    qsort(sorted, set->count, sizeof *sorted, compare_places);
    for (size_t i = 1, first = 0; i < set->count; i++) {
        if (compare_identities(sorted[first], sorted[i]) == 0)
            errors = err_join(errors, is_twice(sorted[first], sorted[i]));
        else
            first = i;
    }
    free(sorted);
    return errors;
}

/* Keeps the order of the files among objects of one rank. */
static void sort(struct manifest_set *set)
{
    struct manifest_object *sorted = xcalloc(set->count + 1, sizeof *sorted);
    size_t *ranks = xcalloc(set->count + 1, sizeof *ranks), count = 0;
    for (size_t i = 0; i < set->count; i++)
        ranks[i] = manifest_rank(set->objects[i].kind);
    for (size_t rank = 0; count < set->count; rank++)
        for (size_t i = 0; i < set->count; i++)
            if (ranks[i] == rank)
                sorted[count++] = set->objects[i];
    free(set->objects);
    free(ranks);
    set->objects = sorted;
}

static struct err *load_files(int root_fd, const struct strv *files, const char *default_namespace,
                              struct manifest_set *set)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < files->count; i++)
        errors = err_join(errors, load_file(root_fd, files->items[i], default_namespace, set));
    return errors;
}

static struct err *take_rendered(struct kustomize_result *rendered, const char *default_namespace,
                                 struct manifest_set *set)
{
    struct err *errors = NULL;
    set->files = STEAL(&rendered->files);
    set->file_count = rendered->file_count;
    rendered->file_count = 0;
    for (size_t i = 0; i < rendered->count; i++) {
        struct kustomize_object *o = &rendered->objects[i];
        errors = err_join(errors, add_tree(set, STEAL(&o->tree), STEAL(&o->origins), default_namespace));
    }
    rendered->count = 0;
    return errors;
}

static struct err *no_object(const struct strv *files, const char *kustomization)
{
    AUTO_STR list = kustomization ? xstrdup(kustomization) : strv_join(files, ", ");
    struct err *e = err_new(RW1015_NO_MANIFESTS, "there is no Kubernetes object to apply");
    return err_cause(e, "%s%s", *list ? "none is in " : "no file was found", list);
}

static struct err *finish(struct manifest_set *set, const struct strv *files, const char *kustomization,
                          struct manifest_set *out)
{
    if (set->count == 0)
        return no_object(files, kustomization);
    TRY(check_twice(set));
    sort(set);
    *out = *set;
    *set = (struct manifest_set){ 0 };
    return NULL;
}

struct err *manifest_load_rendered(struct kustomize_result *rendered, const char *kustomization,
                                   const char *default_namespace, struct manifest_set *out)
{
    AUTO(manifest_set) set = { 0 };
    TRY(take_rendered(rendered, default_namespace, &set));
    return finish(&set, NULL, kustomization, out);
}

struct err *manifest_load(int root_fd, const struct strv *files, const char *kustomization,
                          const char *default_namespace, struct manifest_set *out)
{
    if (kustomization) {
        AUTO(kustomize_result) rendered = { 0 };
        TRY(kustomize_render(root_fd, kustomization, &rendered));
        return manifest_load_rendered(&rendered, kustomization, default_namespace, out);
    }
    AUTO(manifest_set) set = { 0 };
    TRY(load_files(root_fd, files, default_namespace, &set));
    return finish(&set, files, NULL, out);
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
