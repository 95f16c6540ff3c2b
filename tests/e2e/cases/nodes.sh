# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Nodes that are stopped or full: stand-alone ones, see standalone.sh. One after another, since
# they share a name.

CONTROL=$STANDALONE-control-plane
WORKER=$STANDALONE-worker

standalone_pulse() {
    new_pulse
    sed -i "s/^name: .*/name: $STANDALONE/" manifests/dev/kind/cluster.yaml
    rwml build
    expect_ok
    finally standalone_remove
}

# Whether each node runs, since when, and what is in it: also of images that have no name yet.
standalone_state() {
    local node
    for node in $(docker ps -a --filter "label=io.x-k8s.kind.cluster=$STANDALONE" --format '{{.Names}}' | sort); do
        docker inspect -f '{{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}' "$node"
        [ "$(docker inspect -f '{{.State.Running}}' "$node")" != true ] || node_content "$node"
    done
}

node_content() { # NODE: names, blobs, unpacked layers, and imports that are not over
    docker exec "$1" sh -c 'crictl images --no-trunc && ctr -n k8s.io images ls && ctr -n k8s.io content ls -q &&
        ctr -n k8s.io snapshots ls && ctr -n k8s.io content active' | tr -s ' '
}

remember_standalone() {
    standalone_state >"$T/nodes"
    remember_state
}

expect_same_standalone() {
    standalone_state >"$T/nodes-after"
    diff -U2 "$T/nodes" "$T/nodes-after" || fail "the state of the nodes has changed, see above"
    expect_same_state
}

test_nodes_one_of_two_is_stopped() {
    local name
    standalone_pulse
    name=$(content_name "$SVC")
    standalone_node "$CONTROL" control-plane 256m
    standalone_node "$WORKER" worker 256m
    docker stop -t 1 "$WORKER" >/dev/null
    docker inspect -f '{{json .State}}' "$WORKER" >"$T/stopped"
    remember_state
    rwml push
    expect_error 6 RW4005
    expect_cause "$WORKER is not running"
    expect_state "$name is on: $CONTROL; not on: $WORKER; no import is left running"
    expect_next "docker start $WORKER"
    expect_no_result
    expect_equal "$(node_digest "$CONTROL" "$name")" "$(engine_digest "$SVC:dev")" "digest on the other node"
    expect_equal "$(docker inspect -f '{{json .State}}' "$WORKER")" "$(cat "$T/stopped")" "state of the stopped node"
    expect_equal "$(imports_in "$CONTROL")" 0 "the other node's imports"
    expect_same_state
    docker start "$WORKER" >/dev/null
    standalone_wait "$WORKER"
    rwml push
    expect_ok
    expect_result "$name is on 2 of 2 nodes"
    expect_equal "$(node_digest "$WORKER" "$name")" "$(engine_digest "$SVC:dev")" "digest on the node that is back"
}

test_nodes_the_only_one_is_stopped() {
    local verb
    standalone_pulse
    standalone_node "$CONTROL" control-plane 256m
    docker stop -t 1 "$CONTROL" >/dev/null
    remember_standalone
    for verb in push deploy up; do
        rwml $verb
        expect_error 3 RW4002
        expect_line "$CONTROL"
        case $verb in
        push) expect_state "$(content_name "$SVC") is on: none; not on: $CONTROL" ;;
        *) expect_state 'nothing was built, pushed or applied' ;;
        esac
        expect_next "docker start $CONTROL"
        expect_no_result
    done
    expect_same_standalone
}

# The image is larger than the node's containerd has room for; the machine's disk is never near it.
test_nodes_disk_is_full() {
    local name
    standalone_pulse
    standalone_node "$CONTROL" control-plane 24m
    head -c 40000000 /dev/urandom >message
    rwml build && expect_ok
    name=$(content_name "$SVC")
    remember_standalone
    rwml push
    expect_error 3 RW4004
    expect_cause '24M.* free'
    expect_cause 'no space left on device'
    expect_state "$name is on: none; not on: $CONTROL; no import is left running"
    expect_no_result
    expect_equal "$(imports_in "$CONTROL")" 0 "$CONTROL's imports"
    expect_same_standalone
    set_message small
    rwml build && expect_ok
    rwml push
    expect_ok
    node_has "$CONTROL" "$(content_name "$SVC")" || fail "the node is of no use any more"
}

test_nodes_control_plane_without_an_api_server() {
    standalone_pulse
    standalone_node "$CONTROL" control-plane 256m
    remember_standalone
    rwml deploy
    expect_exit 3
    expect_form
    expect_state 'nothing was built, pushed or applied'
    expect_no_result
    expect_same_standalone
}
