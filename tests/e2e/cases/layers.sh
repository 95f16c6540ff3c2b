# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Only layers travel that a node lacks: see layered_pulse.

expect_no_push_name() { # the name that the engine pushed by is gone from it
    ! docker image ls -a --format '{{.Repository}}' | grep rwml-push >/dev/null || fail "the engine keeps a name: $(docker image ls | grep rwml-push)"
}

test_layers_that_nodes_have_stay_home() {
    local node
    layered_pulse
    expect_ok
    if [ "$(engine_store)" = classic ]; then
        expect_line 'the engine exports the image: .* would have to compress them first'
    else
        expect_no_line 'the engine exports the image'
    fi
    push_text 'second text'
    expect_ok
    expect_line 'layer sha256:[0-9a-f]\{12\}: .*, reused: unpacked there'
    expect_line 'layer sha256:[0-9a-f]\{12\}: [0-9]* B, sent'
    for node in $(nodes); do
        expect_few_sent "$node"
        expect_equal "$(node_digest "$node" "$(content_name "$SVC")")" "$(engine_digest "$SVC:dev")" "digest on $node"
    done
    expect_no_push_name
}

test_layers_only_one_node_lacks() {
    local last
    layered_pulse
    expect_ok
    push_text 'second text' # from here on the engine has compressed what all have
    expect_ok
    last=$(nodes | tail -1)
    docker exec "$last" crictl rmi "$SVC:dev" "$(content_name "$SVC")" >/dev/null
    push_text 'third text'
    expect_ok
    expect_on_every_node
}

# Only the configuration differs: every layer is there.
test_layers_of_another_configuration() {
    layered_pulse
    expect_ok
    sed -i 's|^LABEL rwml.e2e=1|LABEL rwml.e2e=1 other=2|' "docker/$SVC.Dockerfile"
    rwml build && expect_ok
    rwml push -v
    expect_ok
    expect_no_line 'layer .*, sent'
    expect_on_every_node
}

# Killed at once while the engine pushes, and run again: nothing stays, and the result is whole.
test_layers_after_a_kill() {
    need_faults
    layered_pulse
    expect_ok
    set_message "second text, $(date +%s%N)"
    rwml build && expect_ok
    RWML=$RWML_FAULTY
    RWML_ENV+=(RWML_FAULT='net.accept=3*off->1*kill')
    CODE=0
    (run_rwml push) >"$T/out" 2>"$T/err" </dev/null || CODE=$?
    [ "$CODE" = 137 ] || fail "it ended with $CODE instead of by SIGKILL"
    expect_no_leftovers
    RWML_ENV+=(RWML_FAULT=)
    rwml push
    expect_ok
    expect_no_push_name
    expect_on_every_node
}
