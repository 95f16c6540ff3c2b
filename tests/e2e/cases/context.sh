# shellcheck shell=bash disable=SC2034,SC2016 # lib.sh reads what is set here; the plugins' own variables
# A cluster that the user named by its context, and all ways to log in. To rwml the test's cluster is one of
# somebody else when it is reached by its node's own address, which the engine does not publish.

test_context_with_a_token() {
    away_pulse
    away_config "token: $(token)"
    deploy_away
    expect_deployed
    deploy_away
    expect_ok
    expect_result '0 objects written'
    rwml diff --context away --settle 0 --exit-status
    expect_exit 10
}

test_context_with_a_token_in_a_file() {
    away_pulse
    away_config 'tokenFile: token'
    token >"$T/token"
    deploy_away
    expect_deployed
}

test_context_with_a_client_certificate() {
    away_pulse
    away_config "client-certificate-data: $(own_user client-certificate-data), client-key-data: $(own_user client-key-data)"
    deploy_away
    expect_deployed
}

test_context_needs_kind_for_a_push() {
    new_pulse
    away_config 'token: t'
    remember_state
    rwml up --context away
    expect_error 3 RW5102
    expect_next 'rwml deploy --context away'
    expect_state 'nothing was built, pushed or applied'
    rwml push --context away
    expect_error 3 RW5102
    rwml up --context away --cluster "$CLUSTER"
    expect_only_error 2 RW1020
    rwml deploy --context awy
    expect_only_error 3 RW5101
    expect_cause 'did you mean away?'
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "an image was built"
    expect_same_state
}

# Where the context leads to a Kind cluster of this engine it is one, whatever it is called.
test_context_of_the_kind_cluster_itself() {
    new_pulse
    kubectl config view --raw --minify --context "kind-$CLUSTER" >"$T/renamed"
    sed -i "s/kind-$CLUSTER/mine/" "$T/renamed"
    RWML_ENV+=(KUBECONFIG="$T/renamed")
    rwml up --context mine --settle 0
    expect_ok
    expect_no_line 'no Kind cluster'
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
}

test_context_of_the_users_own_configuration() {
    away_pulse
    away_config "token: $(token)"
    printf 'context: away\n' >rwml.yaml
    rwml deploy --settle 0
    expect_only_error 2 RW1004 # not by the repository's word
    rm rwml.yaml
    mkdir -p "$T/.config/rwml"
    printf 'contxt: away\n' >"$T/.config/rwml/config.yaml"
    rwml deploy --settle 0
    expect_only_error 2 RW1003
    printf 'context: away\n' >"$T/.config/rwml/config.yaml"
    rwml deploy --settle 0
    expect_deployed
    rwml push # needs nodes, and nobody named any
    expect_error 3 RW5102
    rwml deploy --settle 0 --cluster "$CLUSTER"
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
}

test_context_with_a_plugin() {
    away_pulse
    away_config "$(plugin "/bin/echo \"\$1 \$KUBERNETES_EXEC_INFO\" >>\$RUNS; $(credential "\"token\":\"$(token)\"")")"
    deploy_away
    expect_deployed
    expect_equal "$(wc -l <"$T/runs")" 1 runs
    grep -q "^a b {.*\"server\":\"$(node_server)\"" "$T/runs" || fail "the plugin was told: $(cat "$T/runs")"
}

# The first credential is refused by the API server: the plugin is asked once more, not for ever.
test_context_with_a_plugin_whose_credential_is_refused() {
    away_pulse
    away_config "$(plugin "/bin/echo x >>\$RUNS; case \$(/bin/cat \$RUNS) in x) $(credential '"token":"stale"') ;; *) $(credential "\"token\":\"$(token)\"") ;; esac")"
    deploy_away
    expect_deployed
    away_config "$(plugin "/bin/echo x >>\$RUNS; $(credential '"token":"never-good"')")"
    rm "$T/runs"
    deploy_away
    expect_error 3 RW5104
    expect_no_line never-good
    [ "$(wc -l <"$T/runs")" -le 2 ] || fail "$(wc -l <"$T/runs") runs"
}

test_context_with_a_plugin_that_gives_a_certificate() {
    away_pulse
    away_config "$(plugin "$(credential "$(own_certificate)")")"
    deploy_away
    expect_deployed
}

