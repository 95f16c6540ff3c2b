#include "kustomize/resource.h"

#include <stdlib.h>
#include <string.h>

struct resource *resource_add(struct resource_list *list, json_t *tree_steal, struct doc_origins *origins_steal)
{
    list->items = xrealloc(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count] = (struct resource){ .tree = tree_steal, .origins = origins_steal };
    return &list->items[list->count++];
}

void resource_append_all(struct resource_list *to, struct resource_list *from)
{
    to->items = xrealloc(to->items, to->count + from->count + 1, sizeof *to->items);
    for (size_t i = 0; i < from->count; i++)
        to->items[to->count++] = from->items[i];
    free(from->items);
    *from = (struct resource_list){ 0 };
}

static void resource_release(struct resource *r)
{
    for (size_t i = 0; i < r->before_count; i++) {
        free(r->before[i].namespace);
        free(r->before[i].name);
        free(r->before[i].kind);
    }
    free(r->before);
    strv_release(&r->prefixes);
    strv_release(&r->suffixes);
    doc_unref(r->tree);
    doc_origins_free(r->origins);
}

void resource_remove(struct resource_list *list, size_t index)
{
    resource_release(&list->items[index]);
    list->count--;
    memmove(&list->items[index], &list->items[index + 1], (list->count - index) * sizeof *list->items);
}

void resource_list_release(struct resource_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        resource_release(&list->items[i]);
    free(list->items);
    *list = (struct resource_list){ 0 };
}

static const char *text_or_empty(const struct resource *r, const char *pointer)
{
    const char *text = doc_text(r->tree, pointer);
    return text ? text : "";
}

const char *resource_kind(const struct resource *r)
{
    return text_or_empty(r, "/kind");
}

const char *resource_name(const struct resource *r)
{
    return text_or_empty(r, "/metadata/name");
}

const char *resource_namespace(const struct resource *r)
{
    return text_or_empty(r, "/metadata/namespace");
}

bool resource_in_group(const struct resource *r, const char *group)
{
    const char *api = text_or_empty(r, "/apiVersion"), *slash = strchr(api, '/');
    size_t len = slash ? (size_t)(slash - api) : 0;
    return strlen(group) == len && strncmp(api, group, len) == 0;
}

bool resource_in_version(const struct resource *r, const char *version)
{
    const char *api = text_or_empty(r, "/apiVersion"), *slash = strchr(api, '/');
    return strcmp(slash ? slash + 1 : api, version) == 0;
}

bool resource_is_cluster_wide(const struct resource *r)
{
    static const char *const kinds[] = {
        "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding",
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        "apiextensions.k8s.io/v1beta1 CustomResourceDefinition",
        "apiregistration.k8s.io/v1 APIService",
        "apiregistration.k8s.io/v1beta1 APIService",
        "certificates.k8s.io/v1 CertificateSigningRequest",
        "certificates.k8s.io/v1beta1 CertificateSigningRequest",
        "flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema",
        "flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration",
        "networking.k8s.io/v1 IngressClass",
        "networking.k8s.io/v1beta1 IngressClass",
        "node.k8s.io/v1 RuntimeClass",
        "node.k8s.io/v1beta1 RuntimeClass",
        "policy/v1beta1 PodSecurityPolicy",
        "rbac.authorization.k8s.io/v1 ClusterRole",
        "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
        "rbac.authorization.k8s.io/v1beta1 ClusterRole",
        "rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding",
        "scheduling.k8s.io/v1 PriorityClass",
        "scheduling.k8s.io/v1beta1 PriorityClass",
        "storage.k8s.io/v1 CSIDriver",
        "storage.k8s.io/v1 CSINode",
        "storage.k8s.io/v1 StorageClass",
        "storage.k8s.io/v1 VolumeAttachment",
        "storage.k8s.io/v1beta1 CSIDriver",
        "storage.k8s.io/v1beta1 CSINode",
        "storage.k8s.io/v1beta1 StorageClass",
        "storage.k8s.io/v1beta1 VolumeAttachment",
        "v1 ComponentStatus",
        "v1 Namespace",
        "v1 Node",
        "v1 PersistentVolume",
    };
    AUTO_STR kind = xasprintf("%s %s", text_or_empty(r, "/apiVersion"), resource_kind(r));
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

const char *resource_effective_namespace(const struct resource *r)
{
    if (resource_is_cluster_wide(r))
        return "_non_namespaceable_";
    return *resource_namespace(r) ? resource_namespace(r) : "default";
}

void resource_remember(struct resource *r)
{
    r->before = xrealloc(r->before, r->before_count + 1, sizeof *r->before);
    r->before[r->before_count++] = (struct resource_id){
        .namespace = xstrdup(resource_effective_namespace(r)),
        .name = xstrdup(resource_name(r)),
        .kind = xstrdup(resource_kind(r)),
    };
}

bool resource_was(const struct resource *r, const struct resource *like)
{
    const char *namespace = resource_effective_namespace(like);
    if (!str_eq(doc_text(r->tree, "/apiVersion"), doc_text(like->tree, "/apiVersion")))
        return false;
    for (size_t i = 0; i < r->before_count; i++)
        if (strcmp(r->before[i].namespace, namespace) == 0 && strcmp(r->before[i].name, resource_name(like)) == 0 &&
            strcmp(r->before[i].kind, resource_kind(like)) == 0)
            return true;
    return strcmp(resource_effective_namespace(r), namespace) == 0 &&
           strcmp(resource_name(r), resource_name(like)) == 0 && strcmp(resource_kind(r), resource_kind(like)) == 0;
}

bool resource_was_named(const struct resource *r, const char *name)
{
    for (size_t i = 0; i < r->before_count; i++)
        if (strcmp(r->before[i].name, name) == 0)
            return true;
    return strcmp(resource_name(r), name) == 0;
}

char *resource_where(const struct resource *r, const char *pointer)
{
    struct doc_origin from = doc_origins_find(r->origins, r->tree, pointer);
    char *where = doc_origin_where(&from);
    doc_origin_release(&from);
    return where;
}

struct err *resource_error(struct err *e, const struct resource *r, const char *pointer)
{
    AUTO_STR where = resource_where(r, pointer);
    return err_at(e, "%s", where);
}
