# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Clusters with no Kafka, and with two. Alone, since all tests use the one that is there.

kafka_pulse() {
    new_pulse
    no_pods
    # shellcheck disable=SC2016 # it is rwml's
    add_env KAFKA_BROKER_ADDRESS '${KAFKA_BROKER_ADDRESS}'
}

test_kafka_is_nowhere() {
    local service=$KAFKA_NAME-kafka-bootstrap
    kafka_pulse
    kube -n "$KAFKA_NAMESPACE" get service "$service" -o json |
        jq 'del(.metadata.uid, .metadata.resourceVersion, .metadata.creationTimestamp, .status)' >"$T/service.json"
    finally "kube apply -f $T/service.json >/dev/null"
    kube -n "$KAFKA_NAMESPACE" delete service "$service" >/dev/null
    remember_state
    rwml up
    expect_only_error 2 RW5201
    expect_line 'no Kafka'
    expect_next '--set KAFKA_BROKER_ADDRESS='
    expect_state 'nothing was built, pushed or applied'
    expect_same_state
}

test_kafka_is_there_twice() {
    kafka_pulse
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create service clusterip other-kafka-bootstrap --tcp=9092 >/dev/null
    remember_state
    rwml up
    expect_only_error 2 RW5201
    expect_cause "$BROKER"
    expect_cause "other-kafka-bootstrap.$NS.svc.cluster.local:9092"
    expect_same_state
}

# Strimzi itself is not here: what its operator would write stands in the resource by hand.
strimzi() { # VERSION ADDRESS: the kind, and one of it
    kube apply -f - >/dev/null <<TEXT
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kafkas.kafka.strimzi.io}
spec:
  group: kafka.strimzi.io
  scope: Namespaced
  names: {kind: Kafka, plural: kafkas, singular: kafka}
  versions:
    - name: $1
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
TEXT
    kube wait --for=condition=established crd/kafkas.kafka.strimzi.io >/dev/null
    eventually 60 strimzi_instance "$1"
    kube -n "$NS" patch "kafkas.$1.kafka.strimzi.io" main --subresource status --type merge \
        -p "{\"status\": {\"listeners\": [{\"name\": \"tls\", \"bootstrapServers\": \"main.$NS.svc:9093\"},
             {\"name\": \"plain\", \"bootstrapServers\": \"$2\"}]}}" >/dev/null
}

strimzi_instance() { # VERSION
    kube apply -f - >/dev/null 2>&1 <<TEXT
apiVersion: kafka.strimzi.io/$1
kind: Kafka
metadata: {name: main, namespace: $NS}
spec:
  kafka:
    listeners:
      - {name: tls, port: 9093, type: internal, tls: true}
      - {name: plain, port: 9092, type: internal, tls: false}
TEXT
}

test_kafka_of_strimzis_resource() {
    local version address=$KAFKA_NAME-kafka-bootstrap.$KAFKA_NAMESPACE.svc:9092
    kafka_pulse
    kube create namespace "$NS" >/dev/null
    finally 'kube delete crd kafkas.kafka.strimzi.io --ignore-not-found >/dev/null'
    for version in v1beta2 v1; do
        strimzi $version "$address"
        rwml up --settle 0
        expect_ok
        expect_line "KAFKA_BROKER_ADDRESS is not set; taking $address, found in the cluster"
        expect_equal "$(env_of "$SVC" KAFKA_BROKER_ADDRESS)" "$address"
        kube delete crd kafkas.kafka.strimzi.io >/dev/null
    done
}

test_kafka_of_strimzi_that_is_not_up() {
    kafka_pulse
    kube create namespace "$NS" >/dev/null
    finally 'kube delete crd kafkas.kafka.strimzi.io --ignore-not-found >/dev/null'
    strimzi v1 "main-kafka-bootstrap.$NS.svc:9092"
    kube -n "$NS" create service clusterip main-kafka-bootstrap --tcp=9092 >/dev/null
    remember_state
    rwml up
    expect_error 2 RW5202
    expect_cause "main-kafka-bootstrap.$NS.svc:9092: Service $NS/main-kafka-bootstrap has no ready pod behind it"
    expect_cause "what looks like Kafka there: .*$BROKER"
    expect_no_result
    expect_same_state
}