# A connection that was made by one certificate is not used for what logs in by the next.
test_context_with_a_plugin_whose_certificate_is_refused() {
    local stale
    away_pulse
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" -subj /CN=somebody -days 1 2>/dev/null
    stale=$(certificate_status "$(cat "$T/cert.pem")" "$(cat "$T/key.pem")")
    away_config "$(plugin "/bin/echo x >>\$RUNS; case \$(/bin/cat \$RUNS) in x) $(credential "$stale") ;; *) $(credential "$(own_certificate)") ;; esac")"
    deploy_away
    expect_deployed
}

test_context_with_a_plugin_that_fails() {
    new_pulse
    away_config "$(plugin '/bin/echo log in first >&2; exit 3')"
    remember_state
    deploy_away
    expect_error 3 RW5106
    expect_cause 'exit code 3'
    expect_line 'log in first'
    rm "$T/plugin"
    sed -i 's/command: /installHint: ask the janitor, &/' "$T/away"
    deploy_away
    expect_error 3 RW5106
    expect_line 'ask the janitor'
    expect_same_state
}

# A kubeconfig that came with a repository must not run what came with it.
test_context_with_a_plugin_of_the_workspace() {
    new_pulse
    away_config "$(plugin "/bin/echo x >>\$RUNS; $(credential '"token":"t"')")"
    mv "$T/plugin" .
    cp "$T/away" kubeconfig.yaml
    RWML_ENV+=(KUBECONFIG=kubeconfig.yaml)
    deploy_away
    expect_error 3 RW5106
    expect_state 'the cluster was not contacted'
    [ ! -e "$T/runs" ] || fail "it was run"
    RWML_ENV+=(KUBECONFIG="$T/away")
    sed -i 's|./plugin|./workspace/../workspace/plugin|' "$T/away"
    deploy_away
    expect_error 3 RW5106
    [ ! -e "$T/runs" ] || fail "it was run"
}

test_context_behind_a_proxy() {
    local secret
    away_pulse
    start_peer tunnel
    secret=$(token)
    away_config "token: $secret" "certificate-authority-data: $(own_ca), proxy-url: \"http://me:pass@127.0.0.1:$PORT\""
    deploy_away
    expect_deployed
    grep -q "^CONNECT $(node_server | sed 's|https://||') " "$T/tunnel.calls" || fail "the proxy was told: $(cat "$T/tunnel.calls")"
    grep -qi '^proxy-authorization: basic' "$T/tunnel.calls" || fail "nobody logged in to the proxy"
    ! grep -q "${secret:0:40}" "$T/tunnel.calls" || fail "the proxy saw the token"
}

test_context_behind_a_socks_proxy() {
    away_pulse
    start_peer tunnel
    away_config "token: $(token)" "certificate-authority-data: $(own_ca), proxy-url: \"socks5://127.0.0.1:$PORT\""
    deploy_away
    expect_deployed
    grep -q "^SOCKS5 $(node_server | sed 's|https://||')$" "$T/tunnel.calls" || fail "the proxy was told: $(cat "$T/tunnel.calls")"
}

test_context_behind_a_proxy_that_refuses() {
    new_pulse
    start_peer refuse
    away_config 'token: hunter22' "certificate-authority-data: $(own_ca), proxy-url: \"http://me:hunter23@127.0.0.1:$PORT\""
    remember_state
    deploy_away
    expect_error 3 RW5103
    expect_cause 'by its proxy: .*407'
    expect_no_line hunter
    away_config 'token: hunter22' "certificate-authority-data: $(own_ca), proxy-url: \"https://me:hunter23@127.0.0.1:$PORT\""
    deploy_away
    expect_only_error 3 RW5101
    expect_cause 'neither http:// nor socks5://'
    expect_no_line hunter
    expect_same_state
}

test_context_by_another_name_of_the_server() {
    away_pulse
    away_config "token: $(token)" "certificate-authority-data: $(own_ca), tls-server-name: kubernetes.default"
    deploy_away
    expect_deployed
    sed -i 's/tls-server-name: kubernetes.default/tls-server-name: elsewhere.example/' "$T/away"
    deploy_away
    expect_error 3 RW5102
    expect_state 'nothing was sent to it'
}

test_context_of_a_server_that_is_not_to_be_believed() {
    new_pulse
    openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=somebody -days 1 2>/dev/null >"$T/ca.pem"
    away_config 'token: t' "certificate-authority: ca.pem"
    remember_state
    deploy_away
    expect_error 3 RW5102
    expect_state 'nothing was sent to it'
    expect_same_state
}

