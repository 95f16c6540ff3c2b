# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Workloads that do not come up for what they are, not for what a container does: the cards of the other kinds, of
# what keeps pods from being made or placed, and of claims.

in_container() { sed -i "s|^\( *\)  image: $SVC:dev|&\n\1  $1|" "$MANIFEST"; } # LINE: of YAML
in_pod() { sed -i "s|^      containers:|      $1\n&|" "$MANIFEST"; }           # LINE
in_spec() { sed -i "s|^spec:|&\n  $1|" "$MANIFEST"; }                          # LINE

as_kind() { # DaemonSet|StatefulSet|Job
    case $1 in
    DaemonSet) sed -i 's/kind: Deployment/kind: DaemonSet/; /replicas:/d' "$MANIFEST" ;;
    StatefulSet) sed -i "s/kind: Deployment/kind: StatefulSet/; s/^spec:/&\n  serviceName: $SVC/" "$MANIFEST" ;;
    Job)
        sed -i 's/kind: Deployment/kind: Job/; s|apps/v1|batch/v1|; /replicas:/d; /selector:/,/app:/d' "$MANIFEST"
        in_pod 'restartPolicy: Never'
        ;;
    esac
}

new_job() { # LINE...: of its spec
    local line
    new_pulse
    as_kind Job
    for line; do in_spec "$line"; done
}

expect_card() { # EXIT CODE KIND STATE
    expect_error "$1" "$2"
    expect_line "^error\[$2\]: $3 $NS/"
    expect_state "$4"
    expect_next "kubectl -n $NS"
    ! out_has ' deploy ' || fail "a result of deploy was told"
}

test_workload_job_that_fails() {
    new_job 'backoffLimit: 1'
    in_container 'args: [refuse]'
    rwml up
    expect_card 1 RW6106 Job 'new version applied'
    expect_line 'the job has failed (exit 3)'
    expect_cause 'backoff limit; last output: not yet'
    expect_next "logs $SVC-"
}

test_workload_job_that_takes_too_long() {
    new_job 'activeDeadlineSeconds: 3'
    rwml up
    expect_card 1 RW6106 Job 'new version applied'
    expect_line 'the job has failed'
    expect_cause 'longer than specified deadline'
    expect_long_before_timeout
}

test_workload_daemonset_that_crashes() {
    new_pulse
    as_kind DaemonSet
    in_container 'args: [refuse]'
    rwml status -o json
    expect_ok
    jq -es 'map(select(.event == "service"))[0] | .pods == "0/?" and .wanted == null' "$T/out" >/dev/null || fail "a number is told"
    rwml up
    expect_card 1 RW6103 DaemonSet 'new version applied; no pod '
    expect_line 'container "pulse" keeps crashing (exit 3, '
    expect_cause 'last output: not yet'
    rwml status -o json
    jq -es 'map(select(.event == "service"))[0] | .wanted >= 1 and .ready == 0' "$T/out" >/dev/null || fail "no number is told"
}

test_workload_statefulset_that_crashes() {
    new_pulse
    as_kind StatefulSet
    in_spec 'replicas: 2'
    sed -i '/^  replicas: 1/d' "$MANIFEST"
    in_container 'args: [refuse]'
    rwml up
    expect_card 1 RW6103 StatefulSet 'new version applied; no pod ' # serves, or has settled: two take turns
    expect_line 'container "pulse" keeps crashing (exit 3, '
    expect_next "logs $SVC-0 -c pulse"
}

bare_pod() {
    printf '%s\n' 'apiVersion: v1' 'kind: Pod' "metadata: {name: $SVC, namespace: $NS}" 'spec:' '  restartPolicy: Never' \
        '  terminationGracePeriodSeconds: 1' '  containers:' '    - name: pulse' "      image: $SVC:dev" >"$MANIFEST"
}

test_workload_pod_that_fails() {
    new_pulse
    bare_pod
    sed -i 's|^      image: .*|&\n      args: [refuse]|' "$MANIFEST"
    rwml up
    expect_card 1 RW6103 Pod 'new version applied'
    expect_line 'exit 3'
    expect_cause 'last output: not yet'
    expect_no_line 'it is tried again'
    expect_long_before_timeout
}

