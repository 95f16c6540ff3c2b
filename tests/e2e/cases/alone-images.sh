# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Old images that go after a rollout, and those on a node that is out of order. Alone: everybody uses the node,
# and nobody waits long for a push of others when it is only to clear.

# The node's ctr refuses to remove images and does all else.
break_removal() { # NODE
    finally mend_removal "$1"
    # shellcheck disable=SC2016 # expands in the node
    printf '%s\n' '#!/bin/sh' 'case "$*" in *"images rm"*) echo "no removal today" >&2; exit 1 ;; esac' \
        'exec "$(which -a ctr | sed -n 2p)" "$@"' | docker exec -i "$1" sh -c 'cat >/usr/local/sbin/ctr && chmod 755 /usr/local/sbin/ctr'
}

mend_removal() { docker exec "$1" rm -f /usr/local/sbin/ctr; } # NODE

# The service runs, so it is a warning; the other node is cleared, this one when it can be.
test_images_that_cannot_be_removed() {
    local control worker
    NAMES=()
    new_pulse
    no_rollback
    no_pods
    worker=$(nodes | grep worker)
    control=$(nodes | grep control-plane)
    push_texts 1
    break_removal "$worker"
    deploy_texts 1 --keep 1
    expect_line 'warning: old images stay on the nodes: some nodes cannot be cleared of old images: .*no removal today'
    expect_equal "$(content_names "$control")" "${NAMES[1]}" "content names on $control"
    expect_equal "$(content_names "$worker")" "$(printf '%s\n' "${NAMES[@]}" | sort)" "content names on $worker"
    rwml images --prune --keep 1
    expect_error 6 RW4005
    expect_cause 'no removal today'
    expect_result "${NAMES[0]} .*not removed everywhere"
    mend_removal "$worker"
    deploy_texts 1
    expect_no_line 'warning'
    eventually 60 one_revision_is_left
    rwml images --prune --keep 1
    expect_ok
    expect_names "${NAMES[2]}"
}

test_images_of_a_stopped_node() {
    local control worker
    NAMES=()
    new_pulse
    no_rollback
    no_pods
    worker=$(nodes | grep worker)
    control=$(nodes | grep control-plane)
    push_texts 2
    finally "docker unpause '$worker' 2>/dev/null"
    docker pause "$worker" >/dev/null
    rwml images --prune --keep 1
    docker unpause "$worker" >/dev/null
    expect_error 6 RW4005
    expect_cause "$worker is not running"
    expect_state "done on: $control; not on: $worker"
    expect_result "${NAMES[0]} .*removed"
    expect_equal "$(content_names "$control")" "${NAMES[1]}" "content names on $control"
    expect_equal "$(content_names "$worker")" "$(printf '%s\n' "${NAMES[@]}" | sort)" "content names on $worker"
    rwml images --prune --keep 1
    expect_ok
    expect_names "${NAMES[1]}"
}

test_images_old_ones_go() {
    NAMES=()
    new_pulse
    no_rollback
    no_pods
    deploy_texts 5
    expect_line '1 old image removed'
    expect_names "${NAMES[@]:2}"
    remember_state
    rwml up --settle 0 --keep 1 -v # nothing is written, so nobody is asked
    expect_ok
    expect_no_line '^images '
    expect_same_state
    eventually 60 one_revision_is_left
    deploy_texts 1 --keep 2
    expect_line '2 old images removed'
    expect_names "${NAMES[@]:4}"
    eventually 60 one_revision_is_left
    rwml images --prune --keep 1
    expect_ok
    rwml images -o json
    expect_ok
    jq -es --arg name "${NAMES[5]}" '[.[] | select(.event == "image")] | length == 1 and
        (.[0] | .image == $name and .verdict == "stays" and (.nodes | length == 2) and .size > 0)' "$T/out" >/dev/null ||
        fail "not the one image"
}

# Old images that came as changed files go as others do; also the one that the later ones were compared with
# and lie on, whose layers stay as long as one of these does.
test_files_old_ones_go() {
    local i names=()
    one_layer_pulse
    no_rollback
    rwml deploy --settle 0
    expect_ok
    names=("$(content_name "$SVC")")
    for i in 2 3 4 5; do
        set_message "text $i, $(date +%s%N)"
        rwml up -v --settle 0
        expect_files_travelled
        names+=("$(pushed_name "$SVC")")
    done
    expect_line '1 old image removed'
    expect_names "${names[@]:2}"
    expect_equal "$(running_image "$SVC")" "${names[4]}"
    for i in 6 7 8; do
        push_text "text $i"
        expect_files_travelled
        names+=("$(pushed_name "$SVC")")
    done
    rwml images --prune # the newest 3, and what runs
    expect_ok
    expect_result "${names[2]} .*removed"
    expect_result "${names[3]} .*removed"
    expect_result "${names[4]} .*stays .*$SVC"
    expect_result '2 of 6 images removed'
    expect_names "${names[@]:4}"
    kube -n "$NS" delete pod --all --wait >/dev/null # what stays can be started
    eventually 60 log_has "$SVC" 'text 5,'
    push_text 'text 9'
    expect_files_travelled
    rwml deploy --settle 0
    expect_ok
    eventually 60 log_has "$SVC" "$(cat message)"
    eventually 60 settled # the pod of before uses an image to its end
    rwml images --prune --keep 1
    expect_ok
    expect_names "$(running_image "$SVC")"
    push_text 'text 10' # on the base, of which only the layers are left
    expect_files_travelled
}
