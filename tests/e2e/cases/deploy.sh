# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# rwml deploy: what the cluster says no to, what it takes over, and what it leaves alone.

pushed_pulse() { # a workspace whose image is on the nodes
    new_pulse
    "$@"
    rwml build && expect_ok
    rwml push && expect_ok
}

test_deploy_makes_a_missing_namespace() {
    pushed_pulse no_pods
    remember_state
    rwml deploy --no-create-namespace
    expect_only_error 4 RW5401
    expect_line "$NS"
    expect_same_state
    rwml deploy --settle 0
    expect_ok
    expect_line "Namespace $NS created"
    rwml deploy --settle 0
    expect_ok
    expect_no_line 'Namespace'
}

# The API server would take the number for what it is; Kubernetes wants a string.
test_deploy_number_where_a_string_is_wanted() {
    pushed_pulse add_env MOOD 65
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: early, namespace: %s}\n' "$NS" >"manifests/dev/$SVC/early.yaml"
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'value: 65')"
    expect_state 'nothing in the cluster was changed'
    expect_same_state
}

test_deploy_object_that_the_server_refuses() {
    pushed_pulse
    kube create namespace "$NS" >/dev/null
    printf 'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: %s}\nspec:\n  ports:\n    - port: 70000\n' "$NS" \
        >"manifests/dev/$SVC/service.yaml"
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_cause 70000
    expect_where "manifests/dev/$SVC/service.yaml:6"
    expect_state 'nothing in the cluster was changed'
    expect_same_state
}

test_deploy_unknown_field() {
    pushed_pulse sed -i 's/^  replicas: 1/  replica: 1/' "$MANIFEST"
    kube create namespace "$NS" >/dev/null
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_cause 'replica'
    expect_where "$MANIFEST:$(line_of "$MANIFEST" 'replica: 1')"
    expect_same_state
}

test_deploy_quota() {
    pushed_pulse
    allow_none_of count/deployments.apps
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_cause 'quota'
    expect_state 'nothing in the cluster was changed'
    expect_same_state
}

# What is applied to an object that is being deleted goes with it.
test_deploy_of_what_is_being_deleted() {
    local old
    no_pods_pulse
    add_config early
    deployed
    old=$(kube -n "$NS" get configmap early -o 'jsonpath={.metadata.uid}')
    kube -n "$NS" patch configmap early --type merge -p '{"metadata": {"finalizers": ["e2e.invalid/held"]}}' >/dev/null
    kube -n "$NS" delete configmap early --wait=false >/dev/null
    start_rwml deploy --settle 0
    eventually 60 err_has "ConfigMap $NS/early is being deleted; waiting until it is gone"
    kube -n "$NS" patch configmap early --type merge -p '{"metadata": {"finalizers": null}}' >/dev/null
    await_rwml deploy
    expect_ok
    expect_line "ConfigMap $NS/early created"
    [ "$(kube -n "$NS" get configmap early -o 'jsonpath={.metadata.uid}')" != "$old" ] || fail "still the old one"
}

test_deploy_before_push() {
    local node old
    new_pulse
    rwml up --settle 0
    expect_ok
    old=$(running_image "$SVC")
    set_message "second text"
    rwml build
    expect_ok
    remember_state
    rwml deploy
    expect_only_error 3 RW4102
    expect_line "$(content_name "$SVC")"
    for node in $(nodes); do expect_cause "$node"; done
    expect_state 'nothing was applied; the pods that run are unchanged'
    expect_next "rwml push $SVC"
    expect_equal "$(running_image "$SVC")" "$old"
    expect_same_state
}

test_deploy_before_build() {
    new_pulse
    remember_state
    rwml deploy
    expect_only_error 3 RW4101
    expect_line "$SVC:dev"
    expect_next "rwml build $SVC"
    expect_same_state
}

test_deploy_takes_over_what_kubectl_applied() {
    pushed_pulse
    kube create namespace "$NS" >/dev/null
    sed "s|image: .*|image: $SVC:older|; s|^  replicas: 1|  replicas: 1\n  paused: true|" "$MANIFEST" | kube apply -f - >/dev/null
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
    # What left the manifest leaves the object, as with kubectl.
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o 'jsonpath={.spec.paused}')" ''
    rwml deploy --settle 0
    expect_ok
    expect_result '0 objects written'
}

test_deploy_conflict_with_another_manager() {
    pushed_pulse
    kube create namespace "$NS" >/dev/null
    sed "s|^  replicas: 1|  replicas: 0|" "$MANIFEST" |
        kube apply --server-side --field-manager=other-tool -f - >/dev/null
    eventually 60 is_observed
    remember_state
    rwml deploy
    expect_only_error 4 RW5409
    expect_cause 'other-tool'
    expect_cause 'replicas'
    expect_where "$MANIFEST:$(line_of "$MANIFEST" replicas:)"
    expect_state 'nothing in the cluster was changed'
    expect_same_state
}

