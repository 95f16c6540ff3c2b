# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Nodes that are stopped, paused or full, or fail in the midst of a push: stand-alone ones, see
# standalone.sh. One after another, since they share a name.

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

# ---------------------------------------------------------------- faults in the midst of a push

# Two nodes, or the control plane alone; the image is built.
standalone_nodes() { # COUNT
    standalone_pulse
    standalone_node "$CONTROL" control-plane 256m
    [ "$1" = 1 ] || standalone_node "$WORKER" worker 256m
}

standalone_names() { docker ps --filter "label=io.x-k8s.kind.cluster=$STANDALONE" --format '{{.Names}}' | sort; }

build_text() { # TEXT: that no node has
    set_message "$1, $(date +%s%N)"
    rwml build && expect_ok
}

# A push that takes long, in the background, until every node has an import with a lease.
start_slow_push() {
    local node
    need_faults
    RWML=$RWML_FAULTY
    RWML_ENV+=(RWML_FAULT='net.write=8*off->delay(150)')
    start_rwml push --no-file-delta
    finally "kill $PID 2>/dev/null; wait"
    for node in $(standalone_names); do eventually 60 import_writes "$node"; done
    RWML_ENV+=(RWML_FAULT=)
}

import_writes() { # NODE
    [ "$(imports_in "$1")" != 0 ] && [ -n "$(held_in "$1")" ]
}

held_in() { # NODE: leases, and what is not written to its end
    docker exec "$1" sh -c 'ctr -n k8s.io leases ls -q && ctr -n k8s.io content active | tail -n +2'
}

# Neither that, nor a ctr, nor the script around it, nor what it noted.
nothing_stays() { # NODE
    local held noted
    processes_in "$1"
    held=$(held_in "$1") && noted=$(docker exec "$1" find /var/tmp -name 'rwml*') || return
    [ -z "$held$noted" ] && ! grep -q 'ctr .*images import' "$T/processes"
}

# The same push again: it succeeds, and nothing stays anywhere.
expect_mended() {
    local node name
    name=$(content_name "$SVC")
    for node in $(standalone_names); do standalone_wait "$node"; done
    rwml push --no-file-delta
    expect_ok
    expect_result "$name is on $(standalone_names | wc -l) of"
    for node in $(standalone_names); do
        expect_equal "$(node_digest "$node" "$name")" "$(engine_digest "$SVC:dev")" "digest on $node"
        eventually 60 nothing_stays "$node"
    done
}

expect_only_on_control() { # CAUSE STATE: of a push to two
    local name
    name=$(content_name "$SVC")
    expect_error 6 RW4005
    expect_cause "$1"
    expect_state "$name is on: $CONTROL; not on: $WORKER; $2"
    expect_no_result
    expect_equal "$(node_digest "$CONTROL" "$name")" "$(engine_digest "$SVC:dev")" "digest on $CONTROL"
    eventually 60 nothing_stays "$CONTROL"
}

expect_on_none() { # CODE CAUSE STATE: of a push to one
    expect_error 3 "$1"
    expect_cause "$2"
    expect_state "$(content_name "$SVC") is on: none; not on: $CONTROL; $3"
    expect_no_result
}

# How containerd goes away: ctr outwaits the first two, and then gives its lease back by itself.
CONTAINERD_FAULTS=('systemctl restart containerd' 'pkill -KILL -x containerd'
    'systemctl stop containerd; sleep 6; systemctl start containerd')

test_nodes_containerd_begins_anew_in_the_only_one() {
    local fault name
    standalone_nodes 1
    for fault in "${CONTAINERD_FAULTS[@]}"; do
        build_text "$fault"
        name=$(content_name "$SVC")
        start_slow_push
        docker exec "$CONTROL" sh -c "$fault"
        await_rwml push
        expect_on_none RW4003 'ctr: ' 'no import is left running'
        standalone_wait "$CONTROL"
        ! node_has "$CONTROL" "$name" || fail "$CONTROL has $name"
        expect_mended
    done
}

test_nodes_containerd_begins_anew_in_one_of_two() {
    local fault
    standalone_nodes 2
    for fault in "${CONTAINERD_FAULTS[@]}"; do
        build_text "$fault"
        start_slow_push
        docker exec "$WORKER" sh -c "$fault"
        await_rwml push
        expect_only_on_control "node $WORKER cannot import the image: .*ctr: " 'no import is left running'
        expect_mended
    done
}

