# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# The sample workspace under other names, with Kafka: what the README promises. The tests share
# one workspace and one namespace; each can be run alone.

NS=e2e-shop
SERVICES=(e2eticks e2ebars)
IMAGES='/e2e(ticks|bars):'
SHOP=$SHARED/shop

# Topics of this run alone, since Kafka keeps what earlier runs wrote; and short candles.
use_own_topics() {
    local run ticks=$SHOP/manifests/dev/e2eticks/e2eticks.yaml bars=$SHOP/manifests/dev/e2ebars/config.yaml
    run=$(date +%s)
    sed -i "s|^\( *\)env:|&\n\1  - name: KAFKA_TOPIC\n\1    value: e2eticks-$run|" "$ticks"
    sed -i "s|^\( *\)WINDOW_SECONDS:.*|\1WINDOW_SECONDS: \"2\"\n\1KAFKA_INPUT_TOPIC: e2eticks-$run\n\1KAFKA_OUTPUT_TOPIC: e2ebars-$run|" "$bars"
    echo "$run" >"$SHOP.run"
}

sample() { # goes to the workspace, which the first test makes, and sees to it that it is up
    if [ ! -e "$SHOP.run" ]; then
        sample_workspace "$SHOP" "$NS"
        use_own_topics
    fi
    RUN=$(cat "$SHOP.run")
    cd "$SHOP" || fail "no workspace"
    rwml up
    expect_ok
}

read_topic() { # TOPIC COUNT
    "$CHECKOUT/scripts/kafka-read.sh" --name "$CLUSTER" --kafka-name "$KAFKA_NAME" \
        --kafka-namespace "$KAFKA_NAMESPACE" "$1" "$2"
}

test_sample_up_brings_messages_to_both_topics() {
    local service node
    sample
    for service in "${SERVICES[@]}"; do
        expect_result "^$service  *deploy  *$(content_name "$service")"
        expect_equal "$(running_image "$service")" "$(content_name "$service")"
        for node in $(nodes); do
            node_has "$node" "$service:dev" || fail "$node lacks $service:dev"
            expect_equal "$(node_digest "$node" "$(content_name "$service")")" "$(engine_digest "$service:dev")"
        done
    done
    read_topic "e2eticks-$RUN" 3 | tee "$T/ticks"
    jq -es 'length == 3 and all(.[]; .price > 0 and .symbol and .source)' "$T/ticks" || fail "these are no trades"
    read_topic "e2ebars-$RUN" 2 | tee "$T/bars"
    jq -es 'length == 2 and all(.[]; .high >= .low and .symbol and .end_ms - .start_ms == 2000)' "$T/bars" ||
        fail "these are no candles"
}

test_sample_second_up_writes_nothing() {
    local node
    sample
    eventually 60 settled
    versions_state "$NS" >"$T/before"
    for node in $(nodes); do node_state "$node" "$IMAGES" >>"$T/before"; done
    rwml up
    expect_ok
    expect_result 'nothing to send'
    expect_result '0 objects written'
    expect_no_line ' changed\| created'
    expect_within 20000
    versions_state "$NS" >"$T/after"
    for node in $(nodes); do node_state "$node" "$IMAGES" >>"$T/after"; done
    diff -U2 "$T/before" "$T/after" || fail "something was written, see above"
}

test_sample_edit_reaches_the_pod() {
    local old new node bars main=services/e2eticks/src/e2eticks/main.py
    sample
    old=$(content_name e2eticks)
    bars=$(kube -n "$NS" get pods -l app.kubernetes.io/name=e2ebars -o 'jsonpath={.items[0].metadata.uid}')
    cp "$main" "$T/main.py"
    finally "cp $T/main.py $SHOP/$main"
    sed -i 's|logger.info("Kafka broker: {}"|logger.info("edited at '"$RUN"': {}"|' "$main"
    ! cmp -s "$main" "$T/main.py" || fail "the edit did not apply"
    rwml up e2eticks
    expect_ok
    expect_result 'which is [0-9a-f]\{12\} sent as changed files'
    new=$(pushed_name e2eticks)
    [ "$new" != "$old" ] || fail "the name is still $old"
    expect_equal "$(running_image e2eticks)" "$new"
    eventually 60 log_has e2eticks "edited at $RUN" # kubectl may show the old pod while it ends
    for node in $(nodes); do
        node_has "$node" "$old" || fail "$node has lost $old"
        node_has "$node" "$new" || fail "$node lacks $new"
    done
    expect_equal "$(kube -n "$NS" get pods -l app.kubernetes.io/name=e2ebars -o 'jsonpath={.items[0].metadata.uid}')" \
        "$bars" "the other service's pod"
}

test_sample_error_names_the_line_to_change() {
    local line main=services/e2eticks/src/e2eticks/main.py
    sample
    cp "$main" "$T/main.py"
    finally "cp $T/main.py $SHOP/$main"
    # Before its imports, which take seconds on a busy machine: with five of them the old pods have gone.
    line=$(line_of "$main" '^import signal')
    sed -i "${line}s|.*|raise KeyError(\"EXCHANGE\")|" "$main"
    rwml up e2eticks
    expect_error 1 RW6103
    expect_cause "last output: KeyError: 'EXCHANGE' at $main:$line\$"
    expect_line "^  where: $main:$line\$"
    expect_state 'old pods still serve'
}

test_sample_one_verb_at_a_time() {
    local verb
    sample
    for verb in build push deploy; do
        rwml $verb e2eticks
        expect_ok
        expect_result "^e2eticks  *$verb "
    done
    (cd services/e2ebars && rwml build) # in a service's directory: that service
    grep -q '^e2ebars  *build' "$T/out" || fail "not the service of this directory"
    ! grep -q '^e2eticks' "$T/out" || fail "the other service was built, too"
}

test_sample_image_holds_the_services_only() {
    sample
    docker run --rm --entrypoint find e2eticks:dev /app -name '*.[ch]' -not -path '*/.venv/*' >"$T/sources"
    [ ! -s "$T/sources" ] || fail "C sources in the image: $(head -3 "$T/sources")"
    docker run --rm --entrypoint ls e2eticks:dev -A /app >"$T/files"
    ! grep -qx 'pkg\|cmd\|build\|manifests\|\.git' "$T/files" || fail "more in the image than the services"
    expect_equal "$(docker run --rm --entrypoint id e2eticks:dev -un)" app user
}

test_sample_without_uv_lock() {
    local before
    sample
    before=$(engine_digest e2eticks:dev)
    cp -a "$SHOP" "$T/unlocked"
    cd "$T/unlocked" || fail "no copy"
    rm uv.lock
    remember_state
    rwml build e2eticks
    expect_error 1 RW3201
    expect_line 'uv.lock'
    expect_state 'no image was made'
    expect_no_result
    expect_equal "$(engine_digest e2eticks:dev)" "$before" "the image of before"
    expect_same_state
}

# The services' own tests, in the image, whose environment has all that they import.
test_sample_python_tests_pass() {
    sample
    docker run --rm --volume "$SHOP/services/e2eticks/tests:/tests:ro" --entrypoint python e2eticks:dev \
        -m unittest discover -s /tests >"$T/unittest" 2>&1 || fail "$(tail -30 "$T/unittest")"
    grep -qE '^Ran [1-9][0-9]+ tests' "$T/unittest" || fail "hardly any test ran: $(tail -3 "$T/unittest")"
}
