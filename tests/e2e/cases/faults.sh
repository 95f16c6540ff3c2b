# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# What stands between rwml and a cluster that does as it is told: admission, quotas, namespaces that go, and texts
# that are meant for a terminal, not for its user.

# An admission webhook that is asked about the test's own ConfigMaps, and about nothing else: the test's service is
# the server. It denies those called denied…, and lets those called slow… wait for longer than it is given.
new_webhook() {
    python_service 'import http.server, json, ssl, time' 'class Hook(http.server.BaseHTTPRequestHandler):' \
        '    def do_POST(self):' \
        '        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]' \
        '        if request["name"].startswith("slow"): time.sleep(20)' \
        '        answer = {"uid": request["uid"], "allowed": not request["name"].startswith("denied"),' \
        '                  "status": {"message": "\x1b[2Jno \x1b]0;title\x07such " + request["name"]}}' \
        '        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}' \
        '        self.send_response(200)' '        self.send_header("Content-Type", "application/json")' '        self.end_headers()' \
        '        self.wfile.write(json.dumps(review).encode())' \
        'context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)' 'context.load_cert_chain("/app/crt.pem", "/app/key.pem")' \
        'server = http.server.ThreadingHTTPServer(("", 8443), Hook)' \
        'server.socket = context.wrap_socket(server.socket, server_side=True)' 'print("asks me", flush=True)' \
        'server.serve_forever()'
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$SVC" -addext "subjectAltName=DNS:$SVC.$NS.svc" \
        -keyout app/key.pem -out app/crt.pem 2>/dev/null
    printf '%s\n' 'apiVersion: v1' 'kind: Service' "metadata: {name: $SVC, namespace: $NS}" \
        "spec: {selector: {app: $SVC}, ports: [{port: 443, targetPort: 8443}]}" >"manifests/dev/$SVC/service.yaml"
    rwml up --settle 0
    expect_ok
    finally "kube delete validatingwebhookconfiguration $SVC --ignore-not-found >/dev/null"
    kube create -f - >/dev/null <<TEXT
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: $SVC}
webhooks:
  - name: judge.$SVC.invalid
    clientConfig: {caBundle: $(base64 -w 0 <app/crt.pem), service: {name: $SVC, namespace: $NS}}
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $NS}}
    rules: [{apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE]}]
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    timeoutSeconds: 1
TEXT
    eventually 60 webhook_is_asked
}

webhook_is_asked() { ! kube -n "$NS" create configmap denied-at-first --dry-run=server >/dev/null 2>&1; }

add_configmap() { # NAME
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: %s}\n' "$1" "$NS" >"manifests/dev/$SVC/$1.yaml"
}

expect_no_escapes() { # in what was printed
    ! LC_ALL=C grep -q "$(printf '[\033\007\233]')" "$T/out" "$T/err" || fail "an escape sequence reached the output"
}

test_fault_webhook_that_denies() {
    new_webhook
    add_configmap allowed
    add_configmap denied
    remember_state
    rwml up
    expect_error 4 RW5401
    expect_line "ConfigMap $NS/denied"
    expect_cause "admission webhook \"judge.$SVC.invalid\" denied the request: .*no .*such denied"
    expect_where "manifests/dev/$SVC/denied.yaml"
    expect_state 'nothing in the cluster was changed'
    expect_no_escapes
    expect_same_state
}

test_fault_webhook_that_hangs() {
    new_webhook
    add_configmap slow
    remember_state
    rwml up
    expect_error 3 RW5104
    expect_cause "failed calling webhook \"judge.$SVC.invalid\""
    expect_line 'the API server answers 500; trying again in'
    expect_state 'nothing in the cluster was changed'
    expect_within 40000
    expect_same_state
}

test_fault_webhook_whose_server_is_gone() {
    new_webhook
    kube -n "$NS" scale deployment "$SVC" --replicas 0 >/dev/null
    eventually 60 has_no_pod
    no_pods
    add_configmap allowed
    remember_state
    rwml deploy
    expect_error 3 RW5104
    expect_cause "failed calling webhook \"judge.$SVC.invalid\""
    expect_state 'nothing in the cluster was changed'
    expect_within 60000
    expect_same_state
}

has_no_pod() { [ -z "$(kube -n "$NS" get pods -o name)" ]; }

