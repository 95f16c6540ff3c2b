#include "kube/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kube/call.h"

#define GONE_POLL_MS 200 /* a deleted object is asked for this often: deletions take a second or two */

void kube_client_free(struct kube_client *c)
{
    if (!c)
        return;
    http_client_free(c->http);
    if (c->is_first)
        kube_common_free(c->common);
    doc_unref(c->discovered);
    free(c->server);
    free(c);
}

static struct err *probe(struct kube_client *c)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/version");
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path, .probe = true }, &answer));
    const char *version = doc_text(answer.body, "/gitVersion");
    if (answer.status != 200)
        return kube_unexpected(&answer, "the API server at %s does not tell its version", c->server);
    if (!version)
        return err_new(RW5105_CLUSTER_PROTOCOL, "what answers at %s is no Kubernetes API server", c->server);
    return NULL;
}

struct err *kube_client_stay_logged_in(struct kube_client *c)
{
    return kube_common_log_in(c->common, c->cancel, &c->http, &c->login);
}

struct err *kube_client_renew(struct kube_client *c, unsigned login, bool *changed)
{
    return kube_common_log_in_again(c->common, c->cancel, &c->http, &c->login, login, changed);
}

struct err *kube_open(const struct kube_config *config, const struct cancel *cancel, struct kube_client **out)
{
    AUTO_PTR(kube_client) c = xcalloc(1, sizeof *c);
    c->common = kube_common_new(config);
    c->is_first = true;
    c->server = xstrdup(config->server);
    c->cancel = cancel;
    c->discovered = doc_object();
    TRY(probe(c));
    *out = STEAL(&c);
    return NULL;
}

struct kube_client *kube_again(const struct kube_client *c)
{
    struct kube_client *other = xcalloc(1, sizeof *other);
    other->common = c->common;
    other->server = xstrdup(c->server);
    other->cancel = c->cancel;
    other->tell = c->tell;
    other->tell_ctx = c->tell_ctx;
    other->force = c->force;
    other->discovered = doc_copy(c->discovered);
    return other;
}

void kube_on_notice(struct kube_client *c, void (*tell)(void *ctx, const char *line), void *ctx)
{
    c->tell = tell;
    c->tell_ctx = ctx;
}

void kube_force_conflicts(struct kube_client *c)
{
    c->force = true;
}

struct kube_id kube_id_of(const json_t *object)
{
    return (struct kube_id){ doc_text(object, "/apiVersion"), doc_text(object, "/kind"),
                             doc_text(object, "/metadata/namespace"), doc_text(object, "/metadata/name") };
}

char *kube_id_text(struct kube_id id)
{
    const char *kind = id.kind ? id.kind : "object";
    const char *name = id.name ? id.name : "(no name)";
    return id.namespace ? xasprintf("%s %s/%s", kind, id.namespace, name) : xasprintf("%s %s", kind, name);
}

struct err *kube_get(struct kube_client *c, struct kube_id id, json_t **out)
{
    AUTO_STR what = kube_id_text(id);
    struct kube_kind kind;
    struct err *e = kube_kind_find(c, id.api_version, id.kind, &kind);
    if (e && err_get_code(e) == RW5001_OBJECT_INVALID && id.api_version && id.kind) {
        err_ignore(e, "of a kind that the server does not know there are no objects");
        *out = NULL;
        return NULL;
    }
    TRY(e);
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_path(c, id, &path));
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path }, &answer));
    if (answer.status != 200 && answer.status != 404)
        return kube_unexpected(&answer, "cannot read %s", what);
    *out = answer.status == 200 ? STEAL(&answer.body) : NULL;
    return NULL;
}

/* One page of a list, or all of it. resume NULL: the first. *next NULL: there is no other. *gone: the server no longer
 * knows the list that resume belongs to. */
struct page {
    const char *selector; /* of labels; NULL: all */
    const char *limit;
    const char *resume;
    json_t *items;
    char *version;
    char *next;
    bool gone;
};

static struct err *list_page(struct kube_client *c, struct kube_id collection, struct page *p)
{
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_path(c, collection, &path));
    if (p->selector)
        http_path_query(&path, "labelSelector", p->selector);
    if (p->limit)
        http_path_query(&path, "limit", p->limit);
    if (p->resume)
        http_path_query(&path, "continue", p->resume);
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "GET", .path = &path }, &answer));
    p->gone = p->resume && answer.status == 410;
    if (p->gone)
        return NULL;
    if (answer.status != 200)
        return kube_unexpected(&answer, "cannot list the objects of kind %s", collection.kind);
    json_t *found = doc_key(answer.body, "items");
    const char *version = doc_text(answer.body, "/metadata/resourceVersion");
    const char *next = doc_text(answer.body, "/metadata/continue");
    if (!doc_is_array(found) || !version)
        return err_new(RW5105_CLUSTER_PROTOCOL, "the API server's list of kind %s has no items", collection.kind);
    size_t i;
    json_t *item;
    DOC_EACH_ITEM (found, i, item) {
        doc_set_key(item, "apiVersion", doc_string(collection.api_version));
        doc_set_key(item, "kind", doc_string(collection.kind));
    }
    p->items = doc_ref(found);
    p->version = xstrdup(version);
    p->next = next && *next ? xstrdup(next) : NULL;
    return NULL;
}

