# shellcheck shell=bash disable=SC2034,SC2016 # lib.sh reads what is set here; what is quoted belongs to the manifests
# A user who may do in one namespace what a deploy needs, and nothing anywhere else: not look at the namespace itself.

may() { # RESOURCE,...: all of it, in the test's namespace
    kube -n "$NS" create role deployer --verb='*' --resource="$1" >/dev/null
    kube -n "$NS" create rolebinding deployer --role=deployer --serviceaccount="$NS:deployer" >/dev/null
    away_config "token: $(token)"
}

NEEDED=deployments.apps,replicasets.apps,configmaps,pods,pods/log

limited_pulse() { # [RESOURCE,...]
    new_pulse
    push_away
    may "${1:-$NEEDED}"
}

away() { # VERB [ARGUMENT...]
    rwml "$1" --context away "${@:2}"
}

test_rights_in_one_namespace() {
    limited_pulse
    add_config early
    deploy_away
    expect_deployed
    deploy_away
    expect_ok
    expect_result '0 objects written'
    away diff --settle 0 --exit-status
    expect_exit 10
    away status
    expect_ok
    expect_result "^$SVC  *[0-9a-f]*  *-  *newest  *1/1 "
    away logs --no-follow
    expect_ok
    expect_result "$SVC"
    away restart --settle 0
    expect_ok
    rm "manifests/dev/$SVC/early.yaml"
    add_env LEVEL debug
    deploy_away
    expect_ok
    expect_gone configmap/early
    away rollback --settle 0
    expect_ok
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o json | grep -c LEVEL)" 0
    away delete
    expect_ok
    expect_gone "deployment/$SVC"
    expect_gone "configmap/rwml-$SVC"
    away delete
    expect_ok
    expect_result "nothing to remove in $NS; this user may not list ConfigMaps everywhere"
    away restart
    expect_error 2 RW5404
    expect_cause "no apply set is in $NS; this user may not list ConfigMaps everywhere"
}

# Whose it is tells a list, which only the namespace gives.
test_rights_and_an_object_of_two_services() {
    limited_pulse
    second_service
    no_pods
    sed -i 's/replicas: 1/replicas: 0/' "manifests/dev/$SVC-b/$SVC-b.yaml"
    add_config both
    cp "manifests/dev/$SVC/both.yaml" "manifests/dev/$SVC-b"
    deploy_away
    expect_ok
    deploy_away
    expect_ok
    expect_equal "$(part_of configmap/both)" "$(set_id)" 'the set that it is in'
    away delete "$SVC"
    expect_ok
    expect_line "ConfigMap $NS/both stays, since it may be $SVC-b's, too"
    expect_there configmap/both
}

# A set that is nowhere to be seen may be somebody's.
test_rights_and_an_object_of_a_set_out_of_sight() {
    limited_pulse
    no_pods
    add_config theirs
    kube -n "$NS" create configmap theirs --from-literal=value=theirs >/dev/null
    kube -n "$NS" label configmap theirs applyset.kubernetes.io/part-of=applyset-out-of-sight-v1 >/dev/null
    remember_state
    deploy_away
    expect_error 3 RW5104
    expect_cause 'cannot list resource "configmaps" in API group "" at the cluster scope'
    expect_next 'kubectl --context away auth can-i --list'
    expect_same_state
}

# What a check would need is told where it can't be made, and stops nothing.
test_rights_for_checks() {
    limited_pulse
    kube -n "$NS" create secret generic login --from-literal=word=x >/dev/null
    sed -i "s|^\( *\)  image: .*|&\n\1  envFrom: [{secretRef: {name: login}}]\n\1  env:\n\1    - name: WORD\n\1      valueFrom: {secretKeyRef: {name: login, key: word}}|" "$MANIFEST"
    add_env KAFKA_BROKER_ADDRESS kafka.elsewhere.svc.cluster.local:9092
    deploy_away
    expect_deployed
    expect_line 'KAFKA_BROKER_ADDRESS kafka.elsewhere.svc.cluster.local:9092 is not checked: .*cannot get resource "services"'
    expect_line "whether Secret $NS/login is there is not known: .*cannot get resource \"secrets\""
    expect_equal "$(grep -c 'is not known' "$T/err")" 1 'notes of the Secret'
    add_env LEVEL debug
    deploy_away
    expect_ok
    away rollback --settle 0
    expect_ok
    sed -i 's/kafka.elsewhere.svc.cluster.local:9092/${KAFKA_BROKER_ADDRESS}/' "$MANIFEST"
    deploy_away
    expect_error 3 RW5104
    expect_cause 'cannot list resource "services" in API group "" at the cluster scope'
    expect_next 'rwml up --set KAFKA_BROKER_ADDRESS=HOST:9092'
}

# The right that is missing is named, and nothing was changed.
test_rights_that_are_missing() {
    local verb
    limited_pulse pods
    remember_state
    for verb in delete restart rollback; do
        away "$verb" "$SVC"
        expect_error 3 RW5104
        expect_cause "cannot list resource \"configmaps\" in API group \"\" in the namespace \"$NS\""
        expect_next 'kubectl --context away auth can-i --list'
    done
    deploy_away
    expect_error 3 RW5104
    expect_cause "cannot get resource \"configmaps\" in API group \"\" in the namespace \"$NS\""
    away status
    expect_error 3 RW5104
    expect_cause 'cannot get resource "deployments" in API group "apps"'
    expect_same_state
}

# Where the cluster is this engine's, old images stay: what uses them can't be asked. That is said, and no error.
test_rights_in_a_kind_cluster() {
    limited_pulse
    away_config "token: $(token)" '' "$(kubectl config view --raw --minify --context "kind-$CLUSTER" -o 'jsonpath={.clusters[0].cluster.server}')"
    rwml up --context away --settle 0
    expect_ok
    expect_no_line 'no Kind cluster'
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
    expect_line 'old images stay on the nodes: .*cannot list resource'
    rwml up --context away --settle 0
    expect_ok
    expect_no_line warning
    away status
    expect_ok
    away delete
    expect_ok
}
