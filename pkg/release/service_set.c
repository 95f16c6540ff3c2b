#include "release/service_set.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "digest/digest.h"
#include "kube/apply.h"

#define WORKSPACE_LABEL "rwml/workspace"
#define WORKSPACE_POINTER "/metadata/labels/rwml~1workspace"
#define ROOT_POINTER "/metadata/annotations/rwml~1root"
#define SERVICE_POINTER "/metadata/annotations/rwml~1service"
#define MEMBERS_POINTER "/metadata/annotations/rwml~1members"

enum { WORKSPACE_HEX = 16, NAME_HEX = 8, NAME_MAX_CHARS = 200 };

static struct err *short_digest(const char *text, int digits, char **out)
{
    char digest[DIGEST_ROOM];
    TRY(digest_of(text, strlen(text), digest));
    *out = xstrndup(strchr(digest, ':') + 1, (size_t)digits);
    return NULL;
}

struct err *service_set_workspace(const char *root, char **out)
{
    return short_digest(root, WORKSPACE_HEX, out);
}

/* A service's name is a directory's; an object's is lower-case letters, digits, '-' and '.'. Where
 * something had to change, a few digits keep two such names apart. */
static struct err *parent_name(const char *service, char **out)
{
    AUTO_STR plain = xstrndup(service, NAME_MAX_CHARS);
    AUTO_STR digits = NULL;
    for (char *c = plain; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
    if (strcmp(plain, service) == 0 && !str_ends(plain, "-")) {
        *out = xasprintf("rwml-%s", plain);
        return NULL;
    }
    TRY(short_digest(service, NAME_HEX, &digits));
    *out = xasprintf("rwml-%s-%s", plain, digits);
    return NULL;
}

struct err *service_set_init(struct service_set *s, const char *root, const char *service, const char *namespace)
{
    AUTO_STR name = NULL;
    *s = (struct service_set){ 0 };
    TRY(parent_name(service, &name));
    TRY(applyset_init(&s->set, namespace, name, SERVICE_SET_TOOLING));
    TRY(service_set_workspace(root, &s->workspace));
    s->service = xstrdup(service);
    s->root = xstrdup(root);
    return NULL;
}

void service_set_release(struct service_set *s)
{
    applyset_release(&s->set);
    free(s->service);
    free(s->workspace);
    free(s->root);
    free(s->members);
    *s = (struct service_set){ 0 };
}

static bool is_rwmls(const char *tooling)
{
    return tooling && str_starts(tooling, SERVICE_SET_TOOL "/");
}

bool service_set_read(const json_t *parent, struct service_set *out)
{
    *out = (struct service_set){ 0 };
    AUTO(applyset) set = { 0 };
    applyset_read(parent, &set);
    if (!set.id || !is_rwmls(set.tooling) || !doc_text(parent, SERVICE_POINTER))
        return false;
    *out = (struct service_set){
        .set = set,
        .service = xstrdup(doc_text(parent, SERVICE_POINTER)),
        .workspace = xstrdup(doc_text(parent, WORKSPACE_POINTER)),
        .root = xstrdup(doc_text(parent, ROOT_POINTER)),
        .members = xstrdup(doc_text(parent, MEMBERS_POINTER)),
    };
    set = (struct applyset){ 0 };
    return true;
}

json_t *service_set_parent(const struct service_set *s)
{
    json_t *parent = applyset_parent(&s->set);
    doc_set_text(parent, WORKSPACE_POINTER, s->workspace);
    doc_set_text(parent, ROOT_POINTER, s->root);
    doc_set_text(parent, SERVICE_POINTER, s->service);
    doc_set_text(parent, MEMBERS_POINTER, s->members);
    return parent;
}

struct kube_id service_set_id(const struct service_set *s)
{
    return (struct kube_id){ "v1", APPLYSET_PARENT_KIND, s->set.namespace, s->set.name };
}

bool service_set_is_ours(const struct service_set *s, const char *workspace)
{
    return str_eq(s->workspace, workspace);
}

struct err *service_set_list(struct kube_client *c, const char *workspace, json_t **out)
{
    const struct kube_id everywhere = { .api_version = "v1", .kind = APPLYSET_PARENT_KIND };
    AUTO_STR selector = workspace ? xasprintf(WORKSPACE_LABEL "=%s", workspace) : xstrdup(WORKSPACE_LABEL);
    return kube_list_labelled(c, everywhere, selector, out);
}

struct err *service_set_list_in(struct kube_client *c, const char *namespace, json_t **out)
{
    const struct kube_id there = { .api_version = "v1", .kind = APPLYSET_PARENT_KIND, .namespace = namespace };
    return kube_list_labelled(c, there, WORKSPACE_LABEL, out);
}

struct err *service_set_refuse(const json_t *parent, const char *command, const char *service)
{
    AUTO(service_set) theirs = { 0 };
    AUTO(applyset) set = { 0 };
    AUTO_STR what = kube_id_text(kube_id_of(parent));
    struct err *e = err_new(RW5402_OTHER_SET, "%s: what %s applied is not this workspace's", what, service);
    if (service_set_read(parent, &theirs)) {
        e = err_cause(e, "it belongs to the workspace %s", theirs.root ? theirs.root : "(not told)");
        return err_next(err_at(e, "%s", what), "rwml %s --adopt %s   (if that one is gone, or is this one, moved)",
                        command, service);
    }
    applyset_read(parent, &set);
    e = set.tooling ? err_cause(e, "it is the parent of an apply set of %s", set.tooling)
                    : err_cause(e, "rwml keeps there what it applied, and this is somebody else's ConfigMap");
    return err_next(err_at(e, "%s", what), "kubectl -n %s get configmap %s -o yaml   (whose is it?)",
                    doc_text(parent, "/metadata/namespace"), doc_text(parent, "/metadata/name"));
}

struct err *service_set_write(struct kube_client *c, const struct service_set *s)
{
    DOC_AUTO parent = service_set_parent(s);
    return kube_apply_as(c, KUBE_SET_MANAGER, parent, NULL);
}

struct err *service_set_create(struct kube_client *c, const struct service_set *s, bool *created)
{
    DOC_AUTO parent = service_set_parent(s);
    return kube_create_as(c, KUBE_SET_MANAGER, parent, created);
}