struct err *kube_list_at(struct kube_client *c, struct kube_id collection, json_t **items, char **resource_version)
{
    struct page all = { 0 };
    TRY(list_page(c, collection, &all));
    *items = all.items;
    *resource_version = all.version;
    free(all.next);
    return NULL;
}

struct err *kube_list_labelled(struct kube_client *c, struct kube_id collection, const char *selector, json_t **out)
{
    struct page all = { .selector = selector };
    TRY(list_page(c, collection, &all));
    *out = all.items;
    free(all.version);
    free(all.next);
    return NULL;
}

struct err *kube_list_pages(struct kube_client *c, struct kube_id collection,
                            struct err *(*take)(void *ctx, json_t *items), void *ctx, bool *whole)
{
    AUTO_STR limit = xasprintf("%d", KUBE_PAGE);
    AUTO_STR resume = NULL;
    *whole = false;
    for (;;) {
        struct page p = { .limit = limit, .resume = resume };
        TRY(list_page(c, collection, &p));
        if (p.gone)
            return NULL;
        free(p.version);
        free(resume);
        resume = p.next;
        struct err *e = take(ctx, p.items);
        doc_unref(p.items);
        TRY(e);
        *whole = !resume;
        if (*whole)
            return NULL;
    }
}

struct err *kube_list(struct kube_client *c, const char *api_version, const char *kind, const char *namespace,
                      json_t **out)
{
    AUTO_STR version = NULL;
    struct kube_id collection = { .api_version = api_version, .kind = kind, .namespace = namespace };
    return kube_list_at(c, collection, out, &version);
}

struct err *kube_delete(struct kube_client *c, struct kube_id id, const char *uid, bool *gone)
{
    AUTO_STR what = kube_id_text(id);
    AUTO(http_path) path = HTTP_PATH_INIT;
    TRY(kube_path(c, id, &path));
    DOC_AUTO options = doc_object();
    doc_set_text(options, "/apiVersion", "v1");
    doc_set_text(options, "/kind", "DeleteOptions");
    doc_set_text(options, "/propagationPolicy", "Foreground");
    doc_set_text(options, "/preconditions/uid", uid);
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "DELETE", .path = &path, .body = options, .writes = true },
                  &answer));
    *gone = answer.status == 404 || answer.status == 409; /* 409: the uid is another one's by now */
    if (!*gone && answer.status != 200 && answer.status != 202)
        return kube_unexpected(&answer, "cannot delete %s", what);
    return NULL;
}

struct err *kube_wait_gone(struct kube_client *c, struct kube_id id, const char *uid, int64_t deadline_ms)
{
    for (;;) {
        DOC_AUTO live = NULL;
        TRY(kube_get(c, id, &live));
        if (!live || !str_eq(doc_text(live, "/metadata/uid"), uid))
            return NULL;
        if (clock_ms() >= deadline_ms) {
            AUTO_STR what = kube_id_text(id);
            return err_new(RW9007_DEADLINE, "%s is still being deleted", what);
        }
        TRY(cancel_sleep(c->cancel, clock_earlier(clock_after(GONE_POLL_MS), deadline_ms)));
    }
}

static struct kube_id namespace_id(const char *name)
{
    return (struct kube_id){ .api_version = "v1", .kind = "Namespace", .name = name };
}

struct err *kube_namespace_exists(struct kube_client *c, const char *name, bool *out)
{
    DOC_AUTO live = NULL;
    struct err *unread = kube_get(c, namespace_id(name), &live);
    *out = live || kube_is_forbidden(unread);
    if (*out)
        err_ignore(unread, "the first object that goes into it tells");
    else
        TRY(unread);
    if (!*out)
        kube_common_set_absent(c->common, name);
    if (!str_eq(doc_text(live, "/status/phase"), "Terminating"))
        return NULL;
    struct err *e = err_new(RW5401_OBJECT_REJECTED, "the namespace %s is being deleted", name);
    e = err_cause(e, "nothing can be made in it until it is gone, and all that is in it goes with it");
    return err_next(e, "kubectl wait --for=delete namespace/%s", name);
}

static struct err *namespace_create(struct kube_client *c, const char *name, bool *created)
{
    DOC_AUTO object = doc_object();
    doc_set_text(object, "/apiVersion", "v1");
    doc_set_text(object, "/kind", "Namespace");
    doc_set_text(object, "/metadata/name", name);
    AUTO(http_path) path = HTTP_PATH_INIT;
    http_path_fixed(&path, "/api/v1/namespaces");
    AUTO(kube_answer) answer;
    TRY(kube_call(c, &(struct kube_call){ .method = "POST", .path = &path, .body = object, .writes = true }, &answer));
    *created = answer.status == 201;
    if (*created || answer.status == 409)
        return NULL;
    AUTO_STR words = kube_answer_words(&answer);
    return err_cause(err_new(RW5401_OBJECT_REJECTED, "the API server refuses to make the namespace %s", name), "%s",
                     words);
}

struct err *kube_namespace_ensure(struct kube_client *c, const char *name, bool *created)
{
    bool exists;
    *created = false;
    TRY(kube_namespace_exists(c, name, &exists));
    kube_common_namespace_made(c->common);
    return exists ? NULL : namespace_create(c, name, created);
}
