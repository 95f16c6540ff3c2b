# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# What rwml applied: the apply set of a service, what leaves it, and what delete takes away.

# By kubectl, of a parent with the same name and namespace.
id_by_kubectl() {
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: any, namespace: %s}\n' "$NS" >"$T/any.yaml"
    kube delete -n "$NS" configmap "rwml-$SVC" >/dev/null
    KUBECTL_APPLYSET=true kube -n "$NS" apply --server-side --prune --applyset="configmap/rwml-$SVC" -f "$T/any.yaml" >/dev/null
    set_id
}

test_sets_parent_and_members() {
    local id
    no_pods_pulse
    add_config early
    deployed
    id=$(set_id)
    expect_equal "$(part_of "deployment/$SVC")" "$id" 'set of the Deployment'
    expect_equal "$(part_of configmap/early)" "$id" 'set of the ConfigMap'
    expect_equal "$(parent_says applyset.kubernetes.io/contains-group-kinds)" ConfigMap,Deployment.apps kinds
    expect_equal "$(parent_says applyset.kubernetes.io/tooling)" rwml/v1 tooling
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o json |
        jq '.spec.template.metadata.labels | keys | length')" 1 'labels in the template'
    expect_equal "$(id_by_kubectl)" "$id" "the id that kubectl makes"
}

# Not the parent either, and nothing that another run would see as a change.
test_sets_second_run_writes_nothing() {
    no_pods_pulse
    add_config early
    add_claim data
    deployed
    eventually 60 versions_are_quiet
    deployed
    expect_result '0 objects written'
    expect_quiet
}

# What an rwml without sets had applied becomes a member, and no pod starts anew for it.
test_sets_label_restarts_nothing() {
    local before
    new_pulse
    rwml up --settle 0
    expect_ok
    kube -n "$NS" label deployment "$SVC" applyset.kubernetes.io/part-of- >/dev/null
    kube -n "$NS" delete configmap "rwml-$SVC" >/dev/null
    before=$(pods_of)
    deployed
    expect_result '1 object written'
    expect_equal "$(pods_of)" "$before" pods
    expect_equal "$(part_of "deployment/$SVC")" "$(set_id)" set
}

pods_of() { kube -n "$NS" get pods -o json | jq -c '[.items[].metadata.uid] | sort'; }

test_sets_prune_what_left_the_manifests() {
    no_pods_pulse
    add_config early
    add_config late
    deployed
    kube -n "$NS" create configmap stranger >/dev/null
    rm "manifests/dev/$SVC/early.yaml"
    deployed --no-prune
    expect_there configmap/early
    deployed
    expect_line "ConfigMap $NS/early removed, since it has left the manifests"
    expect_result '0 objects written, 1 removed'
    eventually 60 is_gone configmap/early
    expect_there configmap/late
    expect_there configmap/stranger
    deployed
    expect_no_line removed
}

# A kind of which nothing is left in the manifests is looked for, too.
test_sets_prune_last_of_a_kind() {
    no_pods_pulse
    add_config early
    add_object service 'apiVersion: v1' 'kind: Service' "metadata: {name: web, namespace: $NS}" 'spec: {ports: [{port: 80}]}'
    deployed
    rm "manifests/dev/$SVC/service.yaml"
    deployed
    eventually 60 is_gone service/web
    expect_equal "$(parent_says applyset.kubernetes.io/contains-group-kinds)" ConfigMap,Deployment.apps kinds
}

test_sets_prune_leaves_claims() {
    no_pods_pulse
    add_claim data
    deployed
    rm "manifests/dev/$SVC/data.yaml"
    deployed
    expect_line "PersistentVolumeClaim $NS/data has left the manifests and stays, since what is in it would be lost"
    expect_there persistentvolumeclaim/data
}