is_observed() {
    kube -n "$NS" get deployment "$SVC" -o json | jq -e '.status.observedGeneration == .metadata.generation' >/dev/null
}

test_deploy_job_that_changed_is_replaced() {
    new_pulse
    sed -i 's/kind: Deployment/kind: Job/; s|apps/v1|batch/v1|; /replicas:/d; /selector:/,/app:/d' "$MANIFEST"
    sed -i 's|^      terminationGrace.*|&\n      restartPolicy: Never|; s|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    sed -i 's|^spec:|&\n  backoffLimit: 0|' "$MANIFEST"
    rwml up
    expect_error 1 RW6106
    expect_line "not yet"
    expect_state 'applied'
    sed -i 's/args: .*/args: [leave]/' "$MANIFEST"
    rwml up
    expect_ok
    expect_line "Job $SVC is replaced"
}

# An admission webhook that takes the question and never answers, so that the API server keeps its
# answer back for half a minute: of ConfigMaps of the test's namespace that are called held…, in a
# dry run or in earnest. It is a port in the control-plane node, and nothing but this test's.
hold_configmaps() { # true|false: of a dry run
    local port=$((20000 + NUMBER)) files=/tmp/$SVC
    finally "in_control_plane 'kill \$(cat $files.pid); rm $files.*'"
    in_control_plane ": >$files.calls; setsid socat -u TCP-LISTEN:$port,bind=127.0.0.1,fork \
        SYSTEM:'echo >>$files.calls; cat >/dev/null' >$files.log 2>&1 & echo \$! >$files.pid"
    finally "kube delete validatingwebhookconfiguration $SVC --ignore-not-found >/dev/null"
    kube create -f - >/dev/null <<TEXT
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: $SVC}
webhooks:
  - name: held.$SVC.invalid
    clientConfig: {url: "https://127.0.0.1:$port/"}
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $NS}}
    rules: [{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE]}]
    matchConditions:
      - name: held
        expression: request.name.startsWith("held") && (has(request.dryRun) && request.dryRun) == $1
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    timeoutSeconds: 30
TEXT
    if [ "$1" = true ]; then eventually 60 is_held --dry-run=server; else eventually 20 is_held --dry-run=none; fi
    CALLS=$(webhook_calls)
}

in_control_plane() { docker exec "$CLUSTER-control-plane" sh -c "$1"; }
webhook_calls() { in_control_plane "wc -l </tmp/$SVC.calls"; }
one_more_is_held() { [ "$(webhook_calls)" -gt "$CALLS" ]; }

is_held() { # OPTION: no answer within a second
    local code=0
    timeout 1 kubectl --context "kind-$CLUSTER" -n "$NS" create configmap "held-$RANDOM" "$1" >/dev/null 2>&1 || code=$?
    [ "$code" = 124 ]
}

# An object before the one that is held and one behind it.
three_objects() {
    pushed_pulse no_pods
    kube create namespace "$NS" >/dev/null
    for name in early held; do
        printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: %s}\n' "$name" "$NS" \
            >"manifests/dev/$SVC/$name.yaml"
    done
}

test_deploy_interrupted_in_the_dry_run() {
    three_objects
    hold_configmaps true
    remember_state
    start_rwml deploy
    eventually 60 one_more_is_held
    end_rwml INT
    expect_only_error 130 RW9009
    expect_within 10000
    expect_state 'nothing in the cluster was changed'
    expect_same_state
}

test_deploy_interrupted_between_two_objects() {
    three_objects
    hold_configmaps false
    remember_others
    start_rwml deploy
    eventually 60 err_has "ConfigMap $NS/early created"
    eventually 60 one_more_is_held
    end_rwml INT
    expect_error 130 RW9009
    expect_within 10000
    expect_state "ConfigMap $NS/held may have been applied"
    expect_state "applied: ConfigMap $NS/early; not tried: Deployment $NS/$SVC"
    expect_no_result
    kube -n "$NS" get configmap early >/dev/null || fail "what is said to be applied is not there"
    ! kube -n "$NS" get deployment "$SVC" 2>/dev/null || fail "what was not tried is there"
    expect_others_same
    kube delete validatingwebhookconfiguration "$SVC" >/dev/null
    rwml deploy --settle 0
    expect_ok
    kube -n "$NS" get configmap/early configmap/held "deployment/$SVC" >/dev/null || fail "not all is there"
}

# What runs is what was built, whichever way its layers came.
test_deploy_of_an_image_that_went_by_layers() {
    layered_pulse
    expect_ok
    push_text 'text of a pod'
    expect_ok
    rwml deploy
    expect_ok
    eventually 60 pod_says "$(cat message)"
}

pod_says() { kube -n "$NS" logs "deployment/$SVC" 2>/dev/null | grep -F "$1" >/dev/null; } # TEXT

