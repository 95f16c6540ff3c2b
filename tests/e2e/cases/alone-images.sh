# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Old images on a node that is out of order. Alone, since everybody uses the node.

# The node's ctr refuses to remove images and does all else.
break_removal() { # NODE
    finally mend_removal "$1"
    # shellcheck disable=SC2016 # expands in the node
    printf '%s\n' '#!/bin/sh' 'case "$*" in *"images rm"*) echo "no removal today" >&2; exit 1 ;; esac' \
        'exec "$(which -a ctr | sed -n 2p)" "$@"' | docker exec -i "$1" sh -c 'cat >/usr/local/sbin/ctr && chmod 755 /usr/local/sbin/ctr'
}

mend_removal() { docker exec "$1" rm -f /usr/local/sbin/ctr; } # NODE

# The service runs, so it is a warning; the other node is cleared, this one after the next rollout.
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
    deploy_texts 1 --keep 1
    expect_no_line 'warning'
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