# Without a chance to give back what it holds. Where the script is left, it does that.
test_nodes_an_import_is_killed() {
    standalone_nodes 1
    build_text 'ctr is killed'
    start_slow_push
    docker exec "$CONTROL" pkill -KILL -f '^ctr .*images import'
    await_rwml push
    expect_on_none RW4003 Killed 'no import is left running'
    eventually 60 nothing_stays "$CONTROL"
    expect_mended
    build_text 'all of it is killed'
    start_slow_push
    docker exec "$CONTROL" pkill -KILL -f 'images import'
    await_rwml push
    expect_on_none RW4003 'it said nothing about why' 'no import is left running'
    [ -n "$(held_in "$CONTROL")" ] || fail "nothing stayed: there is nothing to give back"
    expect_mended
}

# Whose a lease is nobody can tell where two were made at the time of the import: then both stay, for a day.
test_nodes_leases_of_others_stay() {
    standalone_nodes 1
    docker exec "$CONTROL" ctr -n k8s.io leases create --id before >/dev/null
    build_text 'all of it is killed'
    start_slow_push
    docker exec "$CONTROL" ctr -n k8s.io leases create --id others >/dev/null
    docker exec "$CONTROL" ctr -n k8s.io leases create >/dev/null
    docker exec "$CONTROL" pkill -KILL -f 'images import'
    await_rwml push
    expect_on_none RW4003 'it said nothing about why' 'no import is left running'
    rwml push && expect_ok
    expect_equal "$(docker exec "$CONTROL" ctr -n k8s.io leases ls -q | grep -cE '^(before|others)$')" 2 'leases of others'
    expect_equal "$(docker exec "$CONTROL" ctr -n k8s.io leases ls -q | wc -l)" 4 'leases, of which nobody knows whose two are'
}

test_nodes_rwml_is_killed() {
    local node
    standalone_nodes 2
    build_text 'rwml is killed'
    start_slow_push
    kill -KILL "$PID"
    wait "$PID" || true
    for node in "$CONTROL" "$WORKER"; do
        eventually 60 nothing_stays "$node"
        ! node_has "$node" "$(content_name "$SVC")" || fail "$node has half an image"
    done
    expect_mended
}

test_nodes_paused_before_a_push() {
    standalone_nodes 2
    docker pause "$WORKER" >/dev/null
    rwml push
    expect_only_on_control "node $WORKER is not running: its container is paused" 'no import is left running'
    expect_next "docker unpause $WORKER"
    docker unpause "$WORKER" >/dev/null
    expect_mended
    docker rm -fv "$WORKER" >/dev/null
    build_text 'second text'
    docker pause "$CONTROL" >/dev/null
    rwml push
    expect_on_none RW4002 'its container is paused' 'no import is left running'
    expect_next "docker unpause $CONTROL"
    docker unpause "$CONTROL" >/dev/null
    expect_mended
}

# What the node was given ends when it goes on.
test_nodes_paused_in_the_midst_of_a_push() {
    standalone_nodes 2
    start_slow_push
    docker pause "$WORKER" >/dev/null
    await_rwml push
    expect_only_on_control "node $WORKER is not running: its container is paused" 'an import may still run there'
    expect_next "docker unpause $WORKER"
    docker unpause "$WORKER" >/dev/null
    eventually 60 nothing_stays "$WORKER"
    expect_mended
    docker rm -fv "$WORKER" >/dev/null
    build_text 'second text'
    start_slow_push
    docker pause "$CONTROL" >/dev/null
    await_rwml push
    expect_on_none RW4002 'its container is paused' 'an import may still run there'
    expect_next "docker unpause $CONTROL"
    docker unpause "$CONTROL" >/dev/null
    eventually 60 nothing_stays "$CONTROL"
    expect_mended
}

test_nodes_gone_in_the_midst_of_a_push() {
    standalone_nodes 2
    start_slow_push
    docker kill "$WORKER" >/dev/null
    await_rwml push
    expect_only_on_control "node $WORKER is not running: its container is exited" 'no import is left running'
    expect_next "docker start $WORKER"
    docker start "$WORKER" >/dev/null
    expect_mended
    build_text 'second text'
    start_slow_push
    docker rm -fv "$WORKER" >/dev/null
    await_rwml push
    expect_only_on_control "node $WORKER is not running: its container is gone" 'no import is left running'
    expect_mended
}
