# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# rwml killed at each of its writes to the API server, and run again: what is there then is what an undisturbed
# run leaves. Each time in a namespace of its own, since one takes its time to go.

# killed_at K COMMAND...: the writes that go well before it. Leaves its exit code in CODE.
killed_at() {
    local fault="1*kill"
    [ "$1" = 0 ] || fault="$1*off->1*kill"
    shift
    CODE=0
    (RWML=$RWML_FAULTY RWML_ENV+=(RWML_FAULT="kube.write=$fault") && run_rwml "$@") >"$T/out" 2>"$T/err" </dev/null || CODE=$?
}

next_space() { # NUMBER: the manifests move to it
    NS=$OWN_NAMESPACE-$1
    sed -i "s/\(namespace:\) ${OWN_NAMESPACE}[-0-9a-z]*/\1 $NS/" "manifests/dev/$SVC"/*.yaml
    finally "kube delete namespace $NS --ignore-not-found --wait=false >/dev/null"
}

# Without what differs from one making of an object to the next, and from one namespace to the next.
end_state() {
    kube -n "$NS" get configmaps,services,deployments -o json | jq -S '[.items[] | select(.metadata.name != "kube-root-ca.crt")
        | {kind, name: .metadata.name, labels: .metadata.labels, data,
           notes: (.metadata.annotations | if has("rwml/members")? then ."rwml/members" = "of this namespace" else . end),
           spec: (.spec | del(.clusterIP?, .clusterIPs?))}]' | sed "s/$NS\b/NS/g; s/$(set_id 2>/dev/null || echo none)/ID/g"
}

each_write() { # LEAST PREPARE COMMAND...: kills the command at each of its writes; there are so many at least
    local k least=$1 prepare=$2
    shift 2
    need_faults
    next_space undisturbed
    "$prepare"
    rwml "$@"
    expect_ok
    end_state >"$T/undisturbed"
    for ((k = 0;; k++)); do
        next_space "$k"
        "$prepare"
        killed_at "$k" "$@"
        [ "$CODE" != 0 ] || break
        expect_equal "$CODE" 137 "exit code of what was killed at write $k"
        rwml "$@"
        expect_ok
        end_state | diff -U2 "$T/undisturbed" - || fail "killed at write $k, another state: see above"
    done
    [ "$k" -ge "$least" ] || fail "there were $k writes, not at least $least"
}

first_objects() {
    rm -f "manifests/dev/$SVC"/[a-d].yaml
    sed -i 's/replicas: .*/replicas: 0/; /revisionHistoryLimit/d' "$MANIFEST"
    for name in a b c; do add_config "$name"; done
}

applied_objects() {
    first_objects
    deployed
}

changed_objects() { # changed, gone and new ones
    applied_objects
    rm "manifests/dev/$SVC/b.yaml"
    add_config a 2
    add_config d
    sed -i 's/replicas: 0/replicas: 0\n  revisionHistoryLimit: 3/' "$MANIFEST"
}

test_interrupted_first_deploy() {
    no_pods_pulse
    each_write 7 first_objects deploy --settle 0
}

test_interrupted_deploy_of_changes() {
    no_pods_pulse
    each_write 6 changed_objects deploy --settle 0
}

test_interrupted_delete() {
    no_pods_pulse
    each_write 5 applied_objects delete
}