# Until the new version is ready, the old one's pods may need what has left.
test_sets_failed_rollout_prunes_nothing() {
    new_pulse
    add_config early
    rwml up --settle 0
    expect_ok
    rm "manifests/dev/$SVC/early.yaml"
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    rwml up
    expect_error 1 RW6103
    expect_there configmap/early
    sed -i '/args: .refuse/d' "$MANIFEST"
    deployed
    eventually 60 is_gone configmap/early
}

# A pod has its environment from when it started, and nobody starts it anew for a ConfigMap.
test_deploy_configmap_read_as_environment_is_told() {
    local told="its pods read ConfigMap $NS/settings as environment"
    new_pulse
    add_config settings
    sed -i 's|^\( *\)  image: .*|&\n\1  envFrom: [{configMapRef: {name: settings}}]|' "$MANIFEST"
    rwml up --settle 0
    expect_ok
    expect_no_line "$told"
    add_config settings 2
    deployed
    expect_line "Deployment $NS/$SVC: $told, and have the old values until they start anew: rwml restart $SVC"
    deployed
    expect_no_line "$told"
    add_config settings 3
    add_env MOOD '"new"'
    deployed
    expect_no_line "$told"
}

# Which the server keeps under an older name, too, that is nobody's: out of it the account would come back.
test_deploy_service_account_taken_out() {
    new_pulse
    add_object account 'apiVersion: v1' 'kind: ServiceAccount' "metadata: {name: worker, namespace: $NS}"
    sed -i 's/^      containers:/      serviceAccountName: worker\n&/' "$MANIFEST"
    rwml up --settle 0
    expect_ok
    expect_equal "$(account_of_pods)" worker 'ServiceAccount of the pods'
    rm "manifests/dev/$SVC/account.yaml"
    sed -i '/serviceAccountName/d' "$MANIFEST"
    deployed
    expect_equal "$(account_of_pods)" '' 'ServiceAccount of the pods'
    eventually 60 is_gone serviceaccount/worker
    eventually 60 versions_are_quiet
    deployed
    expect_result '0 objects written'
    expect_quiet
}

account_of_pods() { # of the template, by both of its names
    kube -n "$NS" get deployment "$SVC" -o json |
        jq -r '[.spec.template.spec | .serviceAccount, .serviceAccountName | values] | unique | join(" ")'
}

# Each in a namespace of its own is no trouble, and neither sees the other's.
# Both find no set of the service, and the second one writes while the first is about to.
# Two services begin to have it in one run: it is the first one's, and the next run has nothing to do.
test_sets_shared_object_of_one_run() {
    no_pods_pulse
    add_config shared
    second_service
    cp "manifests/dev/$SVC/shared.yaml" "manifests/dev/$SVC-b/shared.yaml"
    rwml build && expect_ok
    rwml push && expect_ok
    deployed
    expect_equal "$(part_of configmap/shared)" "$(set_id)" set
    eventually 60 versions_are_quiet
    deployed
    expect_quiet
    rwml delete "$SVC"
    expect_ok
    expect_line "ConfigMap $NS/shared stays, since it may be $SVC-b's, too"
    expect_there configmap/shared
    rwml delete "$SVC-b"
    expect_ok
    rwml delete "$SVC"
    expect_ok
    expect_gone configmap/shared
    expect_gone "configmap/rwml-$SVC"
}

# In the manifests of two services, it belongs to one of them, and neither run writes in turn.
test_sets_shared_object() {
    no_pods_pulse
    add_config shared
    second_service
    cp "manifests/dev/$SVC/shared.yaml" "manifests/dev/$SVC-b/shared.yaml"
    rwml build && expect_ok
    rwml push && expect_ok
    deployed "$SVC"
    deployed "$SVC-b"
    eventually 60 versions_are_quiet
    deployed
    expect_quiet
    rm "manifests/dev/$SVC/shared.yaml"
    deployed "$SVC"
    expect_there configmap/shared
    expect_line "ConfigMap $NS/shared has left the manifests and stays, since it may be $SVC-b's, too"
    eventually 60 versions_are_quiet
    deployed "$SVC"
    expect_quiet
    rm "manifests/dev/$SVC-b/shared.yaml"
    deployed "$SVC"
    eventually 60 is_gone configmap/shared
    deployed "$SVC"
    expect_result '0 objects written'
}

