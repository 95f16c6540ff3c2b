/* broker: KAFKA_BROKER_ADDRESS. */
#ifndef PLAN_BROKER_H
#define PLAN_BROKER_H

#include "kube/client.h"
#include "plan/plan.h"

/* broker_choose: out of a list of Services, the one that is Kafka's front door, as an address that
 * every pod can use ("NAME.NAMESPACE.svc.cluster.local:PORT"; owned). First wins:
 *   1. Strimzi's bootstrap Service (label strimzi.io/kind: Kafka, name …-kafka-bootstrap)
 *   2. a Service named …-bootstrap with "kafka" in its name and the port 9092
 *   3. a Service with "kafka" in its name or its namespace's and the port 9092 that has a cluster IP
 *   4. the same without one (headless: its name still resolves, to the brokers)
 * Several of the best rank, or none: RW5201_KAFKA_NOT_FOUND, which lists what there is. Pure. */
struct err *broker_choose(const json_t *services, char **out) MUST_USE;

/* broker_find: asks the cluster for its Services and chooses. */
struct err *broker_find(struct kube_client *c, char **out) MUST_USE;

/* broker_check: every effective value of BROKER_VARIABLE that is a name inside the cluster leads
 * to a Service with that port, in the cluster or in the manifests that are to be applied. Names
 * outside the cluster and IP addresses are not looked at. RW5202_KAFKA_ADDRESS with the place of
 * the value. */
struct err *broker_check(struct kube_client *c, const struct plan *plan) MUST_USE;

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
