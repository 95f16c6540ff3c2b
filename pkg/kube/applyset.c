#include "kube/applyset.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "digest/digest.h"
#include "kube/apply.h"
#include "kube/owners.h"

#define ID_POINTER "/metadata/labels/applyset.kubernetes.io~1id"
#define PART_OF_LABEL "applyset.kubernetes.io/part-of"
#define PART_OF_POINTER "/metadata/labels/applyset.kubernetes.io~1part-of"
#define PART_OF_FIELD "/f:metadata/f:labels/f:applyset.kubernetes.io~1part-of"
#define TOOLING_POINTER "/metadata/annotations/applyset.kubernetes.io~1tooling"
#define KINDS_POINTER "/metadata/annotations/applyset.kubernetes.io~1contains-group-kinds"
#define NAMESPACES_POINTER "/metadata/annotations/applyset.kubernetes.io~1additional-namespaces"

enum { SHA256_BYTES = 32 };

static unsigned hex_value(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* applyset-<base64url(sha256(name.namespace.kind.group))>-v1; ConfigMap's group is empty. */
static struct err *make_id(const char *namespace, const char *name, char **out)
{
    char digest[DIGEST_ROOM];
    unsigned char bytes[SHA256_BYTES];
    AUTO_STR text = xasprintf("%s.%s." APPLYSET_PARENT_KIND ".", name, namespace);
    TRY(digest_of(text, strlen(text), digest));
    const char *hex = strchr(digest, ':') + 1;
    for (size_t i = 0; i < SHA256_BYTES; i++)
        bytes[i] = (unsigned char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
    AUTO_STR padded = base64url_encode(bytes, sizeof bytes);
    *out = xasprintf("applyset-%.*s-v1", (int)strcspn(padded, "="), padded);
    return NULL;
}

struct err *applyset_init(struct applyset *s, const char *namespace, const char *name, const char *tooling)
{
    *s = (struct applyset){ 0 };
    TRY(make_id(namespace, name, &s->id));
    s->namespace = xstrdup(namespace);
    s->name = xstrdup(name);
    s->tooling = xstrdup(tooling);
    return NULL;
}

void applyset_release(struct applyset *s)
{
    free(s->namespace);
    free(s->name);
    free(s->id);
    free(s->tooling);
    strv_release(&s->kinds);
    strv_release(&s->namespaces);
    *s = (struct applyset){ 0 };
}

static void add_once(struct strv *list, const char *text)
{
    if (strv_has(list, text))
        return;
    strv_add(list, text);
    strv_sort(list);
}

static void read_list(const json_t *parent, const char *pointer, struct strv *out)
{
    for (const char *from = doc_text(parent, pointer); from && *from;) {
        size_t len = strcspn(from, ",");
        AUTO_STR item = xstrndup(from, len);
        if (*item)
            add_once(out, item);
        from += len + (from[len] == ',');
    }
}

void applyset_read(const json_t *parent, struct applyset *out)
{
    *out = (struct applyset){
        .namespace = xstrdup(doc_text(parent, "/metadata/namespace")),
        .name = xstrdup(doc_text(parent, "/metadata/name")),
        .id = xstrdup(doc_text(parent, ID_POINTER)),
        .tooling = xstrdup(doc_text(parent, TOOLING_POINTER)),
    };
    read_list(parent, KINDS_POINTER, &out->kinds);
    read_list(parent, NAMESPACES_POINTER, &out->namespaces);
}

json_t *applyset_parent(const struct applyset *s)
{
    json_t *parent = doc_object();
    AUTO_STR kinds = strv_join(&s->kinds, ",");
    AUTO_STR namespaces = strv_join(&s->namespaces, ",");
    doc_set_text(parent, "/apiVersion", "v1");
    doc_set_text(parent, "/kind", APPLYSET_PARENT_KIND);
    doc_set_text(parent, "/metadata/name", s->name);
    doc_set_text(parent, "/metadata/namespace", s->namespace);
    doc_set_text(parent, ID_POINTER, s->id);
    doc_set_text(parent, TOOLING_POINTER, s->tooling);
    doc_set_text(parent, KINDS_POINTER, kinds);
    doc_set_text(parent, NAMESPACES_POINTER, namespaces);
    return parent;
}

char *applyset_kind(const char *api_version, const char *kind)
{
    const char *slash = strchr(api_version, '/');
    return slash ? xasprintf("%s.%.*s", kind, (int)(slash - api_version), api_version) : xstrdup(kind);
}

static void add_namespace(struct applyset *s, const char *namespace)
{
    if (namespace && strcmp(namespace, s->namespace) != 0)
        add_once(&s->namespaces, namespace);
}

void applyset_add(struct applyset *s, struct kube_id member)
{
    AUTO_STR kind = applyset_kind(member.api_version, member.kind);
    add_once(&s->kinds, kind);
    add_namespace(s, member.namespace);
}

void applyset_add_all(struct applyset *s, const struct applyset *other)
{
    for (size_t i = 0; i < other->kinds.count; i++)
        add_once(&s->kinds, other->kinds.items[i]);
    for (size_t i = 0; i < other->namespaces.count; i++)
        add_namespace(s, other->namespaces.items[i]);
    add_namespace(s, other->namespace);
}

bool applyset_equal(const struct applyset *a, const struct applyset *b)
{
    return strv_equal(&a->kinds, &b->kinds) && strv_equal(&a->namespaces, &b->namespaces);
}

static bool has_all(const struct strv *list, const struct strv *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (!strv_has(list, wanted->items[i]))
            return false;
    return true;
}

bool applyset_covers(const struct applyset *s, const struct applyset *other)
{
    return has_all(&s->kinds, &other->kinds) && has_all(&s->namespaces, &other->namespaces);
}

const char *applyset_of(const json_t *object)
{
    return doc_text(object, PART_OF_POINTER);
}

void applyset_join(json_t *object, const char *id)
{
    if (id)
        doc_set_text(object, PART_OF_POINTER, id);
    else
        doc_remove(object, PART_OF_POINTER);
}

static struct err *find_in(struct kube_client *c, const char *selector, const char *namespace, json_t **out)
{
    static const char *const kinds[] = { APPLYSET_PARENT_KIND, "Secret" };
    for (size_t i = 0; i < COUNT_OF(kinds) && !*out; i++) {
        DOC_AUTO found = NULL;
        const struct kube_id collection = { .api_version = "v1", .kind = kinds[i], .namespace = namespace };
        struct err *e = kube_list_labelled(c, collection, selector, &found);
        if (!namespace || !kube_is_forbidden(e))
            TRY(e);
        else
            err_ignore(e, "the look into all namespaces tells");
        *out = doc_ref(doc_at(found, 0));
    }
    return NULL;
}

struct err *applyset_find(struct kube_client *c, const char *id, const char *namespace, json_t **out)
{
    AUTO_STR selector = xasprintf(APPLYSET_ID_LABEL "=%s", id);
    *out = NULL;
    if (namespace)
        TRY(find_in(c, selector, namespace, out));
    return *out ? NULL : find_in(c, selector, NULL, out);
}

static bool is_controlled(const json_t *object)
{
    size_t i;
    json_t *owner;
    DOC_EACH_ITEM (doc_get(object, "/metadata/ownerReferences"), i, owner)
        if (doc_bool(owner, "/controller", false))
            return true;
    return false;
}

bool applyset_has(const json_t *object)
{
    return !is_controlled(object) && doc_get(kube_owned_fields(object, KUBE_MANAGER), PART_OF_FIELD);
}

static struct err *add_members(struct kube_client *c, const struct applyset *s, struct kube_id collection,
                               json_t *members)
{
    AUTO_STR selector = xasprintf(PART_OF_LABEL "=%s", s->id);
    DOC_AUTO found = NULL;
    size_t i;
    json_t *each;
    TRY(kube_list_labelled(c, collection, selector, &found));
    DOC_EACH_ITEM (found, i, each)
        if (applyset_has(each))
            doc_append(members, doc_ref(each));
    return NULL;
}

static struct err *add_members_of_kind(struct kube_client *c, const struct applyset *s, const char *group_kind,
                                       json_t *members)
{
    AUTO_STR api_version = NULL;
    AUTO_STR kind = xstrndup(group_kind, strcspn(group_kind, "."));
    const char *dot = strchr(group_kind, '.');
    struct kube_kind found;
    TRY(kube_group_version(c, dot ? dot + 1 : "", kind, &api_version));
    if (!api_version)
        return NULL;
    TRY(kube_kind_find(c, api_version, kind, &found));
    struct kube_id collection = { .api_version = api_version, .kind = kind };
    if (!found.namespaced)
        return add_members(c, s, collection, members);
    collection.namespace = s->namespace;
    TRY(add_members(c, s, collection, members));
    for (size_t i = 0; i < s->namespaces.count; i++) {
        collection.namespace = s->namespaces.items[i];
        TRY(add_members(c, s, collection, members));
    }
    return NULL;
}

struct err *applyset_members(struct kube_client *c, const struct applyset *s, json_t **out)
{
    DOC_AUTO members = doc_array();
    for (size_t i = 0; i < s->kinds.count; i++)
        TRY(add_members_of_kind(c, s, s->kinds.items[i], members));
    *out = STEAL(&members);
    return NULL;
}
