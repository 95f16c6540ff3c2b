#include "flow/ports.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { HIGHEST_PORT = 65535 };

void port_forwards_release(struct port_forwards *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i].label);
    free(f->items);
    *f = (struct port_forwards){ 0 };
}

/* ---------------------------------------------------------------- wishes */

static bool is_number(const char *text, size_t len)
{
    return strspn(text, "0123456789") >= len;
}

static struct err *read_port(const char *text, const char *whole, int *out)
{
    int64_t number;
    if (!num_i64(text, 1, HIGHEST_PORT, &number))
        return err_cause(err_new(RW1020_COMMAND_LINE, "%s is no port", whole),
                         "ports are 1 to 65535: PORT or LOCAL:PORT");
    *out = (int)number;
    return NULL;
}

struct err *port_wish_read(const char *text, bool *is_port, struct port_wish *out)
{
    const char *colon = strchr(text, ':');
    size_t local_len = colon ? (size_t)(colon - text) : 0;
    *is_port = *text && (colon || is_number(text, strlen(text)));
    if (!*is_port)
        return NULL;
    TRY(read_port(colon ? colon + 1 : text, text, &out->remote));
    out->local = colon ? 0 : out->remote;
    AUTO_STR local = xstrndup(text, local_len);
    return local_len ? read_port(local, text, &out->local) : NULL;
}

/* ---------------------------------------------------------------- what the manifests tell */

/* One service's part of the plan, with its workloads' places in the roots. */
struct view {
    const struct plan_item *item;
    const struct roots *roots;
    struct port_forwards *out;
};

static bool is_tcp(const json_t *port)
{
    const char *protocol = doc_text(port, "/protocol");
    return !protocol || strcmp(protocol, "TCP") == 0;
}

/* Its place in the roots; false: it has no pods that go on. */
static bool find_root(const struct view *v, const struct manifest_object *o, size_t *root)
{
    if (str_eq(o->kind, "Job") || str_eq(o->kind, "CronJob"))
        return false;
    for (size_t i = 0; i < v->roots->count; i++) {
        if (v->roots->trees[i] != o->tree)
            continue;
        *root = i;
        return true;
    }
    return false;
}

static const json_t *labels_of(const struct manifest_object *workload)
{
    return doc_get(workload->tree,
                   str_eq(workload->kind, "Pod") ? "/metadata/labels" : "/spec/template/metadata/labels");
}

static bool is_chosen(const json_t *selector, const json_t *labels)
{
    const char *key;
    json_t *value;
    DOC_EACH_KEY (selector, key, value)
        if (!doc_equal(doc_key(labels, key), value))
            return false;
    return doc_count(selector) > 0;
}

static const struct manifest_object *chosen_by(const struct view *v, const struct manifest_object *service,
                                               size_t *root)
{
    const json_t *selector = doc_get(service->tree, "/spec/selector");
    for (size_t i = 0; i < v->item->manifests.count; i++) {
        const struct manifest_object *o = &v->item->manifests.objects[i];
        if (str_eq(o->namespace, service->namespace) && find_root(v, o, root) && is_chosen(selector, labels_of(o)))
            return o;
    }
    return NULL;
}

static int named_port(const struct manifest_object *workload, const char *name)
{
    size_t i, j;
    const json_t *container, *port;
    DOC_EACH_ITEM (doc_get(doc_get(workload->tree, manifest_pod_pointer(workload)), "/containers"), i, container)
        DOC_EACH_ITEM (doc_get(container, "/ports"), j, port)
            if (str_eq(doc_text(port, "/name"), name))
                return (int)doc_i64(port, "/containerPort", 0);
    return 0;
}

/* Of the pod: a number, the name of one, or what the Service's own is. */
static int target_of(const struct manifest_object *workload, const json_t *port)
{
    const char *name = doc_text(port, "/targetPort");
    if (name)
        return named_port(workload, name);
    return (int)doc_i64(port, "/targetPort", doc_i64(port, "/port", 0));
}

static bool is_there(const struct port_forwards *f, size_t root, int port)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].root == root && f->items[i].port == port)
            return true;
    return false;
}

static void add(const struct view *v, const struct manifest_object *workload, size_t root, char *label_steal, int local,
                int port)
{
    struct port_forwards *f = v->out;
    if (port < 1 || port > HIGHEST_PORT || local < 0 || local > HIGHEST_PORT || is_there(f, root, port)) {
        free(label_steal);
        return;
    }
    f->items = xrealloc(f->items, f->count + 1, sizeof *f->items);
    f->items[f->count++] = (struct port_forward){ .service = v->item->service->name,
                                                  .workload = workload,
                                                  .root = root,
                                                  .label = label_steal,
                                                  .local = local,
                                                  .port = port };
}

static void add_service(const struct view *v, const struct manifest_object *service)
{
    size_t root, i;
    const json_t *port;
    const struct manifest_object *workload = chosen_by(v, service, &root);
    DOC_EACH_ITEM (workload ? doc_get(service->tree, "/spec/ports") : NULL, i, port) {
        int number = (int)doc_i64(port, "/port", 0);
        if (is_tcp(port))
            add(v, workload, root, xasprintf("%s port %d", service->label, number), number, target_of(workload, port));
    }
}