test_context_that_is_not_verified() {
    away_pulse
    away_config "token: $(token)" 'insecure-skip-tls-verify: true'
    deploy_away
    expect_deployed
    expect_line 'warning: context away does not check whose certificate the API server has'
}

test_context_as_somebody_else() {
    away_pulse
    away_config "client-certificate-data: $(own_user client-certificate-data), client-key-data: $(own_user client-key-data), act-as: \"system:serviceaccount:$NS:deployer\", act-as-groups: [\"system:authenticated\"]"
    deploy_away
    expect_deployed
    expect_equal "$(kube -n "$NS" auth can-i get pods --as nobody-at-all)" no
    sed -i 's/act-as: "[^"]*"/act-as: nobody-at-all/' "$T/away"
    deploy_away
    expect_error 3 RW5104
    expect_line nobody-at-all
}

# What goes over the wire, as a server notes it. The API server itself knows no passwords any more.
test_context_with_a_password() {
    new_pulse
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/key.pem" -out "$T/ca.pem" -subj /CN=away -days 1 \
        -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    cat "$T/key.pem" "$T/ca.pem" >"$T/server.pem"
    start_peer server "$T/server.pem"
    away_config 'username: me, password: hunter22, act-as: eve, act-as-uid: "7", act-as-groups: [dev, ops], act-as-user-extra: {why/not: [x]}' \
        'certificate-authority: ca.pem' "https://127.0.0.1:$PORT"
    rwml deploy --context away -v
    expect_error 3 RW5104
    expect_next 'kubectl --context away version'
    expect_no_line hunter22
    for header in "Authorization: Basic $(printf me:hunter22 | base64)" 'Impersonate-User: eve' 'Impersonate-Uid: 7' \
        'Impersonate-Group: dev' 'Impersonate-Group: ops' 'Impersonate-Extra-why%2Fnot: x'; do
        grep -qF "$header" "$T/server.calls" || fail "no $header in: $(cat "$T/server.calls")"
    done
}

test_context_with_what_is_refused() {
    new_pulse
    away_config 'auth-provider: {name: gcp, config: {access-token: hunter22}}'
    remember_state
    deploy_away
    expect_only_error 3 RW5101
    expect_line 'an auth-provider, which Kubernetes has replaced by exec'
    expect_where "$T/away:5:"
    away_config 'token: hunter22, username: me, password: hunter22'
    deploy_away
    expect_only_error 3 RW5101
    expect_line 'only one can be used'
    away_config "token: hunter22"
    deploy_away
    expect_error 3 RW5104
    expect_no_line hunter
    expect_same_state
}

# Context, cluster and user may each lie in a file of their own; the first of a name counts.
test_context_of_several_files() {
    away_pulse
    away_config "token: $(token)"
    grep contexts: "$T/away" >"$T/one"
    mkdir "$T/two"
    grep clusters: "$T/away" | sed "s|certificate-authority-data: [^}]*|certificate-authority: ca.pem|" >"$T/two/config"
    own_ca | base64 -d >"$T/two/ca.pem"
    grep users: "$T/away" >"$T/three"
    echo 'users: [{name: me, user: {token: of-somebody-else}}]' >"$T/four"
    RWML_ENV+=(KUBECONFIG="$T/one:$T/gone::$T/two/config:$T/three:$T/four")
    deploy_away
    expect_deployed
}

# What rwml applied there, it restarts, takes back and removes there.
test_context_of_what_was_applied() {
    away_pulse
    away_config "client-certificate-data: $(own_user client-certificate-data), client-key-data: $(own_user client-key-data)"
    deploy_away
    expect_deployed
    rwml restart --context away --settle 0
    expect_ok
    add_env LEVEL debug
    deploy_away
    expect_ok
    expect_equal "$(env_of "$SVC" LEVEL)" debug
    rwml rollback --context away --settle 0
    expect_ok
    expect_equal "$(kube -n "$NS" get deployment "$SVC" -o json | grep -c LEVEL)" 0
    rwml delete --context away
    expect_ok
    ! kube -n "$NS" get deployment "$SVC" >/dev/null 2>&1 || fail "it is still there"
    kube get namespace "$NS" >/dev/null || fail "its namespace has gone"
}

# What names no namespace goes where kubectl would put it.
test_context_with_a_namespace() {
    away_pulse
    away_config "token: $(token)"
    sed -i "s/user: me}}]/user: me, namespace: $NS}}]/" "$T/away"
    sed -i '/^ *namespace:/d' "$MANIFEST"
    deploy_away
    expect_deployed
    rwml status --context away
    expect_ok
    expect_result "^$SVC .* 1/1 "
}

