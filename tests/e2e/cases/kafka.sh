# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# KAFKA_BROKER_ADDRESS: found in the cluster, or checked.

kafka_pulse() {
    new_pulse
    no_pods
    # shellcheck disable=SC2016 # it is rwml's
    add_env KAFKA_BROKER_ADDRESS '${KAFKA_BROKER_ADDRESS}'
}

test_kafka_is_found() {
    kafka_pulse
    rwml up --settle 0
    expect_ok
    expect_line "KAFKA_BROKER_ADDRESS is not set; taking $BROKER, found in the cluster"
    expect_equal "$(env_of "$SVC" KAFKA_BROKER_ADDRESS)" "$BROKER"
}

test_kafka_address_that_leads_nowhere() {
    local address=nowhere.$KAFKA_NAMESPACE.svc.cluster.local:9092
    kafka_pulse
    remember_state
    rwml up --set KAFKA_BROKER_ADDRESS="$address"
    expect_only_error 2 RW5202
    expect_line "$address"
    expect_next "$BROKER"
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'KAFKA_BROKER_ADDRESS}')"
    expect_state 'nothing was built, pushed or applied'
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "an image was built"
    expect_same_state
    rwml up --settle 0 --set KAFKA_BROKER_ADDRESS="$address" --no-check
    expect_ok
    expect_equal "$(env_of "$SVC" KAFKA_BROKER_ADDRESS)" "$address"
}

test_kafka_port_that_the_service_lacks() {
    kafka_pulse
    rwml up --set "KAFKA_BROKER_ADDRESS=${BROKER%:*}:9093"
    expect_only_error 2 RW5202
    expect_cause 'has no port 9093'
}

test_kafka_address_in_the_manifest_that_leads_nowhere() {
    kafka_pulse
    # shellcheck disable=SC2016 # it is rwml's
    sed -i 's/\${KAFKA_BROKER_ADDRESS}/old-kafka.gone:9092/' "$MANIFEST"
    rwml up --settle 0 # might be a name of the world outside: there is no such namespace
    expect_ok
    sed -i "s/old-kafka.gone/old-kafka.$KAFKA_NAMESPACE/" "$MANIFEST"
    rwml up --settle 0
    expect_only_error 2 RW5202
    expect_where "$MANIFEST:$(line_of "$MANIFEST" old-kafka)"
}

test_kafka_address_with_nobody_behind_it() {
    local address=queue.$NS.svc.cluster.local:9092
    kafka_pulse
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create service clusterip queue --tcp=9092 >/dev/null
    remember_state
    rwml up --set KAFKA_BROKER_ADDRESS="$address"
    expect_only_error 2 RW5202
    expect_cause "$address: Service $NS/queue has no ready pod behind it; what looks like Kafka there: .*$BROKER"
    expect_next "--set KAFKA_BROKER_ADDRESS=$BROKER"
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'KAFKA_BROKER_ADDRESS}')"
    expect_state 'nothing was built, pushed or applied'
    expect_same_state
    rwml up --settle 0 --set KAFKA_BROKER_ADDRESS="$address" --no-check
    expect_ok
}
