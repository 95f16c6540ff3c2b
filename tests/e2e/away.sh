# shellcheck shell=bash disable=SC2016,SC2034 # the plugins' own variables; the tests read PORT
# A cluster that the user named by its context. To rwml the test's cluster is one of somebody else when it is reached by
# its node's own address, which the engine does not publish.

node_server() { # https://ADDRESS:6443
    docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$CLUSTER-control-plane" |
        sed 's|.*|https://&:6443|'
}

own_ca() { kubectl config view --raw --minify --context "kind-$CLUSTER" -o 'jsonpath={.clusters[0].cluster.certificate-authority-data}'; }
own_user() { kubectl config view --raw --minify --context "kind-$CLUSTER" -o "jsonpath={.users[0].user.$1}"; } # KEY

token() { # [ACCOUNT]: of a service account that has rights in the test's namespace, and nothing elsewhere
    kube -n "$NS" create token "${1:-deployer}" --duration 1h
}

away_config() { # USER [CLUSTER [SERVER]]: $T/away, with a context "away"; the first two in YAML's flow style, without braces
    cat >"$T/away" <<TEXT
apiVersion: v1
kind: Config
contexts: [{name: away, context: {cluster: away, user: me}}]
clusters: [{name: away, cluster: {server: "${3:-$(node_server)}", ${2:-certificate-authority-data: $(own_ca)}}}]
users: [{name: me, user: {$1}}]
TEXT
    RWML_ENV+=(KUBECONFIG="$T/gone:$T/away:$KUBECONFIG")
}

# The workspace's images, in the nodes under their plain names, too; nobody has deployed them.
push_away() {
    rwml build && expect_ok
    rwml push && expect_ok
    kube create namespace "$NS" >/dev/null
    kube -n "$NS" create serviceaccount deployer >/dev/null
}

administrator() { # ACCOUNT: of the test's namespace
    kube -n "$NS" create rolebinding "$1" --clusterrole=admin --serviceaccount="$NS:$1" >/dev/null
}

away_pulse() { # the small service
    new_pulse
    push_away
    administrator deployer
}

deploy_away() {
    rwml deploy --context away --settle 0
}

expect_deployed() {
    expect_ok
    expect_line "context away leads to $(node_server), which is no Kind cluster of this engine"
    expect_line "$SVC:dev is not brought to the nodes of context away: they have to have it already, or to pull it from docker.io"
    expect_equal "$(running_image "$SVC")" "$SVC:dev"
}

# ---------------------------------------------------------------- ways to log in, and to get there

plugin() { # SCRIPT: $T/plugin, and how a kubeconfig names it
    printf '#!/bin/sh\n%s\n' "$1" >"$T/plugin"
    chmod 700 "$T/plugin"
    echo "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: ./plugin, args: [a b], env: [{name: RUNS, value: $T/runs}], provideClusterInfo: true}"
}

credential() { # STATUS...: shell that prints it
    echo "/bin/echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{$1}}'"
}

certificate_status() { # CERTIFICATE KEY: of a credential, without braces
    jq -nc --arg c "$1" --arg k "$2" '{clientCertificateData: $c, clientKeyData: $k}' | sed 's/^{//; s/}$//'
}

own_certificate() { certificate_status "$(own_user client-certificate-data | base64 -d)" "$(own_user client-key-data | base64 -d)"; }

start_peer() { # tunnel|refuse|server [CERTIFICATE]: PORT; see proxy.py
    "$E2E/proxy.py" "$1" "$T/$1" ${2:+"$2"} &
    finally "kill $!"
    eventually 60 test -s "$T/$1.port"
    PORT=$(cat "$T/$1.port")
}
