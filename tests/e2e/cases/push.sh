# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# rwml push: every node, proved; half an image is none.

test_push_before_build() {
    new_pulse
    remember_state
    rwml push
    expect_only_error 3 RW4101
    expect_line "$SVC:dev"
    expect_state 'no node was changed'
    expect_next "rwml build $SVC"
    expect_same_state
}

test_push_reaches_every_node() {
    local node name digest
    new_pulse
    rwml build && expect_ok
    rwml push
    expect_ok
    name=$(content_name "$SVC")
    digest=$(engine_digest "$SVC:dev")
    expect_result "$name is on $(nodes | wc -l) of $(nodes | wc -l) nodes"
    for node in $(nodes); do
        node_has "$node" "$name" || fail "$node lacks $name"
        node_has "$node" "$SVC:dev" || fail "$node lacks $SVC:dev"
        expect_equal "$(node_digest "$node" "$name")" "$digest" "digest on $node"
    done
    remember_state
    rwml push
    expect_ok
    expect_result 'nothing to send'
    expect_same_state
}

test_push_mends_one_node() {
    local node name
    new_pulse
    rwml build && expect_ok
    rwml push && expect_ok
    name=$(content_name "$SVC")
    node=$(nodes | tail -1)
    docker exec "$node" crictl rmi "$name" >/dev/null
    ! node_has "$node" "$name" || fail "the image is still there"
    rwml push
    expect_ok
    node_has "$node" "$name" || fail "$node lacks $name"
}

test_push_name_that_was_lost() {
    local node name
    new_pulse
    rwml build && expect_ok
    rwml push && expect_ok
    name=$(content_name "$SVC")
    node=$(nodes | tail -1)
    docker exec "$node" ctr -n k8s.io images rm "docker.io/library/$name" >/dev/null
    rwml push
    expect_ok
    expect_line "$node: [0-9.]* KB "
    node_has "$node" "$name" || fail "$node lacks $name"
}

test_push_old_names_stay() {
    local old node
    new_pulse
    rwml build && expect_ok
    rwml push && expect_ok
    old=$(content_name "$SVC")
    set_message 'another text'
    rwml build && expect_ok
    rwml push && expect_ok
    for node in $(nodes); do
        node_has "$node" "$old" || fail "$node has lost $old"
        expect_equal "$(node_digest "$node" "$SVC:dev")" "$(engine_digest "$SVC:dev")"
    done
}

# What each phase took adds up to the whole, and what the text tells of nodes programs get as fields.
test_push_told_to_programs() {
    local name digest
    new_pulse
    rwml build && expect_ok
    rwml push -o json --timings
    expect_ok
    name=$(content_name "$SVC") digest=$(engine_digest "$SVC:dev")
    jq -se --arg nodes "$(nodes | sort)" '[.[] | select(.outcome == "got" and .bytes > 0) | .node] | sort | join("\n") == $nodes' \
        "$T/out" >/dev/null || fail "not every node is told as a field"
    jq -se --arg name "$name" --arg digest "$digest" --argjson count "$(nodes | wc -l)" '.[] | select(.event == "result") |
        .image == $name and .digest == $digest and .built == $digest and .nodes == $count' "$T/out" >/dev/null ||
        fail "the result is not told as fields"
    jq -se '[.[] | select(.event == "timing" and .service)] | map(select(.stage != "time").ms) as $parts |
        (.[] | select(.stage == "time").ms) == ($parts | add) and ($parts | length) > 2' "$T/out" >/dev/null ||
        fail "the phases do not add up"
    rwml push --timings
    expect_ok
    expect_line "^$SVC push    asking the nodes  [0-9.]* s$"
    expect_line "^$SVC time    in all  [0-9.]* s$"
    expect_line '^run     finding engine and cluster  [0-9.]* s$'
    expect_result 'nothing to send'
}
