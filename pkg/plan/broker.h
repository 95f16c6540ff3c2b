/* broker: KAFKA_BROKER_ADDRESS. */
#ifndef PLAN_BROKER_H
#define PLAN_BROKER_H

#include "kube/client.h"
#include "plan/plan.h"

/* broker_choose: out of a cluster's Services and Strimzi's Kafka resources, Kafka's front door, as an address
 * that every pod can use ("NAME.NAMESPACE.svc.cluster.local:PORT"; owned). First wins:
 *   0. what a Kafka resource tells (strimzi.h), as it tells it
 *   1. Strimzi's bootstrap Service (label strimzi.io/kind: Kafka, name …-kafka-bootstrap)
 *   2. a Service named …-bootstrap with "kafka" in its name and the port 9092
 *   3. a Service with "kafka" in its name or its namespace's and the port 9092 that has a cluster IP
 *   4. the same without one (headless: its name still resolves, to the brokers)
 * Several of the best rank, or none: RW5201_KAFKA_NOT_FOUND, which lists what there is. Pure. */
struct err *broker_choose(const json_t *services, const json_t *kafkas, char **out) MUST_USE;

/* broker_find: asks the cluster for both and chooses. RW5104_CLUSTER_REFUSED for who may not list all Services. */
struct err *broker_find(struct kube_client *c, char **out) MUST_USE;

/* broker_take: the same for a run that puts it in, which is told. stage: as in request_tell. */
struct err *broker_take(const struct request *request, const char *stage, struct kube_client *c, char **out) MUST_USE;

/* broker_check: every effective value of BROKER_VARIABLE that is a name inside the cluster leads
 * to a Service with that port, in the manifests that are to be applied, or in the cluster; there it has a
 * ready pod behind it, too. taken: the value of those that have none; NULL: there are no such. Names
 * outside the cluster and IP addresses are not looked at; one that this user may not look at is told.
 * RW5202_KAFKA_ADDRESS with the place of the value, and what else looks like Kafka. */
struct err *broker_check(const struct request *request, struct kube_client *c, const struct plan *plan,
                         const char *taken) MUST_USE;

/* broker_has_ready: out of a namespace's EndpointSlices, has this Service anything ready behind it? Pure. */
bool broker_has_ready(const json_t *slices, const char *service);

/* broker_use: what a deploy does before its objects are checked: looks for the broker where it is needed, checks its
 * address unless the request says not to, and puts all variables into the plan's manifests. */
struct err *broker_use(const struct request *request, struct kube_client *c, struct plan *plan) MUST_USE;

/* broker_in_cluster: takes one "HOST:PORT" apart when HOST is a name of the cluster's own DNS:
 * S, S.N, S.N.svc, S.N.svc.cluster.local, each also with a pod's name in front of S where
 * .svc follows. home_namespace: of a name without one. *is_bare: it has the form S.N, which can be a name
 * of the world outside as well. False: not such a name. Pure. */
struct broker_address {
    char *service;
    char *namespace;
    int64_t port; /* 0: none was given */
    bool is_bare;
};
bool broker_in_cluster(const char *host_port, const char *home_namespace, struct broker_address *out);
void broker_address_release(struct broker_address *a);

#endif
