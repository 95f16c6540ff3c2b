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
