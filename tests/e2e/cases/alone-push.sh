# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Pushes that don't get to their end: half an image is none, and nothing is left running. Alone,
# since imports are looked for, and ended, in the nodes that all tests use.

faulty_push() { # FAULT: a push of content that no node has, then: what it says of the nodes is so
    local node name having=0 said
    set_message "text of $SVC, cut by $1 at $(date +%s%N)"
    RWML=$RWML_FAULTY
    RWML_ENV+=(RWML_FAULT=)
    rwml build && expect_ok
    name=$(content_name "$SVC")
    RWML_ENV+=(RWML_FAULT="$1")
    rwml push
    for node in $(nodes); do
        if node_has "$node" "$name"; then
            having=$((having + 1))
            said="is on: [^;]*$node"
            expect_equal "$(node_digest "$node" "$name")" "$(engine_digest "$SVC:dev")" "digest on $node"
        else
            said="not on: [^;]*$node"
        fi
        [ "$CODE" = 0 ] || expect_state "$said"
    done
    case $having in
    0) expect_exit 3 ;;
    "$(nodes | wc -l)") expect_ok ;;
    *) expect_error 6 RW4005 ;;
    esac
    [ "$CODE" = 0 ] || expect_no_result
    expect_form
}

# One write fails, each time another one: before the import, at its beginning, and in its midst. Each
# time rwml waits a second for the reason of one that still lives.
test_push_that_is_cut() {
    local after partial=0
    need_faults
    new_pulse
    for after in 2 6 25; do
        faulty_push "net.write=$after*off->1*error(EPIPE)"
        [ "$CODE" != 6 ] || partial=$((partial + 1))
    done
    [ "$partial" = 3 ] || fail "only $partial of these cuts hit one node of several"
    eventually 60 no_session_runs
}

# Nothing can be said to the engine any more: from before the imports on, and in the midst of them;
# and then also not that their input has ended, so that only the end of rwml itself ends them.
test_push_that_is_cut_at_every_node() {
    local after
    need_faults
    new_pulse
    for after in 2 12; do
        faulty_push "net.write=$after*off->error(EPIPE)"
        expect_error 3 RW4003
        expect_state 'no import is left running'
        no_session_runs || fail "an import still runs"
    done
    faulty_push 'net.write=12*off->error(EPIPE);net.shutdown=error(EPIPE)'
    expect_error 3 RW4003
    expect_state 'an import may still run'
    eventually 60 no_session_runs
}

# Its engine ends the imports in all nodes.
test_push_that_loses_the_engine() {
    local node name
    need_faults
    new_pulse
    rwml build && expect_ok
    name=$(content_name "$SVC")
    slow_push 300
    for node in $(nodes); do docker exec "$node" pkill -9 -f '^ctr .*import'; done
    await_rwml push
    expect_error 3 RW4003
    expect_state "$name is on: none; not on: $(nodes | sed -z 's/\n\(.\)/, \1/g; s/\n//'); no import is left running"
    expect_no_result
    for node in $(nodes); do ! node_has "$node" "$name" || fail "$node has $name"; done
    eventually 60 no_session_runs
}

# A push whose import takes some forty times so long, in the background, until it runs in every node.
slow_push() { # MILLISECONDS [OPTION...]
    RWML=$RWML_FAULTY
    RWML_ENV+=(RWML_FAULT="net.write=8*off->delay($1)")
    start_rwml push "${@:2}"
    finally "kill $PID 2>/dev/null; wait"
    eventually 60 imports_run
}

test_push_interrupted() { interrupt_push INT 130; }
test_push_terminated() { interrupt_push TERM 143; }

interrupt_push() { # SIGNAL EXIT
    local node name
    need_faults
    new_pulse
    rwml build && expect_ok
    name=$(content_name "$SVC")
    remember_state
    slow_push 300
    end_rwml "$1"
    expect_error "$2" RW9009
    expect_within 10000
    no_session_runs || fail "an import still runs"
    expect_state "$name is on: none; not on: .*; no import is left running"
    expect_no_result
    for node in $(nodes); do ! node_has "$node" "$name" || fail "$node has $name"; done
    expect_same_state
}

second_workspace() { # another service's, whose image is built; SECOND is its name
    SECOND=$SVC-second
    pulse_workspace "$T/second" "$SECOND" "$NS"
    echo "text of $SECOND" >"$T/second/message"
    rwml build -C "$T/second" && expect_ok
}

start_second_push() { # behind a slow one, until it waits for that one's end; FIRST and PID
    FIRST=$PID
    mv "$T/out" "$T/first.out" && mv "$T/err" "$T/first.err"
    RWML_ENV+=(RWML_FAULT=)
    start_rwml push -C "$T/second" -o json # a line of progress is shown so, or on a terminal
    finally "kill $PID 2>/dev/null; wait"
    eventually 60 out_has 'waiting for another push to this cluster'
}

