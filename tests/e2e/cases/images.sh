# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Old images on the nodes: what goes, what stays, and that nobody else's is touched.

tag_in_nodes() { # NAME NEW-NAME: as somebody else would
    local node
    for node in $(nodes); do
        docker exec "$node" ctr -n k8s.io images tag "docker.io/library/$1" "docker.io/library/$2" >/dev/null
    done
}

# Content that a node does not hold any more is free: its blob, its snapshot, and CRI's record of it.
test_images_leave_nothing_behind() {
    local node digest
    NAMES=()
    new_pulse
    no_rollback
    no_pods
    deploy_texts 1
    digest=$(engine_digest "$SVC:dev")
    deploy_texts 1
    eventually 60 one_revision_is_left
    rwml images --prune --keep 1 && expect_ok
    expect_names "${NAMES[1]}"
    for node in $(nodes); do
        ! docker exec "$node" ctr -n k8s.io images ls -q | grep -F "$digest" || fail "$node has a record of it"
        eventually 60 blob_is_gone "$node" "$digest"
    done
}

blob_is_gone() { ! docker exec "$1" ctr -n k8s.io content ls -q | grep -F "$2" >/dev/null; } # NODE DIGEST

# An image that is used, by whatever, stays; so does one with a name that somebody else gave.
test_images_used_ones_stay() {
    NAMES=()
    new_pulse
    no_pods
    deploy_texts 1 # its ReplicaSet has 0 replicas, and is kept for a rollback
    no_rollback_from_here
    push_texts 4
    kube create namespace "$NS-b" >/dev/null
    finally kube delete namespace "$NS-b" --wait=false
    # A pod of another namespace that never starts, and one that somebody has named by its id.
    kube -n "$NS-b" run pending --image "${NAMES[1]}" --image-pull-policy Never --restart Never \
        --overrides '{"spec": {"nodeSelector": {"no": "node"}}}' >/dev/null
    kube -n "$NS-b" create cronjob sleeping --image "${NAMES[2]}" --schedule '0 0 1 1 *' >/dev/null
    tag_in_nodes "${NAMES[3]}" "$SVC:mine"
    push_texts 1
    remember_state
    rwml images --prune --dry-run --keep 1
    expect_ok
    expect_result "${NAMES[0]} .*stays .*ReplicaSet $NS/$SVC-"
    expect_result "${NAMES[1]} .*stays .*Pod $NS-b/pending"
    expect_result "${NAMES[2]} .*stays .*CronJob $NS-b/sleeping"
    expect_result "${NAMES[3]} .*stays .*also called docker.io/library/$SVC:mine"
    expect_result "${NAMES[4]} .*would go"
    expect_result "${NAMES[5]} .*stays .*$SVC:dev now"
    expect_result '1 of 6 images would go'
    expect_same_state
    rwml images --prune --keep 1
    expect_ok
    expect_result "${NAMES[4]} .*removed"
    expect_result '1 of 6 images removed'
    unset 'NAMES[4]'
    expect_names "${NAMES[@]}"
}

# The Deployment is told to run something else, so that its first ReplicaSet alone uses the first image.
no_rollback_from_here() {
    kube -n "$NS" set image "deployment/$SVC" "pulse=elsewhere.example/none:1" >/dev/null
    eventually 60 first_is_history
}

first_is_history() { [ "$(kube -n "$NS" get replicasets -o name | wc -l)" = 2 ]; }

# Images that are called like rwml's, by digits that are not theirs, and those of another workspace.
test_images_of_others_stay() {
    local alike other node
    NAMES=()
    new_pulse
    no_rollback
    no_pods
    alike=$SVC:dev-0123456789ab
    push_texts 3
    other=$SVC-x:dev-${NAMES[1]##*-}
    rename_in_nodes "${NAMES[0]}" "$alike"
    rename_in_nodes "${NAMES[1]}" "$other"
    deploy_texts 2
    expect_names "$alike" "${NAMES[@]:2}"
    eventually 60 one_revision_is_left
    rwml images --prune --keep 1
    expect_ok
    expect_result '2 of 3 images removed'
    expect_names "$alike" "${NAMES[4]}"
    for node in $(nodes); do node_has "$node" "$other" || fail "$node has lost $other"; done
}

rename_in_nodes() { # NAME NEW-NAME: of an image that has this one name
    local node
    tag_in_nodes "$1" "$2"
    for node in $(nodes); do
        docker exec "$node" ctr -n k8s.io images rm "docker.io/library/$1" >/dev/null
        eventually 60 node_has "$node" "$2"
    done
}

# What the pods run is used: a rollout that is not good removes nothing.
test_images_stay_when_a_rollout_fails() {
    NAMES=()
    new_pulse
    no_rollback
    deploy_texts 1 --keep 1
    push_texts 2
    set_message crash
    sed -i "s|^\( *\)  image: .*|&\n\1  command: [/nothing]|" "$MANIFEST"
    rwml up --settle 0 --timeout 30s --keep 1
    expect_exit 1 5
    expect_names "${NAMES[@]}" "$(content_name "$SVC")"
}
