#include "plan/broker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "plan/strimzi.h"
#include "plan/tell.h"

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

static void add_candidate(struct strv *list, const char *address, const char *but)
{
    if (list->count < MOST_CANDIDATES && !str_eq(address, but))
        strv_add(list, address);
}

/* What the Kafka resources tell first; `but` this one, which may be NULL. */
static char *list_candidates(const struct strv *told, const json_t *services, const char *but)
{
    AUTO(strv) list = { 0 };
    const json_t *each;
    size_t i;
    for (i = 0; i < told->count; i++)
        add_candidate(&list, told->items[i], but);
    DOC_EACH_ITEM (services, i, each) {
        AUTO_STR address = rank(each) ? address_of(each) : NULL;
        if (address)
            add_candidate(&list, address, but);
    }
    return strv_join(&list, ", ");
}

static struct err *not_found(const struct strv *told, const struct strv *notes, const json_t *services)
{
    AUTO_STR candidates = list_candidates(told, services, NULL);
    AUTO_STR said = strv_join(notes, "; ");
    struct err *e = err_new(RW5201_KAFKA_NOT_FOUND, BROKER_VARIABLE " is not set, and the cluster has %s",
                            *candidates ? "more than one Kafka" : "no Kafka");
    if (*candidates)
        e = err_cause(e, "these look like Kafka: %s", candidates);
    else if (*said)
        e = err_cause(e, "%s", said);
    else
        e = err_cause(e, "no Service with port %d is called kafka", KAFKA_PORT);
    return err_next(e, "rwml up --set " BROKER_VARIABLE "=HOST:%d", KAFKA_PORT);
}

struct err *broker_choose(const json_t *services, const json_t *kafkas, char **out)
{
    AUTO(strv) told = { 0 }, notes = { 0 };
    strimzi_add_addresses(kafkas, &told, &notes);
    size_t count = 0;
    const json_t *best = told.count == 0 ? best_of(services, &count) : NULL;
    if (told.count == 1 || count == 1) {
        *out = best ? address_of(best) : xstrdup(told.items[0]);
        return NULL;
    }
    return not_found(&told, &notes, services);
}

struct candidates {
    json_t *services;
    json_t *kafkas;
};

static void candidates_release(struct candidates *all)
{
    doc_unref(all->services);
    doc_unref(all->kafkas);
}

static struct err *find_candidates(struct kube_client *c, struct candidates *out)
{
    TRY(kube_list(c, "v1", "Service", NULL, &out->services));
    return strimzi_kafkas(c, &out->kafkas);
}

struct err *broker_find(struct kube_client *c, char **out)
{
    AUTO(candidates) all = { 0 };
    struct err *e = find_candidates(c, &all);
    if (kube_is_forbidden(e)) {
        e = err_because(RW5104_CLUSTER_REFUSED, e,
                        BROKER_VARIABLE " is not set, and this user may not look for Kafka in the cluster");
        return err_next(e, "rwml up --set " BROKER_VARIABLE "=HOST:%d", KAFKA_PORT);
    }
    TRY(e);
    return broker_choose(all.services, all.kafkas, out);
}

