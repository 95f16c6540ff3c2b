# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Following a rollout: what fails, how soon, and what is said about it.

ready_pods() { kube -n "$NS" get pods -o json | jq -c '[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True")) | .metadata.uid]'; }

# The budget: two restarts, or twenty seconds since the first crash. A second more is what times
# in whole seconds may lose; the rest, of the pod's age, is its first start and the last look at it.
expect_budget() {
    local restarts age
    read -r restarts age < <(sed -n 's/^error\[RW6103\]: .*, \([0-9]*\) restarts\{0,1\} in \([0-9]*\) s).*/\1 \2/p' "$T/err")
    [ "$restarts" = 2 ] || { [ "$restarts" -lt 2 ] && [ "$age" -ge 19 ]; } ||
        fail "given up after $restarts restarts in $age s"
    [ "$age" -le 30 ] || fail "given up after $age s only"
}

first_version() { # one that works and serves: OLD are its pods
    "$@"
    rwml up --settle 0
    expect_ok
    OLD=$(ready_pods)
    remember_others
}

expect_old_pods_serve() { # and nothing else has changed
    expect_state 'new version applied; old pods still serve (1 ready)'
    expect_next "rwml rollback $SVC   (back to the old version)"
    expect_equal "$(ready_pods)" "$OLD" 'the pods that serve'
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")" 'the image that is applied'
    ! out_has ' deploy ' || fail "a result of deploy was told"
    expect_others_same
}

test_rollout_pod_that_crashes_at_start() {
    first_version python_service 'import time' 'print("I serve")' 'time.sleep(3600)'
    printf '%s\n' 'import os' '' 'print("before")' 'print(os.environ["DATABASE_URL"])' >app/main.py
    rwml up
    expect_error 1 RW6103
    expect_budget
    expect_line "Deployment $NS/$SVC"
    expect_cause "KeyError: 'DATABASE_URL'"
    expect_cause 'main.py:4'
    expect_line '| .*before'
    expect_next "kubectl -n $NS logs $SVC-"
    expect_old_pods_serve
}

test_rollout_program_that_just_ends() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [leave]|' "$MANIFEST"
    rwml up
    expect_error 1 RW6103
    expect_budget
    expect_line 'exit 0'
    expect_state 'new version applied; no pod serves'
}

test_rollout_image_that_cannot_start() {
    first_version new_pulse
    sed -i 's|/pulse"|/not-there"|' "docker/$SVC.Dockerfile"
    rwml up
    expect_error 1 RW6101
    expect_long_before_timeout
    expect_cause 'not-there'
    expect_old_pods_serve
}

test_rollout_program_for_another_machine() {
    first_version new_pulse
    head -c 4096 /dev/urandom >pulse
    rwml up
    [ "$(error_codes)" != RW6103 ] || expect_budget # where the runtime starts what cannot be run
    expect_error 1 "$(error_codes)"
    [[ $(error_codes) =~ ^RW610[13]$ ]] || fail "another error"
    expect_cause 'exec format error'
    expect_old_pods_serve
}

test_rollout_key_that_the_configmap_lacks() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  env:\n\1    - name: A\n\1      valueFrom: {configMapKeyRef: {name: settings, key: missing}}|' "$MANIFEST"
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: %s}\ndata: {present: x}\n' "$NS" \
        >"manifests/dev/$SVC/settings.yaml"
    rwml up
    expect_error 2 RW5003
    expect_line missing
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'key: missing'):"
}

never_ready() {
    sed -i 's|^\( *\)  image: .*|&\n\1  readinessProbe: {exec: {command: [/pulse, refuse]}, periodSeconds: 1}|' "$MANIFEST"
}

test_rollout_that_never_gets_ready() {
    new_pulse
    never_ready
    rwml up --timeout 20s
    expect_error 5 RW6203
    expect_within 60000
    expect_cause 'not yet'
    expect_state 'applied'
}

test_rollout_that_fits_nowhere() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  resources: {requests: {cpu: 900}}|' "$MANIFEST"
    rwml up --timeout 15s
    expect_error 5 RW6202
    expect_cause 'its pod requests cpu 900: .*Insufficient cpu'
}

test_rollout_pod_that_quota_forbids() {
    new_pulse
    allow_none_of pods
    rwml up --timeout 30s
    expect_error 1 RW6105
    expect_cause quota
}

test_rollout_interrupted() {
    first_version new_pulse
    never_ready
    set_message "second text of $SVC"
    start_rwml up
    eventually 60 is_applied
    end_rwml INT
    expect_error 130 RW9009
    expect_within 10000
    expect_state 'the new version is applied; its rollout goes on in the cluster'
    ! out_has ' deploy ' || fail "a result of deploy was told"
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")" 'the image that is applied'
    expect_equal "$(ready_pods)" "$OLD" 'the pods that serve'
    expect_others_same
}

test_rollout_interrupted_with_one_of_two_services_done() {
    new_pulse
    second_service
    sed -i 's|^\( *\)  image: .*|&\n\1  readinessProbe: {exec: {command: [/pulse, refuse]}, periodSeconds: 1}|' \
        "manifests/dev/$SVC-b/$SVC-b.yaml"
    remember_others
    start_rwml up --settle 0
    eventually 60 out_has "^$SVC  *deploy "
    eventually 60 err_has "^$SVC-b  *deploy  *Deployment $NS/$SVC-b created"
    end_rwml INT
    expect_error 130 RW6302 RW9009
    expect_within 10000
    expect_state "done: $SVC; not done: $SVC-b"
    expect_state 'the new version is applied; its rollout goes on in the cluster'
    expect_next "rwml up $SVC-b"
    ! out_has "^$SVC-b  *deploy " || fail "a result of the second service was told"
    log_has "$SVC" 'first text' || fail "the first service does not run"
    expect_others_same
}

is_applied() { # beside the first version's pod there is another one
    kube -n "$NS" get pods -o json 2>/dev/null | jq -e '.items | length == 2' >/dev/null
}

test_rollout_ready_has_to_last() {
    local began
    new_pulse
    began=$(date +%s)
    rwml up --settle 4s
    expect_ok
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o 'jsonpath={.spec.minReadySeconds}')" 4 minReadySeconds
    [ $(($(date +%s) - began)) -ge 4 ] || fail "settled in less than 4 s"
}

test_rollout_pod_that_crashes_after_a_while() {
    python_service 'import sys, time' 'time.sleep(3)' 'sys.exit("I give up")'
    rwml up --settle 8s
    expect_error 1 RW6103
    expect_long_before_timeout
    expect_cause 'I give up'
}

test_rollout_of_one_of_two_services() {
    new_pulse
    second_service
    sed -i 's|/pulse"|/not-there"|' "docker/$SVC-b.Dockerfile"
    rwml up --settle 0
    expect_error 6 RW6101 RW6302
    expect_state "done: $SVC; not done: $SVC-b"
    expect_next "rwml up $SVC-b"
    eventually 60 log_has "$SVC" 'first text'
}