test_workload_without_its_serviceaccount() {
    new_pulse
    in_pod 'serviceAccountName: absent'
    rwml up
    expect_card 1 RW6105 Deployment 'new version applied; no pod serves'
    expect_line 'its pods cannot be created'
    expect_cause 'serviceaccount "absent" not found'
    expect_long_before_timeout
}

test_workload_statefulset_that_quota_forbids() {
    new_pulse
    as_kind StatefulSet
    allow_none_of pods
    rwml up
    expect_card 1 RW6105 StatefulSet 'new version applied; no pod serves'
    expect_cause 'exceeded quota: none'
    expect_long_before_timeout
}

test_workload_that_no_node_matches() {
    new_pulse
    in_pod 'nodeSelector: {disk: none-such}'
    rwml up --timeout 15s
    expect_card 5 RW6202 Deployment 'new version applied; no pod serves'
    expect_cause "didn't match Pod's node affinity/selector"
    expect_next 'describe pod'
}

test_workload_whose_own_deadline_passes() {
    new_pulse
    in_spec 'progressDeadlineSeconds: 20'
    in_container 'readinessProbe: {exec: {command: [/pulse, refuse]}, periodSeconds: 1}'
    rwml up
    expect_card 5 RW6203 Deployment 'new version applied; no pod serves'
    expect_line 'container "pulse" runs, but never became ready'
    expect_cause 'Readiness probe failed: not yet'
    expect_long_before_timeout
}

# The node puts it out, the ReplicaSet makes another: that alone is no failure, so the time decides. The kubelet
# measures volumes once a minute.
test_workload_whose_pods_are_evicted() {
    python_service 'import time' 'open("/scratch/file", "wb").write(b"x" * 8000000)' 'time.sleep(3600)'
    in_pod 'volumes: [{name: scratch, emptyDir: {sizeLimit: 1Mi}}]'
    in_container 'volumeMounts: [{name: scratch, mountPath: /scratch}]'
    rwml up --settle 200s --timeout 120s
    expect_error 5 RW6201
    kube -n "$NS" get pods -o json | jq -e 'any(.items[]; .status.reason == "Evicted")' >/dev/null || fail "no pod was evicted"
    expect_state 'new version applied'
}

claim() { # LINE...: of its spec
    printf '%s\n' 'apiVersion: v1' 'kind: PersistentVolumeClaim' "metadata: {name: data, namespace: $NS}" 'spec:' \
        '  accessModes: [ReadWriteOnce]' '  resources: {requests: {storage: 1Mi}}' "${@/#/  }" >"manifests/dev/$SVC/data.yaml"
}

use_claim() {
    in_pod 'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]'
    in_container 'volumeMounts: [{name: data, mountPath: /data}]'
}

test_workload_claim_that_is_bound() {
    new_pulse
    claim
    no_pods
    rwml up --settle 0
    expect_ok
    expect_line "PersistentVolumeClaim $NS/data: gets its volume when a pod uses it"
    sed -i 's/replicas: 0/replicas: 1/' "$MANIFEST"
    use_claim
    rwml up --settle 0
    expect_ok
    expect_line "PersistentVolumeClaim $NS/data: bound to its volume"
}

test_workload_claim_of_a_class_that_is_not_there() {
    new_pulse
    claim 'storageClassName: fastest'
    use_claim
    rwml up
    expect_card 1 RW6104 PersistentVolumeClaim 'new version applied'
    expect_line 'its storage class does not exist'
    expect_cause 'storageclass.storage.k8s.io "fastest" not found'
    expect_next 'describe PersistentVolumeClaim data'
    expect_long_before_timeout
}

test_workload_claim_that_gets_no_volume() {
    new_pulse
    claim 'storageClassName: ""'
    use_claim
    rwml up --timeout 20s
    expect_error 5 RW6201 RW6202
    expect_line "PersistentVolumeClaim $NS/data: it got no volume"
    expect_cause 'no persistent volumes available for this claim'
    expect_cause 'unbound immediate PersistentVolumeClaims'
}

# ---------------------------------------------------------------- pods for which a StatefulSet's controller waits

