# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# rwml restart, rwml rollback, and --rollback-on-failure.

restarted_at() {
    kube -n "$NS" get deployment "$SVC" -o json |
        jq -r '.spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"] // ""'
}
pods_of() { kube -n "$NS" get pods -o json | jq -c '[.items[] | select(.metadata.deletionTimestamp | not) | .metadata.uid] | sort'; }

# The next deploy neither takes the restart back nor finds another's field in its way.
test_revisions_restart() {
    local pods at
    new_pulse
    rwml up --settle 0
    expect_ok
    pods=$(pods_of)
    rwml restart --settle 0
    expect_ok
    expect_result 'restarted, ready and settled'
    [ "$(pods_of)" != "$pods" ] || fail "the same pods run"
    at=$(restarted_at)
    [ -n "$at" ] || fail "no time of a restart"
    eventually 60 settled
    pods=$(pods_of)
    rwml deploy --settle 0
    expect_ok
    expect_result '0 objects written'
    expect_equal "$(restarted_at)" "$at" 'time of the restart'
    expect_equal "$(pods_of)" "$pods" pods
}

test_revisions_restart_of_what_was_never_deployed() {
    new_pulse
    rwml restart
    expect_only_error 2 RW5404
    expect_next "rwml deploy $SVC"
}

test_revisions_rollback() {
    local old new
    new_pulse
    rwml up --settle 0
    expect_ok
    old=$(running_image "$SVC")
    set_message "second text of $SVC"
    rwml up --settle 0
    expect_ok
    new=$(running_image "$SVC")
    eventually 60 versions_are_quiet
    rwml rollback --dry-run
    expect_ok
    expect_result "Deployment $NS/$SVC would go back to revision 1 ($old)"
    rwml rollback --dry-run -o json
    expect_ok
    jq -se --arg object "Deployment $NS/$SVC" --arg image "$old" 'any(.[]; .object == $object and
        .action == "rolled back" and .revision == 1 and .image == $image)' "$T/out" >/dev/null || fail "not told as JSON"
    expect_quiet
    rwml rollback --settle 0
    expect_ok
    expect_result "the next rwml deploy $SVC applies the manifests again"
    expect_equal "$(running_image "$SVC")" "$old" image
    eventually 60 log_has "$SVC" "first text of $SVC"
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$new" image
    rwml deploy --settle 0
    expect_ok
    expect_result '0 objects written'
}

test_revisions_rollback_without_a_history() {
    new_pulse
    rwml up --settle 0
    expect_ok
    remember_state
    rwml rollback
    expect_error 4 RW5405
    expect_no_result
    expect_same_state
}

test_revisions_rollback_to_an_image_that_is_gone() {
    local old node
    new_pulse
    rwml up --settle 0
    expect_ok
    old=$(content_name "$SVC")
    set_message "second text of $SVC"
    rwml up --settle 0
    expect_ok
    eventually 60 settled
    node=$(nodes | head -1)
    docker exec "$node" ctr -n k8s.io images rm --sync "docker.io/library/$old" >/dev/null
    remember_state
    rwml rollback
    expect_error 3 RW4102
    expect_line "$old is gone"
    expect_cause "$node"
    expect_same_state
}

test_revisions_return_after_a_failure() {
    local old
    new_pulse
    rwml up --settle 0
    expect_ok
    old=$(running_image "$SVC")
    set_message "second text of $SVC"
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    rwml up --rollback-on-failure
    expect_error 1 RW6103
    expect_state "rolled back: Deployment $NS/$SVC to revision 1 ($old), ready and settled"
    expect_equal "$(running_image "$SVC")" "$old" image
    sed -i '/args: .refuse/d' "$MANIFEST"
    rwml up --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")" image
}

# The revision before the newest is a failed one, too; what the error calls the old version still serves.
test_revisions_rollback_after_two_failures() {
    local old
    new_pulse
    rwml up --settle 0
    expect_ok
    old=$(running_image "$SVC")
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    for text in second third; do
        set_message "$text text of $SVC"
        rwml up --timeout 12s
        expect_line "rwml rollback $SVC   (back to the old version)"
    done
    rwml rollback --settle 0
    expect_ok
    expect_line "Deployment $NS/$SVC goes back to revision 1 ($old)"
    expect_equal "$(running_image "$SVC")" "$old" image
}

test_revisions_first_deploy_has_nothing_to_return_to() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    rwml up --rollback-on-failure
    expect_error 1 RW6103
    expect_state 'there is nothing to roll back to'
}

# As a kustomization's generator names them: each content has a ConfigMap of its own, which the revision before
# still needs, and the one before that does not.
test_revisions_rollback_to_an_older_config() {
    local old
    new_pulse
    config_of_content 1
    rwml up --settle 0
    expect_ok
    config_of_content 2
    rwml up --settle 0
    expect_ok
    expect_line "ConfigMap $NS/settings-1 has left the manifests and stays, as long as rwml rollback returns to pods that need it"
    config_of_content 3
    rwml diff --settle 0
    expect_result "ConfigMap $NS/settings-1 would be removed"
    expect_line "ConfigMap $NS/settings-2 has left the manifests and stays"
    rwml up --settle 0
    expect_ok
    eventually 60 is_gone configmap/settings-1
    expect_there configmap/settings-2
    rwml rollback --settle 0
    expect_ok
    expect_equal "$(config_of_pods)" settings-2 'ConfigMap of the pods'
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(config_of_pods)" settings-3 'ConfigMap of the pods'
    kube -n "$NS" delete configmap settings-2 >/dev/null
    eventually 60 settled
    remember_state
    rwml rollback
    expect_error 2 RW5003
    expect_line "can't go back: ConfigMap $NS/settings-2 is gone"
    expect_same_state
}

config_of_content() { # NUMBER
    rm -f "manifests/dev/$SVC"/settings-*.yaml
    add_config "settings-$1" "$1"
    sed -i '/envFrom:/d' "$MANIFEST"
    sed -i "s|^\( *\)  image: .*|&\n\1  envFrom: [{configMapRef: {name: settings-$1}}]|" "$MANIFEST"
}
config_of_pods() {
    kube -n "$NS" get deployment "$SVC" -o 'jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}'
}
