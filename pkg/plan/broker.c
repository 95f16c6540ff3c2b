#include "plan/broker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum {
    KAFKA_PORT = 9092,
    MOST_CANDIDATES = 10, /* in a message */
    LAST_RANK = 4
};

static bool names_kafka(const char *name)
{
    return name && strcasestr(name, "kafka");
}

static bool has_port(const json_t *service, int64_t port)
{
    const json_t *ports = doc_get(service, "/spec/ports"), *each;
    size_t i;
    DOC_EACH_ITEM (ports, i, each)
        if (doc_i64(each, "/port", 0) == port)
            return true;
    return false;
}

/* 1 is the best; 0: no candidate. The ranks are told in broker.h. */
static int rank(const json_t *service)
{
    const char *name = doc_text(service, "/metadata/name"), *namespace = doc_text(service, "/metadata/namespace");
    const char *strimzi = doc_text(service, "/metadata/labels/strimzi.io~1kind");
    const char *cluster_ip = doc_text(service, "/spec/clusterIP");
    if (!name || !namespace || !has_port(service, KAFKA_PORT))
        return 0;
    if (str_eq(strimzi, "Kafka") && str_ends(name, "-kafka-bootstrap"))
        return 1;
    if (names_kafka(name) && str_ends(name, "-bootstrap"))
        return 2;
    if (!names_kafka(name) && !names_kafka(namespace))
        return 0;
    return str_eq(cluster_ip, "None") ? LAST_RANK : 3;
}

static char *address_of(const json_t *service)
{
    return xasprintf("%s.%s.svc.cluster.local:%d", doc_text(service, "/metadata/name"),
                     doc_text(service, "/metadata/namespace"), KAFKA_PORT);
}

static const json_t *best_of(const json_t *services, size_t *count)
{
    const json_t *each, *best = NULL;
    size_t i;
    for (int wanted = 1; wanted <= LAST_RANK && !best; wanted++) {
        *count = 0;
        DOC_EACH_ITEM (services, i, each)
            if (rank(each) == wanted) {
                best = each;
                ++*count;
            }
    }
    return best;
}

static char *list_candidates(const json_t *services)
{
    AUTO(strv) list = { 0 };
    const json_t *each;
    size_t i;
    DOC_EACH_ITEM (services, i, each)
        if (rank(each) && list.count < MOST_CANDIDATES)
            strv_add_take(&list, address_of(each));
    return strv_join(&list, ", ");
}

struct err *broker_choose(const json_t *services, char **out)
{
    size_t count = 0;
    const json_t *best = best_of(services, &count);
    if (count == 1) {
        *out = address_of(best);
        return NULL;
    }
    struct err *e = err_new(RW5201_KAFKA_NOT_FOUND, BROKER_VARIABLE " is not set, and the cluster has %s",
                            count ? "more than one Kafka" : "no Kafka");
    AUTO_STR candidates = list_candidates(services);
    e = count ? err_cause(e, "these Services look like Kafka: %s", candidates)
              : err_cause(e, "no Service with port %d is called kafka", KAFKA_PORT);
    return err_next(e, "rwml up --set " BROKER_VARIABLE "=HOST:%d", KAFKA_PORT);
}

struct err *broker_find(struct kube_client *c, char **out)
{
    DOC_AUTO services = NULL;
    TRY(kube_list(c, "v1", "Service", NULL, &services));
    return broker_choose(services, out);
}

void broker_address_release(struct broker_address *a)
{
    free(a->service);
    free(a->namespace);
    *a = (struct broker_address){ 0 };
}

static bool is_ip_address(const char *host)
{
    return strchr(host, ':') || strspn(host, "0123456789.") == strlen(host);
}

/* Cuts a suffix off; true when it was there. */
static bool cut(char *text, const char *suffix)
{
    if (!str_ends(text, suffix))
        return false;
    text[strlen(text) - strlen(suffix)] = '\0';
    return true;
}

