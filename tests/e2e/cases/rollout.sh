# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Following a rollout: what fails, how soon, and what is said about it.

# A Python service, since what is said about Python's own words is part of it.
python_service() { # LINE...: the program
    new_pulse
    mkdir -p app
    printf '%s\n' "$@" >app/main.py
    printf '*\n!app\n' >.dockerignore
    printf '%s\n' "FROM $PYTHON_IMAGE" "LABEL $IMAGE_LABEL=1" 'COPY app /app' 'CMD ["python", "-u", "/app/main.py"]' \
        >"docker/$SVC.Dockerfile"
}

ready_pods() { kube -n "$NS" get pods -o json | jq -c '[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True")) | .metadata.uid]'; }

test_rollout_pod_that_crashes_at_start() {
    local old
    python_service 'import time' 'print("I serve")' 'time.sleep(3600)'
    rwml up --settle 0
    expect_ok
    old=$(ready_pods)
    printf '%s\n' 'import os' '' 'print("before")' 'print(os.environ["DATABASE_URL"])' >app/main.py
    rwml up
    expect_error 1 RW6103
    expect_within 60000
    expect_line "Deployment $NS/$SVC"
    expect_cause "KeyError: 'DATABASE_URL'"
    expect_cause 'main.py:4'
    expect_state 'old pods still serve'
    expect_line '| .*before'
    expect_next 'kubectl'
    expect_equal "$(ready_pods)" "$old" 'the pods that serve'
    ! grep -q ' deploy ' "$T/out" || fail "a result of deploy was told"
}

test_rollout_program_that_just_ends() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [leave]|' "$MANIFEST"
    rwml up
    expect_error 1 RW6103
    expect_within 60000
    expect_line 'exit 0'
}

test_rollout_image_that_cannot_start() {
    new_pulse
    sed -i 's|/pulse"|/not-there"|' "docker/$SVC.Dockerfile"
    rwml up
    expect_error 1 RW6101
    expect_within 45000
    expect_cause 'not-there'
    expect_state 'applied'
}

test_rollout_program_for_another_machine() {
    new_pulse
    head -c 4096 /dev/urandom >pulse
    rwml up
    expect_exit 1
    expect_form
    expect_within 60000
    expect_line '^error\[RW610[13]\]'
    expect_cause 'exec format error'
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
    rwml up --timeout 8s
    expect_error 5 RW6203
    expect_within 30000
    expect_cause 'not yet'
    expect_state 'applied'
}

test_rollout_that_fits_nowhere() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  resources: {requests: {cpu: 900}}|' "$MANIFEST"
    rwml up --timeout 5s
    expect_error 5 RW6202
    expect_cause 'Insufficient cpu'
}

test_rollout_pod_that_quota_forbids() {
    new_pulse
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create quota none --hard=pods=0 >/dev/null
    sleep 1
    rwml up --timeout 30s
    expect_error 1 RW6105
    expect_cause quota
}

test_rollout_interrupted() {
    new_pulse
    never_ready
    start_rwml up
    eventually 60 is_applied
    end_rwml INT
    [ "$CODE" = 130 ] || fail "exit $CODE, not 130"
    expect_within 5000
    expect_state 'the new version is applied; its rollout goes on in the cluster'
    expect_no_leftovers
}

is_applied() { kube -n "$NS" get pods -o json 2>/dev/null | jq -e '.items | length > 0' >/dev/null; }

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
    expect_within 60000
    expect_cause 'I give up'
}

test_rollout_of_one_of_two_services() {
    new_pulse
    cp "docker/$SVC.Dockerfile" "docker/$SVC-b.Dockerfile"
    cp -r "manifests/dev/$SVC" "manifests/dev/$SVC-b"
    rename_in "manifests/dev/$SVC-b" "$SVC" "$SVC-b"
    sed -i 's|/pulse"|/not-there"|' "docker/$SVC-b.Dockerfile"
    rwml up --settle 0
    expect_error 6 RW6101 RW6302
    expect_state "done: $SVC; not done: $SVC-b"
    expect_next "rwml up $SVC-b"
    eventually 20 log_has "$SVC" 'first text'
}