test_deploy_conflict_is_taken_over_when_asked_for() {
    pushed_pulse no_pods
    kube create namespace "$NS" >/dev/null
    sed "s|^  replicas: 0|  replicas: 1\n  paused: true|" "$MANIFEST" |
        kube apply --server-side --field-manager=other-tool -f - >/dev/null
    eventually 60 is_observed
    rwml deploy
    expect_only_error 4 RW5409
    expect_next "rwml deploy --force-conflicts $SVC"
    kube -n "$NS" patch deployment "$SVC" --field-manager=other-tool -p '{"spec":{"paused":false}}' >/dev/null
    rwml deploy --settle 0 --force-conflicts
    expect_ok
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o 'jsonpath={.spec.replicas}')" 0 replicas
}

test_deploy_field_that_never_changes() {
    pushed_pulse no_pods
    rwml deploy --settle 0
    expect_ok
    sed -i "s/^      app: $SVC/&\n      tier: new/; s/^        app: $SVC/&\n        tier: new/" "$MANIFEST"
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_cause 'immutable'
    expect_where "$MANIFEST:$(line_of "$MANIFEST" matchLabels:)"
    expect_next "kubectl -n $NS delete Deployment $SVC && rwml deploy $SVC"
    expect_same_state
}

test_deploy_claim_template_that_changes() {
    local file=manifests/dev/$SVC/data.yaml
    pushed_pulse no_pods
    cat >"$file" <<TEXT
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: data, namespace: $NS}
spec:
  replicas: 0
  serviceName: data
  selector: {matchLabels: {app: data}}
  template:
    metadata: {labels: {app: data}}
    spec: {containers: [{name: pulse, image: "$SVC:dev"}]}
  volumeClaimTemplates:
    - metadata: {name: kept}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Mi}}
TEXT
    rwml deploy --settle 0
    expect_ok
    sed -i 's/storage: 1Mi/storage: 2Mi/' "$file"
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_where "$file:$(line_of "$file" 'storage: 2Mi')"
    expect_next '--cascade=orphan'
    expect_same_state
}

# The live object has the default for the strategy before, which no apply takes out.
test_deploy_strategy_recreate_names_the_way_out() {
    pushed_pulse no_pods
    rwml deploy --settle 0
    expect_ok
    sed -i 's/^  replicas: 0/&\n  strategy: {type: Recreate}/' "$MANIFEST"
    remember_state
    rwml deploy
    expect_only_error 4 RW5401
    expect_cause 'rollingUpdate'
    expect_next "kubectl -n $NS patch deployment $SVC --type merge -p '.*' && rwml deploy $SVC"
    expect_same_state
    kube -n "$NS" patch deployment "$SVC" --type merge -p "$(sed -n "s/.*--type merge -p '\(.*\)' &&.*/\1/p" "$T/err")" >/dev/null
    rwml deploy --settle 0
    expect_ok
}

# The server can check an object only once it has its kind.
test_deploy_definition_and_its_object() {
    local group=$SVC.example.com
    pushed_pulse no_pods
    finally "kube delete customresourcedefinition widgets.$group --ignore-not-found --wait=false >/dev/null"
    cat >"manifests/dev/$SVC/widget.yaml" <<TEXT
apiVersion: $group/v1
kind: Widget
metadata: {name: first, namespace: $NS}
spec: {size: 1}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.$group}
spec:
  group: $group
  names: {kind: Widget, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer}}}}
TEXT
    rwml deploy --settle 0
    expect_ok
    expect_line 'can be checked once its CustomResourceDefinition is applied'
    kube -n "$NS" get "widgets.$group/first" >/dev/null || fail "the object is not there"
    rwml deploy --settle 0
    expect_ok
    expect_result '0 objects written'
    rwml delete
    expect_ok
    expect_line "CustomResourceDefinition widgets.$group stays"
    ! kube -n "$NS" get "widgets.$group/first" >/dev/null 2>&1 || fail "the object is still there"
    rwml delete --definitions
    expect_only_error 2 RW5403
    rwml delete --definitions --yes
    expect_ok
    ! kube get customresourcedefinition "widgets.$group" >/dev/null 2>&1 || fail "the definition is still there"
}

# Held by a finalizer of what is in it, as when a controller has gone.
test_deploy_into_a_namespace_that_ends() {
    pushed_pulse no_pods
    kube create namespace "$NS" >/dev/null
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, namespace: %s, finalizers: [example.com/hold]}\n' "$NS" |
        kube create -f - >/dev/null
    finally "kube -n $NS patch configmap held --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]' >/dev/null"
    kube delete namespace "$NS" --wait=false >/dev/null
    rwml deploy
    expect_only_error 4 RW5401
    expect_line "the namespace $NS is being deleted"
    expect_next "kubectl wait --for=delete namespace/$NS"
}