static bool split_host(char *host, const char *home_namespace, struct broker_address *out)
{
    bool has_svc = cut(host, ".svc.cluster.local") || cut(host, ".svc");
    char *parts[3] = { 0 }, *rest = host;
    size_t count = 0;
    while (rest && count < COUNT_OF(parts))
        parts[count++] = strsep(&rest, ".");
    if (rest || (count == 3 && !has_svc) || (count == 1 && (has_svc || str_eq(host, "localhost"))))
        return false;
    out->service = xstrdup(count == 3 ? parts[1] : parts[0]);
    out->namespace = xstrdup(count == 1 ? home_namespace : parts[count - 1]);
    out->is_bare = count == 2 && !has_svc;
    return true;
}

bool broker_in_cluster(const char *host_port, const char *home_namespace, struct broker_address *out)
{
    AUTO_STR host = xstrdup(host_port);
    char *colon = strrchr(host, ':');
    int64_t port = 0;
    if (colon) {
        if (!num_i64(colon + 1, 1, UINT16_MAX, &port))
            return false;
        *colon = '\0';
    }
    if (!*host || is_ip_address(host) || !split_host(host, home_namespace, out))
        return false;
    out->port = port;
    return true;
}

static struct err *leads_nowhere(struct kube_client *c, const char *host_port, const struct variable_use *use,
                                 const char *why)
{
    AUTO_STR found = NULL;
    struct err *e = err_new(RW5202_KAFKA_ADDRESS, BROKER_VARIABLE " leads nowhere in the cluster");
    e = err_at(err_cause(e, "%s: %s", host_port, why), "%s", use->where);
    err_ignore(broker_find(c, &found), "the address that is right is only a suggestion");
    if (found)
        e = err_next(e, "rwml up --set " BROKER_VARIABLE "=%s", found);
    return err_next(e, "use --no-check if it will exist later");
}

/* A Service of this very deploy; borrowed, NULL when there is none. */
static json_t *planned_service(const struct plan *plan, const struct broker_address *a)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t j = 0; j < plan->items[i].manifests.count; j++) {
            const struct manifest_object *o = &plan->items[i].manifests.objects[j];
            if (str_eq(o->kind, "Service") && str_eq(o->name, a->service) && str_eq(o->namespace, a->namespace))
                return o->tree;
        }
    return NULL;
}

static struct err *check_address(struct kube_client *c, const struct plan *plan, const char *host_port,
                                 const struct variable_use *use, const struct broker_address *a)
{
    DOC_AUTO service = doc_ref(planned_service(plan, a));
    bool exists = true;
    if (!service)
        TRY(kube_get(c, (struct kube_id){ "v1", "Service", a->namespace, a->service }, &service));
    if (!service && a->is_bare)
        TRY(kube_namespace_exists(c, a->namespace, &exists));
    if (!exists)
        return NULL;
    if (!service) {
        AUTO_STR why = xasprintf("namespace %s has no Service %s", a->namespace, a->service);
        return leads_nowhere(c, host_port, use, why);
    }
    bool headless = str_eq(doc_text(service, "/spec/clusterIP"), "None");
    if (!a->port || headless || has_port(service, a->port))
        return NULL;
    AUTO_STR why = xasprintf("Service %s/%s has no port %" PRId64, a->namespace, a->service, a->port);
    return leads_nowhere(c, host_port, use, why);
}

static struct err *check_use(struct kube_client *c, const struct plan *plan, const struct variable_use *use)
{
    AUTO_STR list = xstrdup(use->value);
    char *rest = list, *one;
    while ((one = strsep(&rest, ","))) {
        struct broker_address address = { 0 };
        one += strspn(one, " ");
        if (!broker_in_cluster(one, use->object->namespace, &address))
            continue;
        struct err *e = check_address(c, plan, one, use, &address);
        broker_address_release(&address);
        if (e)
            return e;
    }
    return NULL;
}

/* A ${…} without a value is the one that was just looked for: that one exists. */
struct err *broker_check(struct kube_client *c, const struct plan *plan)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        const struct variable_uses *uses = &plan->items[i].uses;
        for (size_t j = 0; j < uses->count; j++)
            if (uses->items[j].value && strcmp(uses->items[j].name, BROKER_VARIABLE) == 0)
                errors = err_join(errors, check_use(c, plan, &uses->items[j]));
    }
    return errors;
}