# Two imports of one new layer would wait for each other in containerd, each in the node that the
# other one was first in.
test_push_two_at_once() {
    local node
    need_faults
    new_pulse
    rwml build && expect_ok
    second_workspace
    slow_push 150
    start_second_push
    for node in $(nodes); do expect_equal "$(imports_in "$node")" 1 "$node's imports"; done
    wait "$PID" || fail "the second push failed: $(cat "$T/out")"
    wait "$FIRST" || fail "the first push failed: $(cat "$T/first.err")"
    for node in $(nodes); do
        expect_equal "$(node_digest "$node" "$(content_name "$SVC")")" "$(engine_digest "$SVC:dev")" "digest on $node"
        expect_equal "$(node_digest "$node" "$(content_name "$SECOND")")" "$(engine_digest "$SECOND:dev")" "digest on $node"
    done
}

test_push_interrupted_while_it_waits_its_turn() {
    local node
    need_faults
    new_pulse
    rwml build && expect_ok
    second_workspace
    slow_push 300
    start_second_push
    end_rwml INT
    expect_exit 130
    expect_within 10000
    jq -es --arg state "$(content_name "$SECOND") is on: none; not on: " '[.[] | select(.event == "error")]
        | length == 1 and .[0].code == "RW9009" and (.[0].state | startswith($state))' "$T/out" >/dev/null ||
        fail "not the error, or not the state"
    imports_run || fail "the first push does not go on"
    kill -INT "$FIRST"
    wait "$FIRST" || true
    eventually 60 no_session_runs
    for node in $(nodes); do ! node_has "$node" "$(content_name "$SECOND")" || fail "$node has $SECOND"; done
}

# A push that waits for its turn, with what it is to push and what the nodes have read already; this is done
# meanwhile; and its turn comes.
push_while() { # COMMAND...
    local turn
    turn=$(printf 'push to cluster %s' "$CLUSTER" | sha256sum | cut -c1-16)
    exec 8<"$SHARED/state/rwml/$turn.lock" && flock 8
    start_rwml push -v -o json 8<&-
    finally "kill $PID 2>/dev/null; wait"
    eventually 60 out_has 'waiting for another push to this cluster'
    "$@"
    exec 8<&-
    await_rwml push
}

remove_from_nodes() { # NAME...
    nodes | xargs -P 2 -I '{}' docker exec '{}' crictl --timeout 60s rmi "$@" >/dev/null
}

load_by_hand() {
    local node
    for node in $(nodes); do docker save "$SVC:dev" | docker exec -i "$node" ctr -n k8s.io images import - >/dev/null; done
}

# What another push brought while this one waited for its turn does not travel again: here all but a name.
test_push_after_another_one_brought_its_layers() {
    new_pulse
    rwml build && expect_ok
    push_while load_by_hand
    expect_ok
    jq -es '[.[] | select(.event == "step" and .node) | .bytes] | length > 0 and all(. < 50000)' "$T/out" >/dev/null ||
        fail "more than a name has travelled: $(grep '"node"' "$T/out")"
    expect_on_every_node
}

# The layers that a push was told of before it had to wait are gone when its turn comes.
test_push_whose_layers_vanish() {
    local old
    layered_pulse
    expect_ok
    old=$(content_name "$SVC")
    set_message "second text, $(date +%s%N)"
    rwml build && expect_ok
    push_while remove_from_nodes "$SVC:dev" "$old"
    expect_ok
    case $(engine_store) in # what travels instead of the layer that was taken for unpacked
    classic) out_has 'the engine exports the image' || fail "nothing had vanished" ;;
    containerd) [ "$(grep -c 'layer .*, sent' "$T/out")" = 3 ] || fail "nothing had vanished" ;;
    esac
    expect_on_every_node
    eventually 60 no_session_runs
}

# Why layers that have to wait are not kept in the node: nothing there protects them.
test_push_cannot_keep_layers_in_the_node() {
    local node text digest
    node=$(nodes | tail -1)
    text="text of $SVC"
    digest=sha256:$(echo "$text" | sha256sum | cut -d ' ' -f 1)
    echo "$text" | docker exec -i "$node" ctr -n k8s.io content ingest "$SVC"
    node_has_blob "$node" "$digest" || fail "it was not ingested"
    new_pulse
    rwml build && expect_ok
    rwml push && expect_ok
    docker exec "$node" ctr -n k8s.io images rm --sync "docker.io/library/$SVC:dev" >/dev/null # collects garbage
    ! node_has_blob "$node" "$digest" || fail "it stayed: layers could wait there"
}

