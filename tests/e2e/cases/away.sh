# shellcheck shell=bash disable=SC2034,SC2016 # lib.sh reads what is set here; the plugins' own variables
# Commands, forwarded ports and one-off Jobs in a cluster that the user named, however it is reached.

# Its files by HTTP at 8000; and a shell.
web_away() {
    python_service 'import http.server' \
        'http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()'
    sed -i 's|^\( *\)  image: .*|&\n\1  ports: [{containerPort: 8000}]|' "$MANIFEST"
    push_away
    administrator deployer
}

behind_proxy() { # SCHEME://[USER@]: what a cluster's entry says
    echo "certificate-authority-data: $(own_ca), proxy-url: \"${1}127.0.0.1:$PORT\""
}

calls() { grep -c "^\(CONNECT\|SOCKS5\) $(node_server | sed 's|https://||')" "$T/tunnel.calls" || true; }

expect_secret() { # TEXT: nobody on the way has seen it
    ! grep -q "${1:0:40}" "$T/tunnel.calls" || fail "the proxy saw the token"
}

exec_there() { # on stdin what it is to give back
    CODE=0
    (run_rwml exec -i --context away "$SVC" -- sh -c 'cat; exit 7') >"$T/out" 2>"$T/err" || CODE=$?
    show_run 'exec -i --context away'
    expect_exit 7
    cmp "$T/sent" "$T/out" || fail "what came back is not what was sent"
}

# No process of ours outlives the test, and the port is the system's choice.
forward_there() {
    start_rwml forward --context away "$SVC"
    finally "kill $PID 2>/dev/null"
    eventually 60 err_has 'connections go to pod'
    WEB=$(sed -n "s|.*127.0.0.1:\([0-9]*\) is Deployment/$SVC port 8000.*|\1|p" "$T/out")
    curl -sf -m 20 "http://127.0.0.1:$WEB/etc/hostname" >"$T/name" || fail "no answer: $(cat "$T/err")"
    grep -q "^$SVC" "$T/name" || fail "it is $(cat "$T/name") that answers"
}

end_there() {
    end_rwml INT
    expect_exit 130
}

# The proxies see a tunnel for each of them, and nothing in it.
test_away_through_proxies() {
    local before secret scheme
    web_away
    start_peer tunnel
    head -c 1000000 /dev/urandom >"$T/sent"
    secret=$(token)
    for scheme in 'http://me:pass@' socks5://; do
        away_config "token: $secret" "$(behind_proxy "$scheme")"
        deploy_away
        expect_deployed
        before=$(calls)
        exec_there <"$T/sent"
        [ "$(calls)" -gt $((before + 1)) ] || fail "the command went another way"
        before=$(calls)
        forward_there
        [ "$(calls)" -gt $((before + 1)) ] || fail "the port went another way"
        end_there
    done
    expect_secret "$secret"
    kill %1
    wait %1 2>/dev/null || true
    rwml exec --context away "$SVC" -- true
    expect_error 125 RW5103
}

# By a token and by a certificate that a plugin gives; it runs once for each rwml.
test_away_by_a_plugin() {
    local status
    web_away
    echo sent >"$T/sent"
    for status in "\"token\":\"$(token)\"" "$(own_certificate)"; do
        away_config "$(plugin "/bin/echo x >>\$RUNS; $(credential "$status")")"
        deploy_away
        expect_deployed
        rm "$T/runs"
        exec_there <"$T/sent"
        expect_equal "$(wc -l <"$T/runs")" 1 'runs for a command'
        rm "$T/runs"
        forward_there
        end_there
        expect_equal "$(wc -l <"$T/runs")" 1 'runs for a port'
    done
}

is_refused() { # TOKEN
    [ "$(curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" "$(node_server)/version")" = 401 ]
}

ask_often() { # COUNT: that many connections at once; how many are answered
    seq "$1" | xargs -P "$1" -I '{}' curl -sf -m 30 -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$WEB/" | grep -c '^200$' || true
}

# Each connection is one that a client has opened before, whose token is then no longer anybody's.
test_away_forward_logs_in_again() {
    local old
    web_away
    kube -n "$NS" create serviceaccount second >/dev/null
    administrator second
    old=$(token)
    echo "$old" >"$T/token"
    away_config 'tokenFile: token'
    deploy_away
    expect_deployed
    forward_there
    expect_equal "$(ask_often 60)" 60 'connections that are answered'
    token second >"$T/token"
    kube -n "$NS" delete serviceaccount deployer >/dev/null
    eventually 60 is_refused "$old"
    expect_equal "$(ask_often 60)" 60 'connections that are answered by the new token'
    err_has 'does not accept' && fail "one was refused: $(cat "$T/err")"
    end_there
}

test_away_run_warns_of_its_image() {
    away_pulse
    cat >>"$MANIFEST" <<EOF
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: $SVC-nightly, namespace: $NS}
spec:
  schedule: "0 0 31 2 *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: once, image: "$SVC:dev", args: [leave]}]
EOF
    away_config "token: $(token)"
    rwml run --context away "$SVC-nightly"
    expect_ok
    expect_line "warning: .*$SVC:dev is not brought to the nodes of context away: they have to have it already, or to pull it from docker.io"
}
