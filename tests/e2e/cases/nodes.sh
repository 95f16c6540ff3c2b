# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Nodes that are stopped or full: stand-alone ones, see standalone.sh. One after another, since
# they share a name.

standalone_pulse() {
    new_pulse
    sed -i "s/^name: .*/name: $STANDALONE/" manifests/dev/kind/cluster.yaml
    rwml build
    expect_ok
    finally standalone_remove
}

test_nodes_one_of_two_is_stopped() {
    local name
    standalone_pulse
    name=$(content_name "$SVC")
    standalone_node "$STANDALONE-control-plane" control-plane 256m
    standalone_node "$STANDALONE-worker" worker 256m
    docker stop -t 1 "$STANDALONE-worker" >/dev/null
    rwml push
    expect_error 6 RW4005
    expect_cause "$STANDALONE-worker is not running"
    expect_state "is on: $STANDALONE-control-plane; not on: $STANDALONE-worker"
    expect_next "docker start $STANDALONE-worker"
    expect_no_result
    node_has "$STANDALONE-control-plane" "$name" || fail "the other node lacks $name"
    docker start "$STANDALONE-worker" >/dev/null
    standalone_wait "$STANDALONE-worker"
    rwml push
    expect_ok
    expect_result "$name is on 2 of 2 nodes"
}

test_nodes_the_only_one_is_stopped() {
    local verb
    standalone_pulse
    standalone_node "$STANDALONE-control-plane" control-plane 256m
    docker stop -t 1 "$STANDALONE-control-plane" >/dev/null
    for verb in push deploy up; do
        rwml $verb
        expect_error 3 RW4002
        expect_line "$STANDALONE-control-plane"
        expect_next "docker start $STANDALONE-control-plane"
    done
}

# The image is larger than the node's containerd has room for; the machine's disk is never near it.
test_nodes_disk_is_full() {
    local node=$STANDALONE-control-plane name
    standalone_pulse
    standalone_node "$node" control-plane 24m
    head -c 40000000 /dev/urandom >message
    rwml build && expect_ok
    name=$(content_name "$SVC")
    rwml push
    expect_error 3 RW4004
    expect_cause '24M.* free'
    expect_cause 'no space left on device'
    expect_no_result
    ! node_has "$node" "$name" || fail "a broken image has the name $name"
    expect_equal "$(imports_in "$node")" 0 "$node's imports"
    set_message small
    rwml build && expect_ok
    rwml push
    expect_ok
    node_has "$node" "$(content_name "$SVC")" || fail "the node is of no use any more"
}

test_nodes_control_plane_without_an_api_server() {
    standalone_pulse
    standalone_node "$STANDALONE-control-plane" control-plane 256m
    rwml deploy
    [ "$CODE" = 3 ] || fail "exit $CODE, not 3"
    expect_line '^error\[RW'
    expect_line '^  state: nothing was built, pushed or applied'
}