# A delete asks whose an object is where the deploy put it.
test_context_with_a_namespace_of_two_services() {
    away_pulse
    away_config "token: $(token)"
    sed -i "s/user: me}}]/user: me, namespace: $NS}}]/" "$T/away"
    no_pods
    second_service
    add_config both
    cp "manifests/dev/$SVC/both.yaml" "manifests/dev/$SVC-b"
    sed -i -e '/^ *namespace:/d' -e "s/, namespace: $NS//" "manifests/dev/$SVC"/*.yaml "manifests/dev/$SVC-b"/*.yaml
    deploy_away
    expect_ok
    rwml delete --context away "$SVC"
    expect_ok
    expect_line "ConfigMap $NS/both stays, since it may be $SVC-b's, too"
    expect_there configmap/both
}

# A kubeconfig that nobody named is no kubeconfig, however the repository calls it. What $KUBECONFIG names is the user's
# own, wherever it lies, and so is the program that it names by its absolute path.
test_context_of_a_kubeconfig_in_the_workspace() {
    local name user
    away_pulse
    user=$(plugin "/bin/echo x >>\$RUNS; $(credential "\"token\":\"$(token)\"")" | sed "s|\./plugin|$T/plugin|")
    away_config "$user"
    sed -i "s/^contexts: \[/&{name: kind-$CLUSTER, context: {cluster: away, user: me}}, /" "$T/away"
    mkdir .kube
    for name in kubeconfig config .kube/config kubeconfig.yaml .kubeconfig; do cp "$T/away" "$name"; done
    printf 'KUBECONFIG=%s\n' "$PWD/kubeconfig" | tee .env >.envrc
    RWML_ENV+=(KUBECONFIG=)
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
    deploy_away
    expect_only_error 3 RW5101
    echo 'kubeconfig: kubeconfig' >rwml.yaml
    rwml deploy --settle 0
    expect_only_error 2 RW1003
    [ ! -e "$T/runs" ] || fail "its plugin was run"
    rm rwml.yaml
    RWML_ENV+=(KUBECONFIG="$PWD/kubeconfig")
    rwml deploy --settle 0
    expect_only_error 3 RW5102 # a Kind cluster's context that leads to no port of the engine
    [ ! -e "$T/runs" ] || fail "its plugin was run before the cluster was proved"
    deploy_away
    expect_deployed
    expect_equal "$(wc -l <"$T/runs")" 1 runs
}

# Neither a kubeconfig's current context nor the repository can send anything elsewhere.
test_context_that_nobody_named() {
    away_pulse
    away_config "token: $(token)"
    echo 'current-context: away' >>"$T/away"
    rwml deploy --settle 0
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
    kube -n "$NS" delete deployment "$SVC" >/dev/null
    sed -i 's/name: away, context/name: kind-away, context/' "$T/away"
    printf 'cluster: %s\ncontext: kind-away\n' "$CLUSTER" >rwml.yaml
    remember_state
    rwml deploy --settle 0
    expect_only_error 3 RW5102
    expect_state 'nothing was sent to either cluster'
    expect_same_state
}

# A credential that expires in mid-work is replaced before it is refused.
test_context_with_a_plugin_whose_credential_expires() {
    away_pulse
    second_service
    away_config "$(plugin "/bin/echo x >>\$RUNS; at=\$(/bin/date -u -d '+11 seconds' +%FT%TZ); /bin/echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"$(token)\",\"expirationTimestamp\":\"'\$at'\"}}'")"
    rwml build && expect_ok
    rwml push && expect_ok
    rwml deploy --context away --settle 3s --jobs 1
    expect_ok
    [ "$(wc -l <"$T/runs")" -ge 2 ] || fail "the plugin ran once, and its credential for seconds only"
}

test_context_shows_what_is_there() {
    away_pulse
    away_config "token: $(token)"
    rwml render --context away
    expect_ok
    out_has "image: $SVC:dev$" || fail "the image has another name"
    deploy_away
    expect_deployed
    rwml status --context away
    expect_ok
    expect_result "^$SVC  *[0-9a-f]*  *-  *newest  *1/1 "
    rwml logs --context away --no-follow
    expect_ok
    expect_result "$SVC"
    rwml env --context away
    expect_ok
    rwml images --context away
    expect_error 3 RW5102
    expect_state 'nothing was changed'
    rwml images --context awy
    expect_only_error 3 RW5101
}
