# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Where a large layer changed, only its changed files travel: see trees_workspace.

# The small service as a Python image whose one large layer holds each case of tests/data/tree: the old
# tree, or the new one.
trees_workspace() {
    new_pulse
    mkdir -p cases
    cp -r "$CHECKOUT/tests/data/tree/." cases
    cp "$E2E/fixtures/trees/make.sh" "$E2E/fixtures/trees/tree.py" .
    cat >"docker/$SVC.Dockerfile" <<END
FROM python:3.12-slim-bookworm
LABEL rwml.e2e=1
COPY tree.py /
COPY version /
RUN --mount=type=bind,target=/context sh /context/make.sh /context/cases "\$(cat /version)"
WORKDIR /trees
USER 1000
ENV WORDS="two words" EMPTY=
ENTRYPOINT ["python3", "-c", "import time; time.sleep(100000)"]
CMD ["argument"]
END
    printf '%s\n' '*' '!cases' '!make.sh' '!tree.py' '!version' >.dockerignore
    sed -i 's|^\( *\)image: .*|&\n\1securityContext:\n\1  runAsUser: 0|' "$MANIFEST"
}

ship_version() { # VERSION [OPTION...]: builds and pushes it
    echo "$1" >version
    rwml build && expect_ok
    rwml push -v "${@:2}"
    expect_ok
}

deploy_and_list() { # FILE: all that the running container has
    rwml deploy --settle 0
    expect_ok
    kube -n "$NS" exec "deployment/$SVC" -- python3 /tree.py list >"$T/$1" || fail "no list of $1"
    [ "$(wc -l <"$T/$1")" -gt 5000 ] || fail "the list of $1 is short"
}

# Two edits, each verb for itself: what is deployed is what was pushed, and a second time nothing is sent.
test_files_one_verb_at_a_time() {
    one_layer_pulse
    push_text 'second text'
    expect_files_travelled
    expect_few_sent "$CLUSTER-worker"
    push_text 'third text'
    expect_files_travelled
    rwml push
    expect_ok
    expect_result "$(pushed_name "$SVC") is on 2 of 2 nodes, which is [0-9a-f]* sent as changed files, nothing to send"
    rwml deploy
    expect_ok
    expect_equal "$(running_image "$SVC")" "$SVC:dev-$(node_digest "$CLUSTER-worker" "$SVC:dev" | cut -c8-19)"
    eventually 60 log_has "$SVC" "$(cat message)"
    rwml deploy
    expect_ok
    expect_result '0 objects written'
}

# Back to what the nodes had at first: no file differs, and there is nothing to put on top.
test_files_that_are_as_before() {
    one_layer_pulse
    cp message first
    push_text 'second text'
    expect_files_travelled
    cp first message
    touch -d @1700000000 message
    rwml build && expect_ok
    rwml push -v
    expect_ok
    expect_on_every_node_as "$(pushed_name "$SVC")"
    rwml deploy
    expect_ok
    eventually 60 log_has "$SVC" "$(cat first)"
}

# Back to the very image that the others were compared with, of which only the name has to travel: it stays that.
test_files_after_going_back() {
    one_layer_pulse
    cp message first
    push_text 'second text'
    expect_files_travelled
    cp first message
    rwml build && expect_ok
    rwml push -v && expect_ok
    expect_no_line 'changed files travel'
    push_text 'third text'
    expect_files_travelled
}

expect_on_every_node_as() { # NAME
    local node
    for node in $(nodes); do node_has "$node" "$1" || fail "$node lacks $1"; done
}

# Each reason why files cannot travel is told, and the image comes.
test_files_cannot_travel() {
    local base
    one_layer_pulse
    base=$(content_name "$SVC")
    push_text 'second text' --no-file-delta
    expect_ok
    expect_no_line 'changed files travel'
    expect_on_every_node
    docker exec "$CLUSTER-worker" crictl rmi "$SVC:dev" "$base" "$(content_name "$SVC")" >/dev/null
    push_text 'third text'
    expect_ok
    expect_line 'not only changed files travel: a node lacks the image that it could be compared with'
    expect_on_every_node
    docker rmi "$(content_name "$SVC")" >/dev/null
    push_text 'fourth text'
    expect_ok
    expect_line 'not only changed files travel: the engine does not have the image any more that the nodes have'
    expect_on_every_node
}

