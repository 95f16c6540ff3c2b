/* strimzi: Kafka's address as Strimzi's resource tells it. For pkg/plan only; broker.h is what others use.
 *
 * The operator writes the addresses of a Kafka's listeners into its status (Strimzi's api module, KafkaStatus and
 * ListenerStatus, kafka.strimzi.io/v1beta2 and v1): {"listeners": [{"name": "plain", "bootstrapServers":
 * "main-kafka-bootstrap.streams.svc:9092", …}]}. What a listener is like, its spec tells: {"kafka": {"listeners":
 * [{"name": "plain", "type": "internal", "tls": false}]}}.
 */
#ifndef PLAN_STRIMZI_H
#define PLAN_STRIMZI_H

#include "base/strv.h"
#include "kube/client.h"

/* strimzi_kafkas: an owned array of all Kafka resources; empty where the cluster does not know the kind,
 * or does not let us list it. */
struct err *strimzi_kafkas(struct kube_client *c, json_t **out) MUST_USE;

/* strimzi_add_addresses: of each Kafka the first listener that any pod can use: inside the cluster, without TLS and
 * without a login. One that has no such address is told in notes: "Kafka streams/main tells no address yet". Pure. */
void strimzi_add_addresses(const json_t *kafkas, struct strv *addresses, struct strv *notes);

#endif