new_set() { # REPLICAS: of a StatefulSet whose crashing pods are never ready, not for a moment either
    new_pulse
    as_kind StatefulSet
    sed -i "s/^  replicas: 1/  replicas: $1/" "$MANIFEST"
    in_container 'readinessProbe: {exec: {command: [/pulse, leave]}, periodSeconds: 1}'
}
crash() { in_container 'args: [refuse]'; }
mend() { sed -i '/args: .refuse/d' "$MANIFEST"; }
image_of_set() { kube -n "$NS" get statefulset "$SVC" -o 'jsonpath={.spec.template.spec.containers[0].image}'; }
uid_of() { kube -n "$NS" get pod "$1" -o 'jsonpath={.metadata.uid}'; } # POD
expect_served_by() { # IMAGE: all pods, and ready
    kube -n "$NS" get pods -o json | jq -e --arg image "$1" 'all(.items[]; .spec.containers[0].image == $image and
        any(.status.conditions[]; .type == "Ready" and .status == "True"))' >/dev/null || fail "not all pods serve $1"
}

test_workload_statefulset_returns_after_a_failure() {
    local old first
    new_set 2
    rwml up --settle 0
    expect_ok
    old=$(image_of_set) first=$(uid_of "$SVC-0")
    set_message "second text of $SVC"
    crash
    rwml up --settle 0 --rollback-on-failure
    expect_error 1 RW6103
    expect_line "pod $SVC-1, which is not ready, is deleted: the controller waits for it"
    expect_no_line "pod $SVC-0, which"
    expect_state "rolled back: StatefulSet $NS/$SVC to revision 1 ($old), ready and settled"
    expect_served_by "$old"
    expect_equal "$(uid_of "$SVC-0")" "$first" 'pod that served all the time'
}

test_workload_statefulset_that_waits_for_a_crashed_pod() {
    local next
    new_set 1
    crash
    rwml up --settle 0
    expect_card 1 RW6103 StatefulSet 'new version applied; no pod serves'
    mend
    rwml up --settle 0
    expect_card 1 RW6103 StatefulSet 'new version applied; no pod serves'
    expect_line "0 of 1 updated: the controller waits for old pod $SVC-0$"
    expect_cause 'container "pulse" keeps crashing (exit 3, .*; last output: not yet'
    expect_long_before_timeout
    next=$(sed -n 's/^  next:  kubectl //p' "$T/err")
    expect_equal "$next" "-n $NS delete pod $SVC-0" 'the next command'
    # shellcheck disable=SC2086 # words of a command
    kube $next >/dev/null
    rwml up --settle 0
    expect_ok
    expect_served_by "$(image_of_set)"
}

test_workload_statefulset_rolled_back_by_hand() {
    local old
    new_set 1
    rwml up --settle 0
    expect_ok
    old=$(image_of_set)
    set_message "second text of $SVC"
    crash
    rwml up --settle 0
    expect_error 1 RW6103
    rwml rollback --dry-run
    expect_ok
    expect_result "StatefulSet $NS/$SVC would go back to revision 1 ($old)"
    expect_result "pod $SVC-0, which is not ready, would be deleted: the controller waits for it"
    rwml rollback --settle 0
    expect_ok
    expect_line "pod $SVC-0, which is not ready, is deleted: the controller waits for it"
    expect_served_by "$old"
}

test_workload_statefulset_whose_pods_may_not_be_deleted() {
    new_set 1
    push_away
    kube -n "$NS" create role deployer --verb=get,list,watch,create,update,patch \
        --resource=statefulsets.apps,controllerrevisions.apps,configmaps,pods,pods/log >/dev/null
    kube -n "$NS" create rolebinding deployer --role=deployer --serviceaccount="$NS:deployer" >/dev/null
    away_config "token: $(token)"
    deploy_away
    expect_ok
    crash
    deploy_away
    expect_error 1 RW6103
    rwml rollback --context away --settle 0
    expect_error 3 RW5104
    expect_line "pod $SVC-0, which is not ready, cannot be deleted, and the controller waits for it"
    expect_cause 'cannot delete resource "pods"'
    expect_state 'the template has gone back; the pod stays as it is'
}