static void add_containers(const struct view *v, const struct manifest_object *workload, size_t root)
{
    size_t i, j;
    const json_t *container, *port;
    DOC_EACH_ITEM (doc_get(doc_get(workload->tree, manifest_pod_pointer(workload)), "/containers"), i, container)
        DOC_EACH_ITEM (doc_get(container, "/ports"), j, port) {
            int number = (int)doc_i64(port, "/containerPort", 0);
            if (is_tcp(port))
                add(v, workload, root, xasprintf("%s port %d", workload->label, number), number, number);
        }
}

static void add_known(const struct view *v)
{
    const struct manifest_set *set = &v->item->manifests;
    size_t root;
    for (size_t i = 0; i < set->count; i++)
        if (str_eq(set->objects[i].kind, "Service") && str_eq(set->objects[i].api_version, "v1"))
            add_service(v, &set->objects[i]);
    for (size_t i = 0; i < set->count; i++)
        if (find_root(v, &set->objects[i], &root))
            add_containers(v, &set->objects[i], root);
}

/* ---------------------------------------------------------------- what is asked for */

static struct err *nothing_known(const struct plan *plan)
{
    const char *service = plan->items[0].service->name;
    struct err *e = plan->count == 1 ? err_new(RW1019_NO_PORT, "%s has no port that is known", service)
                                     : err_new(RW1019_NO_PORT, "these services have no port that is known");
    e = err_cause(e, "neither a Service of the manifests nor a container names one");
    return err_next(e, "rwml forward %s PORT", service);
}

static struct err *several_services(const struct plan *plan)
{
    struct err *e = err_new(RW1014_AMBIGUOUS, "a port could be of any of %zu services", plan->count);
    return err_next(e, "rwml forward %s PORT   (or another of them)", plan->items[0].service->name);
}

/* The only workload of the service that has pods which go on. */
static struct err *only_workload(const struct view *v, const struct manifest_object **out, size_t *root)
{
    AUTO(strv) labels = { 0 };
    for (size_t i = 0; i < v->item->manifests.count; i++) {
        const struct manifest_object *o = &v->item->manifests.objects[i];
        size_t place;
        if (!find_root(v, o, &place))
            continue;
        strv_add(&labels, o->label);
        *out = o;
        *root = place;
    }
    AUTO_STR list = strv_join(&labels, ", ");
    if (labels.count == 1)
        return NULL;
    if (labels.count == 0)
        return err_new(RW1019_NO_PORT, "%s has no workload that keeps running", v->item->service->name);
    return err_cause(err_new(RW1014_AMBIGUOUS, "no workload of %s declares that port", v->item->service->name),
                     "it could be of: %s", list);
}

/* A known port by its number here, or else by the pod's. */
static const struct port_forward *find_known(const struct port_forwards *known, int remote)
{
    for (size_t i = 0; i < known->count; i++)
        if (known->items[i].local == remote)
            return &known->items[i];
    for (size_t i = 0; i < known->count; i++)
        if (known->items[i].port == remote)
            return &known->items[i];
    return NULL;
}

static void grant(const struct port_wish *wish, const struct port_forward *from, char *label_steal,
                  struct port_forwards *out)
{
    out->items = xrealloc(out->items, out->count + 1, sizeof *out->items);
    out->items[out->count] = *from;
    out->items[out->count].label = label_steal;
    out->items[out->count].local = wish->local;
    out->items[out->count++].is_wish = wish->local != 0;
}

static struct err *grant_wish(const struct view *v, const struct port_wish *wish, struct port_forwards *out)
{
    const struct port_forward *known = find_known(v->out, wish->remote);
    struct port_forward undeclared = { .service = v->item->service->name, .port = wish->remote };
    if (known) {
        grant(wish, known, xstrdup(known->label), out);
        return NULL;
    }
    TRY(only_workload(v, &undeclared.workload, &undeclared.root));
    grant(wish, &undeclared, xasprintf("%s port %d", undeclared.workload->label, wish->remote), out);
    return NULL;
}

static struct err *grant_all(const struct plan *plan, const struct roots *roots, const struct port_wish *wishes,
                             size_t count, struct port_forwards *out)
{
    AUTO(port_forwards) known = { 0 };
    const struct view v = { &plan->items[0], roots, &known };
    if (plan->count > 1)
        return several_services(plan);
    add_known(&v);
    for (size_t i = 0; i < count; i++)
        TRY(grant_wish(&v, &wishes[i], out));
    return NULL;
}

struct err *ports_find(const struct plan *plan, const struct roots *roots, const struct port_wish *wishes,
                       size_t wish_count, struct port_forwards *out)
{
    if (wish_count)
        return grant_all(plan, roots, wishes, wish_count, out);
    for (size_t i = 0; i < plan->count; i++)
        add_known(&(struct view){ &plan->items[i], roots, out });
    return out->count ? NULL : nothing_known(plan);
}
