# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Two checkouts, or two tools, on one cluster: neither takes what the other applied.

test_sets_two_checkouts_side_by_side() {
    no_pods_pulse
    add_config early
    deployed
    eventually 60 versions_are_quiet
    cp -r "$T/workspace" "$T/second"
    sed -i "s/\(namespace:\) $NS/\1 $NS-b/" "$T/second/manifests/dev/$SVC"/*.yaml
    finally "kube delete namespace $NS-b --ignore-not-found --wait=false >/dev/null"
    deployed -C "$T/second"
    rm "$T/second/manifests/dev/$SVC/early.yaml"
    deployed -C "$T/second"
    expect_result '1 removed'
    rwml delete -C "$T/second"
    expect_ok
    expect_result '1 object removed$'
    expect_quiet
}

# Many deploy into one namespace, and their manifests have it: it stays the first one's, and nobody writes in turn.
test_sets_two_checkouts_with_one_namespace() {
    no_pods_pulse
    add_object space 'apiVersion: v1' 'kind: Namespace' "metadata: {name: $NS}"
    second_service
    rwml build && expect_ok
    rwml push && expect_ok
    cp -r "$T/workspace" "$T/second"
    rm -r "manifests/dev/$SVC-b" "$T/second/manifests/dev/$SVC"
    deployed
    deployed -C "$T/second"
    eventually 60 versions_are_quiet
    deployed
    expect_result '0 objects written'
    deployed -C "$T/second"
    expect_result '0 objects written'
    expect_quiet
    rwml delete -C "$T/second" --namespaces --yes
    expect_ok
    expect_result '1 object removed$'
    expect_there "deployment/$SVC"
}

test_sets_another_checkout_is_refused() {
    no_pods_pulse
    add_config early
    deployed
    cp -r "$T/workspace" "$T/second"
    rm "$T/second/manifests/dev/$SVC/early.yaml"
    remember_state
    rwml deploy -C "$T/second"
    expect_only_error 4 RW5402
    expect_cause "$T/workspace"
    expect_next "rwml deploy --adopt $SVC"
    expect_state 'nothing in the cluster was changed'
    expect_same_state
    rwml delete -C "$T/second"
    expect_only_error 4 RW5402
    expect_same_state
    rwml deploy -C "$T/second" --settle 0 --adopt
    expect_ok
    eventually 60 is_gone configmap/early
    rwml deploy
    expect_only_error 4 RW5402
    expect_cause "$T/second"
}

test_sets_two_checkouts_at_once() {
    local first
    need_faults
    no_pods_pulse
    add_config early
    kube create namespace "$NS" >/dev/null
    cp -r "$T/workspace" "$T/second"
    mv "$T/second/manifests/dev/$SVC/early.yaml" "$T/second/manifests/dev/$SVC/late.yaml"
    sed -i 's/name: early/name: late/' "$T/second/manifests/dev/$SVC/late.yaml"
    (RWML=$RWML_FAULTY RWML_ENV+=(RWML_FAULT='kube.write=1*delay(20000)') && run_rwml deploy --settle 0) \
        >"$T/first.out" 2>"$T/first.err" </dev/null &
    first=$!
    sleep 5
    deployed -C "$T/second"
    CODE=0
    wait "$first" || CODE=$?
    mv "$T/first.out" "$T/out"
    mv "$T/first.err" "$T/err"
    show_run "deploy (the first)"
    expect_only_error 4 RW5402
    expect_state "ConfigMap $NS/early was not applied"
    expect_gone configmap/early
    expect_there configmap/late
}

test_sets_of_other_tools_are_refused() {
    no_pods_pulse
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create configmap "rwml-$SVC" >/dev/null
    remember_state
    rwml deploy
    expect_only_error 4 RW5402
    expect_cause "somebody else's ConfigMap"
    expect_same_state
}