struct err *broker_take(const struct request *request, const char *stage, struct kube_client *c, char **out)
{
    TRY(broker_find(c, out));
    request_tell(request, UI_NOTE, stage, BROKER_VARIABLE " is not set; taking %s, found in the cluster", *out);
    return NULL;
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

/* One address that is about to be used. */
struct use {
    const char *host_port;
    const char *where; /* the place of the value */
};

/* With what else there is; that is only a suggestion, so it may fail. */
static struct err *leads_nowhere(struct kube_client *c, const struct use *use, const char *why)
{
    AUTO(candidates) all = { 0 };
    AUTO(strv) told = { 0 }, notes = { 0 };
    AUTO_STR found = NULL;
    err_ignore(find_candidates(c, &all), "the refusal says enough");
    strimzi_add_addresses(all.kafkas, &told, &notes);
    AUTO_STR candidates = list_candidates(&told, all.services, use->host_port);
    err_ignore(broker_choose(all.services, all.kafkas, &found), "there is none that is better than others");
    struct err *e = err_new(RW5202_KAFKA_ADDRESS, BROKER_VARIABLE " leads nowhere in the cluster");
    e = err_cause(e, "%s: %s; %s%s", use->host_port, why,
                  *candidates ? "what looks like Kafka there: " : "nothing else there looks like Kafka", candidates);
    e = err_at(e, "%s", use->where);
    if (found && !str_eq(found, use->host_port))
        e = err_next(e, "rwml up --set " BROKER_VARIABLE "=%s", found);
    return err_next(e, "use --no-check if it will be there later, as after a restart of its node");
}

/* A Service of this very deploy; borrowed, NULL when there is none. */
static json_t *planned_service(const struct plan *plan, const struct broker_address *a)
{
    const struct manifest_object *found = NULL;
    for (size_t i = 0; i < plan->count && !found; i++)
        found = manifest_find(&plan->items[i].manifests, "Service", a->namespace, a->service);
    return found ? found->tree : NULL;
}

bool broker_has_ready(const json_t *slices, const char *service)
{
    size_t i, j;
    const json_t *slice, *endpoint;
    DOC_EACH_ITEM (slices, i, slice) {
        if (!str_eq(doc_text(slice, "/metadata/labels/kubernetes.io~1service-name"), service))
            continue;
        DOC_EACH_ITEM (doc_key(slice, "endpoints"), j, endpoint)
            if (doc_bool(endpoint, "/conditions/ready", true)) /* nothing said counts as ready (API reference) */
                return true;
    }
    return false;
}

static struct err *check_ready(struct kube_client *c, const struct use *use, const struct broker_address *a)
{
    DOC_AUTO slices = NULL;
    TRY(kube_list(c, "discovery.k8s.io/v1", "EndpointSlice", a->namespace, &slices));
    if (broker_has_ready(slices, a->service))
        return NULL;
    AUTO_STR why = xasprintf("Service %s/%s has no ready pod behind it", a->namespace, a->service);
    return leads_nowhere(c, use, why);
}

static struct err *check_address(struct kube_client *c, const struct plan *plan, const struct use *use,
                                 const struct broker_address *a)
{
    bool planned = planned_service(plan, a) != NULL;
    DOC_AUTO service = doc_ref(planned_service(plan, a));
    bool exists = true;
    if (!planned)
        TRY(kube_get(c, (struct kube_id){ "v1", "Service", a->namespace, a->service }, &service));
    if (!service && a->is_bare)
        TRY(kube_namespace_exists(c, a->namespace, &exists));
    if (!exists)
        return NULL;
    if (!service) {
        AUTO_STR why = xasprintf("namespace %s has no Service %s", a->namespace, a->service);
        return leads_nowhere(c, use, why);
    }
    if (str_eq(doc_text(service, "/spec/type"), "ExternalName"))
        return NULL;
    bool headless = str_eq(doc_text(service, "/spec/clusterIP"), "None");
    if (!a->port || headless || has_port(service, a->port))
        return planned ? NULL : check_ready(c, use, a);
    AUTO_STR why = xasprintf("Service %s/%s has no port %" PRId64, a->namespace, a->service, a->port);
    return leads_nowhere(c, use, why);
}

/* An address may lead to a namespace that is not this user's. */
static struct err *tell_unchecked(const struct request *request, const char *host_port, struct err *refused)
{
    AUTO_STR words = err_words(refused);
    request_tell(request, UI_NOTE, NULL, BROKER_VARIABLE " %s is not checked: %s", host_port, words);
    err_ignore(refused, "the programs tell whether they reach it");
    return NULL;
}

static struct err *check_use(const struct request *request, struct kube_client *c, const struct plan *plan,
                             const struct variable_use *use, const char *value)
{
    AUTO_STR list = xstrdup(value);
    char *rest = list, *one;
    while ((one = strsep(&rest, ","))) {
        struct broker_address address = { 0 };
        one += strspn(one, " ");
        if (!broker_in_cluster(one, use->object->namespace, &address))
            continue;
        struct err *e = check_address(c, plan, &(struct use){ one, use->where }, &address);
        broker_address_release(&address);
        TRY(kube_is_forbidden(e) ? tell_unchecked(request, one, e) : e);
    }
    return NULL;
}

struct err *broker_check(const struct request *request, struct kube_client *c, const struct plan *plan,
                         const char *taken)
{
    struct err *errors = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        const struct variable_uses *uses = &plan->items[i].uses;
        for (size_t j = 0; j < uses->count; j++) {
            const char *value = uses->items[j].value ? uses->items[j].value : taken;
            if (value && strcmp(uses->items[j].name, BROKER_VARIABLE) == 0)
                errors = err_join(errors, check_use(request, c, plan, &uses->items[j], value));
        }
    }
    return errors;
}

struct err *broker_use(const struct request *request, struct kube_client *c, struct plan *plan)
{
    AUTO_STR broker = NULL;
    if (plan->needs_broker)
        TRY(broker_take(request, NULL, c, &broker));
    if (!request->no_check)
        TRY(broker_check(request, c, plan, broker));
    return plan_set_variables(plan, broker);
}