# An EndpointSlice and Endpoints inherit their Service's labels, that of the set among them.
test_sets_leave_what_controllers_make() {
    local before
    no_pods_pulse
    add_config early
    add_object service 'apiVersion: v1' 'kind: Service' "metadata: {name: web, namespace: $NS}" \
        "spec: {ports: [{port: 80}], selector: {app: $SVC}}"
    add_object slice 'apiVersion: discovery.k8s.io/v1' 'kind: EndpointSlice' "metadata: {name: by-hand, namespace: $NS}" \
        'addressType: IPv4' 'endpoints: [{addresses: [192.0.2.1]}]' 'ports: [{port: 80}]'
    add_object endpoints 'apiVersion: v1' 'kind: Endpoints' "metadata: {name: far, namespace: $NS}" \
        'subsets: [{addresses: [{ip: 192.0.2.1}], ports: [{port: 80}]}]'
    deployed
    eventually 60 controllers_made_both
    kube -n "$NS" get configmap early -o yaml | sed 's/name: early/name: copied/; /uid:/d; /resourceVersion:/d' | kube create -f - >/dev/null
    before=$(made_by_controllers)
    rm "manifests/dev/$SVC/early.yaml" "manifests/dev/$SVC/endpoints.yaml"
    deployed
    expect_result '0 objects written, 2 removed'
    eventually 60 is_gone configmap/early
    expect_equal "$(made_by_controllers)" "$before" 'what controllers made'
    expect_equal "$(part_of configmap/copied)" "$(set_id)" 'set that the copy names'
    rwml delete
    expect_ok
    expect_result '3 objects removed$'
    expect_there configmap/copied
}

made_by_controllers() { # what has the set's label besides what rwml applied
    kube -n "$NS" get endpoints,endpointslices -l "applyset.kubernetes.io/part-of=$(set_id)" -o json |
        jq -c '[.items[] | select(.metadata.name | test("^web")) | {kind, uid: .metadata.uid}] | sort_by(.kind)'
}
controllers_made_both() { [ "$(made_by_controllers | jq length)" = 2 ]; }

# What is said beforehand is what is done, and saying it does nothing.
test_sets_dry_runs() {
    no_pods_pulse
    add_config early
    add_claim data
    deployed
    rm "manifests/dev/$SVC/early.yaml"
    eventually 60 versions_are_quiet
    rwml diff --settle 0 --exit-status
    expect_equal "$CODE" 11 'exit code'
    expect_result "ConfigMap $NS/early would be removed, since it has left the manifests"
    expect_result '0 of 2 objects would be written, 1 would be removed'
    rwml deploy --settle 0 --dry-run --no-prune --exit-status
    expect_equal "$CODE" 11 'exit code'
    expect_result '0 of 2 objects would be written$'
    rwml delete --dry-run
    expect_ok
    expect_result "Deployment $NS/$SVC would be removed"
    expect_result '2 objects would be removed, 1 stays'
    rwml delete --dry-run --volumes
    expect_ok
    expect_result "PersistentVolumeClaim $NS/data would be removed"
    rwml restart --dry-run
    expect_ok
    expect_result "Deployment $NS/$SVC would start its pods anew"
    expect_quiet
    deployed
    expect_result '0 objects written, 1 removed'
    rwml diff --settle 0 --exit-status
    expect_equal "$CODE" 10 'exit code'
}

objects_told() { # of -o json: "ACTION OBJECT" of each
    jq -r 'select(.object) | .action + " " + .object' "$T/out" | sort | xargs
}