# Each object for itself is fine, as the dry run finds; together, with the parent of the set, they are too many.
test_fault_quota_that_ends_half_way() {
    new_pulse
    no_pods
    kube create namespace "$NS" >/dev/null
    eventually 60 namespace_is_furnished
    kube -n "$NS" create quota few --hard=count/configmaps="$(($(configmaps | wc -l) + 2))" >/dev/null
    eventually 60 few_counts
    add_configmap first
    add_configmap second
    rwml up
    expect_error 6 RW5600
    expect_line "stopped part-way at ConfigMap $NS/second"
    expect_cause 'exceeded quota: few'
    expect_state "ConfigMap $NS/second was not applied"
    expect_state "applied: ConfigMap $NS/first; not tried: Deployment $NS/$SVC"
    expect_next "rwml deploy $SVC"
    kube -n "$NS" delete quota few >/dev/null
    rwml up
    expect_ok
}

configmaps() { kube -n "$NS" get configmaps -o name; }
namespace_is_furnished() { configmaps | grep -q kube-root-ca.crt; }
few_counts() { kube -n "$NS" get quota few -o json | jq -e '.status.used | length > 0' >/dev/null; }

test_fault_namespace_that_is_being_deleted() {
    new_pulse
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create configmap anchor >/dev/null
    finally "kube -n $NS patch configmap anchor --type merge -p '{\"metadata\": {\"finalizers\": null}}' >/dev/null"
    kube -n "$NS" patch configmap anchor --type merge -p '{"metadata": {"finalizers": ["test/anchor"]}}' >/dev/null
    kube delete namespace "$NS" --wait=false >/dev/null
    rwml up
    expect_error 4 RW5401
    expect_line "$NS.* is being \(deleted\|terminated\)"
    expect_state 'nothing \(in the cluster was changed\|was applied\)'
    ! out_has ' deploy ' || fail "a result of deploy was told"
}

# 10 MB in one line, then what would clear a terminal and set its title.
# The last words come after all of the rest, which another stream might else overtake.
test_fault_card_of_a_hostile_program() {
    python_service 'import sys, time' 'print("x" * 10000000, flush=True)' 'time.sleep(1)' \
        'sys.exit("\x1b[2J\x1b]0;title\x07 I \x9b31mgive up")'
    rwml up
    expect_error 1 RW6103
    expect_cause '\\x1b\[2J\\x1b\]0;title\\x07 I .*give up$'
    expect_no_escapes
    [ "$(wc -c <"$T/err")" -lt 4000 ] || fail "the card has $(wc -c <"$T/err") bytes"
}

test_fault_probe_that_says_escapes() {
    python_service 'import time' 'time.sleep(3600)'
    printf 'print("\\x1b[2Jnot \\x1b]0;title\\x07ready"); raise SystemExit(1)\n' >app/probe.py
    sed -i 's|^\( *\)  image: .*|&\n\1  readinessProbe: {exec: {command: [python, /app/probe.py]}, periodSeconds: 1, timeoutSeconds: 5}|' \
        "$MANIFEST"
    rwml up --timeout 25s
    expect_error 5 RW6203
    expect_cause 'Readiness probe failed: .*not .*ready'
    expect_no_escapes
}

# The server has its rules for names, but none for annotations and values.
test_fault_names_and_values_with_escapes() {
    new_pulse
    no_pods
    add_env MOOD '"a\\x1b[2Jb\\x07"'
    sed -i '0,/^metadata:/s|^metadata:|&\n  annotations: {note: "\\x1b]0;title\\x07"}|' "$MANIFEST"
    rwml render
    expect_ok
    expect_no_escapes
    rwml env
    expect_ok
    expect_no_escapes
    rwml up
    expect_ok
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o json | jq -c .metadata.annotations.note)" '"\u001b]0;title\u0007"' annotation
    add_env NEW '"\\x1b[31m"'
    sed -i 's|note: "|note: "more |' "$MANIFEST"
    rwml diff
    expect_no_escapes
    rwml status
    expect_no_escapes
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "a\\x1b[2Jb", namespace: %s}\n' "$NS" >"manifests/dev/$SVC/bad.yaml"
    rwml up
    expect_exit 2 4
    expect_form
    expect_no_escapes
}
