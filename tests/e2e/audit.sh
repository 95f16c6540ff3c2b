# shellcheck shell=bash
# What an API server itself says was asked of it. The cluster's own writes no audit log, and to have it write one
# would restart it under everybody's feet: so a second one, of the same etcd, stands beside it for the length of a
# test, and whoever comes from outside the node is led there.

AUDIT_POD=kube-apiserver-audit
AUDIT_PORT=6444
AUDIT_FILE=/etc/kubernetes/manifests/$AUDIT_POD.yaml
AUDIT_POLICY=/etc/kubernetes/pki/e2e-audit.yaml # a folder that its pod sees

control_plane() { docker exec -i "$CLUSTER-control-plane" sh -c "$1"; }

# Without a part in the Service kubernetes, whose endpoints stay those of the cluster's own.
audit_server_up() {
    finally audit_server_down
    # The server takes what begins with a brace for JSON.
    echo '{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}' |
        control_plane "cat >$AUDIT_POLICY"
    control_plane "sed -e 's/6443/$AUDIT_PORT/; s/cpu: 250m/cpu: 1m/; s/component: kube-apiserver/component: $AUDIT_POD/' \
        -e 's/^  name: kube-apiserver$/  name: $AUDIT_POD/; s/^    name: kube-apiserver$/    name: $AUDIT_POD/' \
        -e '/^    - kube-apiserver$/a\    - --endpoint-reconciler-type=none' \
        -e '/^    - kube-apiserver$/a\    - --audit-policy-file=$AUDIT_POLICY' \
        -e '/^    - kube-apiserver$/a\    - --audit-log-path=-' \
        /etc/kubernetes/manifests/kube-apiserver.yaml >/tmp/$AUDIT_POD.yaml && mv /tmp/$AUDIT_POD.yaml $AUDIT_FILE"
    eventually 90 audit_server_is_ready
    control_plane "iptables -t nat -I PREROUTING -p tcp --dport 6443 -j REDIRECT --to-ports $AUDIT_PORT"
    kube get --raw=/readyz >/dev/null || fail "the way to the second API server leads nowhere"
}

audit_server_is_ready() {
    control_plane "curl -sk --max-time 2 https://127.0.0.1:$AUDIT_PORT/readyz" | grep -x ok >/dev/null
}

audit_server_down() {
    control_plane "iptables -t nat -D PREROUTING -p tcp --dport 6443 -j REDIRECT --to-ports $AUDIT_PORT; rm -f $AUDIT_FILE $AUDIT_POLICY" || true
    eventually 60 audit_server_is_gone
}

audit_server_is_gone() { [ -z "$(control_plane "crictl ps -q --name $AUDIT_POD")" ]; }

audit_log() { control_plane "crictl logs \$(crictl ps -q --name $AUDIT_POD) 2>/dev/null"; }
audit_has_seen() { audit_log | grep -F -- "$1" >/dev/null; } # TEXT

# What rwml has asked of it by now, a line each: "VERB /path?query".
audit_of_rwml() {
    audit_log |
        jq -rR 'fromjson? | select(.kind == "Event" and (.userAgent // "" | startswith("rwml/"))) | "\(.verb) \(.requestURI)"'
}