# A program need not read words.
test_sets_dry_runs_as_json() {
    no_pods_pulse
    add_config early
    add_claim data
    deployed
    eventually 60 versions_are_quiet
    rwml delete --dry-run -o json
    expect_ok
    expect_equal "$(objects_told)" "kept PersistentVolumeClaim $NS/data removed ConfigMap $NS/early removed Deployment $NS/$SVC"
    jq -se 'any(.[]; .action == "kept" and .option == "--volumes") and any(.[]; .removed == 2 and .kept == 1)' "$T/out" >/dev/null ||
        fail "not why it stays, or not how many"
    rwml restart --dry-run -o json
    expect_ok
    expect_equal "$(objects_told)" "restarted Deployment $NS/$SVC"
    expect_quiet
    rwml delete -o json --volumes --yes
    expect_ok
    expect_equal "$(objects_told)" "removed ConfigMap $NS/early removed Deployment $NS/$SVC removed PersistentVolumeClaim $NS/data"
    rwml delete -o json
    expect_ok
    jq -se 'any(.[]; .event == "result" and .removed == 0)' "$T/out" >/dev/null || fail "that nothing is left is not told"
}

test_sets_delete() {
    no_pods_pulse
    add_config early
    add_claim data
    add_object extra 'apiVersion: v1' 'kind: Namespace' "metadata: {name: $NS-extra}"
    deployed
    kube -n "$NS" create configmap stranger >/dev/null
    rwml delete
    expect_ok
    expect_result '2 objects removed, 2 stay'
    expect_line "PersistentVolumeClaim $NS/data stays; see rwml delete --volumes"
    expect_gone "deployment/$SVC"
    expect_gone configmap/early
    expect_there persistentvolumeclaim/data
    expect_there configmap/stranger
    rwml delete --volumes
    expect_only_error 2 RW5403
    expect_cause "PersistentVolumeClaim $NS/data"
    expect_there persistentvolumeclaim/data
    rwml delete --volumes --yes
    expect_ok
    expect_gone persistentvolumeclaim/data
    expect_there "namespace/$NS-extra"
    rwml delete --namespaces
    expect_only_error 2 RW5403
    rwml delete --namespaces --yes
    expect_ok
    expect_gone "namespace/$NS-extra"
    expect_gone "configmap/rwml-$SVC"
    expect_there configmap/stranger
    rwml delete
    expect_ok
    expect_result 'nothing to remove'
}

# A finalizer holds the ConfigMap back, as a controller that is slow would.
test_sets_delete_cut_short_goes_on() {
    no_pods_pulse
    add_object held 'apiVersion: v1' 'kind: ConfigMap' \
        "metadata: {name: held, namespace: $NS, finalizers: [example.com/hold]}"
    deployed
    finally "kube -n $NS patch configmap held --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'"
    start_rwml delete
    eventually 60 is_gone "deployment/$SVC"
    eventually 60 is_ending configmap/held
    end_rwml INT
    expect_error 130 RW9009
    expect_state "being removed: .*ConfigMap $NS/held"
    expect_there "configmap/rwml-$SVC"
    kube -n "$NS" patch configmap held --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]' >/dev/null
    rwml delete
    expect_ok
    expect_gone configmap/held
    expect_gone "configmap/rwml-$SVC"
}

is_ending() { kube -n "$NS" get "$1" -o json | jq -e '.metadata.deletionTimestamp' >/dev/null; }

# A service without manifests can't be deployed any more, and must still be removable.
test_sets_delete_of_a_service_that_left() {
    no_pods_pulse
    second_service
    rwml build && expect_ok
    rwml push && expect_ok
    deployed
    rm -r "manifests/dev/$SVC-b"
    deployed
    expect_there "deployment/$SVC-b"
    rwml delete "$SVC-b"
    expect_ok
    expect_gone "deployment/$SVC-b"
    expect_there "deployment/$SVC"
}

test_sets_delete_of_an_unknown_service() {
    no_pods_pulse
    rwml delete nobody
    expect_only_error 2 RW1011
}