# A node that lost what came as files gets it again, the same.
test_files_for_a_node_that_lost_them() {
    local name
    one_layer_pulse
    push_text 'second text'
    expect_files_travelled
    name=$(pushed_name "$SVC")
    docker exec "$CLUSTER-worker" crictl rmi "$name" "$SVC:dev" >/dev/null
    rwml push -v
    expect_files_travelled
    expect_equal "$(pushed_name "$SVC")" "$name"
}

# Interrupted then: the step is ended in the engine, and its names are gone.
test_files_interrupted() {
    one_layer_pulse
    set_message "second text, $(date +%s%N)"
    rwml build && expect_ok
    start_rwml push
    eventually 60 engine_compares
    end_rwml INT
    expect_error 130 RW9009
    expect_no_compare_name
    expect_no_leftovers
    rwml push -v
    expect_files_travelled
}

# Killed while the engine compares, and run again: no name stays, and the result is whole.
test_files_after_a_kill() {
    one_layer_pulse
    set_message "second text, $(date +%s%N)"
    rwml build && expect_ok
    start_rwml push
    eventually 60 engine_compares
    kill -KILL "$PID"
    CODE=0
    wait "$PID" || CODE=$?
    expect_equal "$CODE" 137 'exit code'
    expect_no_leftovers
    rwml push -v
    expect_files_travelled
}

# The name moves while the engine compares: what was asked for travels.
test_files_whose_name_moves() {
    local name
    one_layer_pulse
    set_message "other text, $(date +%s%N)"
    rwml build && expect_ok
    docker tag "$SVC:dev" "$SVC:other"
    set_message "second text, $(date +%s%N)"
    rwml build && expect_ok
    docker tag "$SVC:dev" "$SVC:second"
    start_rwml push -v
    finally "kill $PID 2>/dev/null; wait"
    eventually 60 engine_compares
    docker tag "$SVC:other" "$SVC:dev"
    await_rwml push
    expect_files_travelled
    name=$(pushed_name "$SVC")
    docker tag "$SVC:second" "$SVC:dev"
    rwml push && expect_ok
    expect_result "$name is on .*, nothing to send"
    rwml deploy
    expect_ok
    expect_equal "$(running_image "$SVC")" "$name"
    eventually 60 log_has "$SVC" "$(cat message)"
}

# What an image says besides its files, as CRI tells it.
image_spec() { # NAME
    docker exec "$CLUSTER-control-plane" crictl inspecti "$1" |
        python3 -c 'import json, sys; s = json.load(sys.stdin)["info"]["imageSpec"]; print(json.dumps([s["architecture"], s["os"], s["config"]], sort_keys=True))'
}

# The proof: the container that came as changed files has the tree that the whole image gives, for every
# kind of change that there is.
test_files_give_the_same_tree() {
    local delta_name
    trees_workspace
    ship_version old
    deploy_and_list old
    ship_version new
    expect_line "only changed files travel, as a layer on top of $SVC:dev-[0-9a-f]*"
    delta_name=$(pushed_name "$SVC")
    deploy_and_list delta
    ship_version new --no-file-delta
    expect_no_line 'only changed files'
    deploy_and_list full
    python3 "$E2E/fixtures/trees/tree.py" compare "$T/old" "$T/full" "$T/delta" || fail "the trees differ"
    [ "$delta_name" != "$(content_name "$SVC")" ] || fail "both are $delta_name"
    expect_equal "$(image_spec "$delta_name")" "$(image_spec "$(content_name "$SVC")")" "the image's configuration"
    expect_no_compare_name
}
