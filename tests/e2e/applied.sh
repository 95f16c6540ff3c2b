# shellcheck shell=bash
# Objects beside the small service's Deployment, and what rwml keeps of what it applied.

no_pods_pulse() { # a workspace whose image is on the nodes, and whose Deployment makes no pods
    new_pulse
    no_pods
    rwml build && expect_ok
    rwml push && expect_ok
}

add_object() { # FILE TEXT...: into the service's manifests
    local file=$1
    shift
    printf '%s\n' "$@" >"manifests/dev/$SVC/$file.yaml"
}

add_config() { # NAME [VALUE]
    add_object "$1" 'apiVersion: v1' 'kind: ConfigMap' "metadata: {name: $1, namespace: $NS}" "data: {value: \"${2:-1}\"}"
}

add_claim() { # NAME
    add_object "$1" 'apiVersion: v1' 'kind: PersistentVolumeClaim' "metadata: {name: $1, namespace: $NS}" \
        'spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}'
}

deployed() { # [OPTION...]: without a wait for pods, of which there are none
    rwml deploy --settle 0 "$@"
    expect_ok
}

there() { kube -n "$NS" get "$1" >/dev/null 2>&1; } # KIND/NAME
expect_there() { there "$1" || fail "$1 is not there"; }
expect_gone() { ! there "$1" || fail "$1 is still there"; }
is_gone() { ! there "$1"; }

parent() { kube -n "$NS" get configmap "rwml-$SVC" -o json; }
parent_says() { parent | jq -r --arg key "$1" '.metadata.annotations[$key] // ""'; } # ANNOTATION
set_id() { parent | jq -r '.metadata.labels["applyset.kubernetes.io/id"]'; }
part_of() { kube -n "$NS" get "$1" -o json | jq -r '.metadata.labels["applyset.kubernetes.io/part-of"] // ""'; }

versions_are_quiet() { # twice the same in a row, into $T/versions
    versions_state "$NS" >"$T/versions"
    sleep 1
    versions_state "$NS" | diff -q "$T/versions" - >/dev/null
}

expect_quiet() { # since then
    versions_state "$NS" >"$T/versions-after"
    diff -U2 "$T/versions" "$T/versions-after" || fail "something was written, see above"
}