# grep reads all of it: one that stops at the first hit ends the list's writer, and so the pipe, in failure.
node_has_blob() { docker exec "$1" ctr -n k8s.io content ls -q | grep -x "$2" >/dev/null; } # NODE DIGEST

# ---------------------------------------------------------------- the name moves

# Two images: what is built now, and one that the name is to mean meanwhile. FIRST is the content name of
# the first, OTHER a name of the second.
two_images() {
    OTHER=$SVC:other
    set_message "other text of $SVC, $(date +%s%N)"
    rwml build && expect_ok
    docker tag "$SVC:dev" "$OTHER"
    set_message "text of $SVC, $(date +%s%N)"
    rwml build && expect_ok
    FIRST=$(content_name "$SVC") FIRST_DIGEST=$(engine_digest "$SVC:dev")
}

expect_moved() { # no node has anything of it
    local node
    expect_exit 8
    jq -es --arg state "$FIRST is on: none; not on: " '[.[] | select(.event == "error")] | length == 1 and
        (.[0] | .code == "RW4202" and (.cause | test("was it built again meanwhile")) and (.state | startswith($state)))' \
        "$T/out" >/dev/null || fail "not the error, or not the state"
    for node in $(nodes); do ! node_has "$node" "$FIRST" || fail "$node has $FIRST"; done
    eventually 60 no_session_runs
}

expect_first() { # every node has the image that was asked for, and not the other under its names
    local node name
    for node in $(nodes); do
        for name in "$FIRST" "$SVC:dev"; do
            expect_equal "$(node_digest "$node" "$name")" "$FIRST_DIGEST" "digest of $name on $node"
        done
    done
    eventually 60 no_session_runs
}

test_push_of_an_export_whose_name_moves_before() {
    new_pulse
    push_text 'an earlier text' && expect_ok # makes the lock's file
    two_images
    push_while docker tag "$OTHER" "$SVC:dev"
    expect_moved
    rwml push && expect_ok
    expect_on_every_node
}

test_push_of_layers_whose_name_moves_before() {
    layered_pulse
    push_text 'a second text' && expect_ok
    two_images
    push_while docker tag "$OTHER" "$SVC:dev"
    expect_moved
    rwml push -v && expect_ok
    expect_line 'layer .*, reused: unpacked there'
    expect_on_every_node
}

move_in_the_midst() {
    need_faults
    slow_push 100 -v
    docker tag "$OTHER" "$SVC:dev"
    await_rwml push
    RWML_ENV+=(RWML_FAULT=)
}

test_push_of_an_export_whose_name_moves() {
    new_pulse
    two_images
    move_in_the_midst
    expect_ok
    expect_line 'the engine exports the image'
    expect_result "$FIRST is on"
    expect_first
    rwml push && expect_ok
    expect_on_every_node
}

test_push_of_layers_whose_name_moves() {
    layered_pulse
    push_text 'a second text' && expect_ok
    two_layered_images
    move_in_the_midst
    expect_ok
    expect_line 'layer .*, reused: unpacked there'
    expect_line 'layer .* KB, sent'
    expect_result "$FIRST is on"
    expect_first
    rwml push && expect_ok
    expect_on_every_node
}

# With a layer that is large enough to be in the midst of, and small enough not to make the whole travel.
two_layered_images() {
    head -c 60000 /dev/urandom | base64 >noise
    sed -i 's|^COPY message /$|COPY message noise /|' "docker/$SVC.Dockerfile"
    echo '!noise' >>.dockerignore
    two_images
}

# rwml up, quiet, in the background, until it is about to tell that it has built: the third text that it writes,
# after two into its lock.
start_up_until_built() {
    RWML=$RWML_FAULTY
    RWML_ENV+=(RWML_FAULT='fs.write=2*off->1*delay(5000)')
    start_rwml up -q --settle 0
    finally "kill $PID 2>/dev/null; wait"
    eventually 60 is_delayed
}

is_delayed() { grep -qs hrtimer_nanosleep "/proc/$PID"/task/*/wchan; }

# Between the build of rwml up and its push.
test_push_of_up_whose_name_moves() {
    need_faults
    new_pulse
    no_pods
    two_images
    set_message "third text of $SVC, $(date +%s%N)"
    remember_state
    start_up_until_built
    docker tag "$OTHER" "$SVC:dev"
    await_rwml up
    expect_error 8 RW4202
    expect_cause 'built sha256:[0-9a-f]*, got sha256:[0-9a-f]*: was it built again meanwhile?'
    expect_state 'nothing was pushed; the nodes have what they had'
    expect_next "rwml up $SVC"
    RWML_ENV+=(RWML_FAULT=)
    expect_same_state
}
