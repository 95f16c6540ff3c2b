# shellcheck shell=bash disable=SC2034,SC2153 # lib.sh reads what is set here
# An API server that is killed and starts again. Apart, since everybody asks it. While it starts it answers 403
# (its clients' roles are not known yet) for a moment, and nothing that rwml does may take that for its word.

# The kubelet starts one that was killed at once, but later each time; of a pod that is new it has seen none. So
# each test begins with a new one: another annotation is another pod.
renew_apiserver() {
    local manifest=/etc/kubernetes/manifests/kube-apiserver.yaml
    finally 'eventually 120 apiserver_serves'
    OLD_SERVER=$(apiserver_id)
    docker exec "$CLUSTER-control-plane" sed -i -e '/rwml.e2e/d' -e "s|^  annotations:|&\n    rwml.e2e/renewed: '$NUMBER-$RANDOM'|" $manifest
    docker exec "$CLUSTER-control-plane" grep -q rwml.e2e $manifest || fail "the manifest of the API server is another one by now"
    await_next_apiserver
    SERVES_SINCE=$(date -u +%FT%T)
    eventually 120 controllers_are_back
}

# Scheduler and controller-manager end when they cannot renew their lease, and are started again later each time.
controllers_are_back() {
    kube -n kube-system get leases kube-scheduler kube-controller-manager -o json 2>/dev/null |
        jq -e --arg since "$SERVES_SINCE" 'all(.items[]; .spec.renewTime > $since)' >/dev/null
}

# Whether it is the next one is told by the id of its container.
kill_apiserver() {
    OLD_SERVER=$(apiserver_id)
    [ -n "$OLD_SERVER" ] || fail "no API server"
    docker exec "$CLUSTER-control-plane" crictl stop --timeout 0 "$OLD_SERVER" >/dev/null
    say "the API server is killed"
}

apiserver_id() { docker exec "$CLUSTER-control-plane" crictl ps --quiet --name kube-apiserver; }
apiserver_serves() { kube get --raw=/readyz >/dev/null 2>&1 && kube auth can-i list pods >/dev/null 2>&1; }

await_next_apiserver() {
    eventually 90 apiserver_is_another
    eventually 90 apiserver_serves
    say "it serves again"
}

apiserver_is_another() {
    local id
    id=$(apiserver_id)
    [ -n "$id" ] && [ "$id" != "$OLD_SERVER" ]
}

test_apiserver_killed_while_a_log_is_followed() {
    renew_apiserver
    python_service 'import itertools, time' 'for i in itertools.count():' '    print("count", i)' '    time.sleep(0.02)'
    rwml up --settle 0
    expect_ok
    start_logs
    eventually 60 logged 'count 100$'
    kill_apiserver
    await_next_apiserver
    eventually 60 logged "count $(($(last_count) + 500))\$"
    end_logs
    expect_counted
}

last_count() { lines_of | tail -1 | sed 's/.* //'; }

test_apiserver_killed_in_mid_rollout() {
    renew_apiserver
    new_pulse
    rwml up --settle 0
    expect_ok
    set_message "second text of $SVC"
    start_rwml up --settle 15s
    eventually 60 err_has "Deployment $NS/$SVC changed"
    sleep 2
    kill_apiserver
    await_rwml 'up, the API server killed'
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")" 'the image that is applied'
    await_next_apiserver
    eventually 60 new_pod_says 'second text'
    rwml up --settle 15s
    expect_ok
    expect_result '0 objects written'
}

# Of a deployment's pods kubectl shows the old one, which its kubelet may not know to be deleted while it has not
# found the API server again; so the pod is meant that runs what was built.
new_pod_says() { # PATTERN
    local pod
    pod=$(kube -n "$NS" get pods -o json |
        jq -r --arg image "$(content_name "$SVC")" '[.items[] | select(.spec.containers[0].image == $image)][0].metadata.name // empty')
    [ -n "$pod" ] && kube -n "$NS" logs "$pod" 2>"$T/log.err" | grep -q -- "$1"
}

# Its process is stopped, so that connections stay open and nobody answers: longer than a watch may be silent.
signal_apiserver() { docker exec "$CLUSTER-control-plane" pkill "-$1" -x kube-apiserver; }

test_apiserver_silent_in_mid_rollout() {
    new_pulse
    start_rwml up --settle 15s
    eventually 60 err_has "Deployment $NS/$SVC created"
    sleep 2
    finally 'eventually 120 apiserver_serves'
    finally 'signal_apiserver CONT'
    signal_apiserver STOP
    sleep 56
    signal_apiserver CONT
    await_rwml 'up, the API server silent for a minute'
    expect_ok
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")" 'the image that is applied'
}

many_objects() { # COUNT
    local i
    for ((i = 1; i <= $1; i++)); do
        printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: part-%03d, namespace: %s}\ndata: {number: "%d"}\n' \
            "$i" "$NS" "$i"
    done >"manifests/dev/$SVC/parts.yaml"
}

test_apiserver_killed_in_mid_deploy() {
    renew_apiserver
    new_pulse
    no_pods
    many_objects 400
    rwml build && expect_ok
    rwml push && expect_ok
    start_rwml deploy
    eventually 60 err_has "ConfigMap $NS/part-020 created"
    kill_apiserver
    await_rwml 'deploy, the API server killed'
    expect_ok
    expect_line 'the API server .*; trying again in'
    expect_result '40[0-9] objects written'
    await_next_apiserver
    expect_equal "$(kube -n "$NS" get configmaps -o name | grep -c /part-)" 400 'objects that are there'
    rwml deploy
    expect_ok
    expect_result '0 objects written'
}

# A command's streams are lost with it, which is said; a forwarded port and a run go on.
test_apiserver_killed_while_sessions_are_open() {
    local exec_pid run_pid port code=0
    renew_apiserver
    python_service 'import os, socket, sys, time' 'if sys.argv[1:] == ["count"]:' '    for i in range(300):' \
        '        print("count", i, flush=True)' '        time.sleep(0.1)' '    sys.exit(7)' \
        's = socket.create_server(("", 8080))' 'while True:' '    line, _ = s.accept()' \
        '    line.sendall(os.uname().nodename.encode() + b"\n")' '    line.close()'
    cat >>"$MANIFEST" <<EOF
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: $SVC-count, namespace: $NS}
spec:
  schedule: "0 0 31 2 *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: pulse, image: "$SVC:dev", args: [python, /app/main.py, count]}]
EOF
    rwml up --settle 0
    expect_ok
    (run_rwml exec "$SVC" -- sh -c 'echo begun; sleep 600') >"$T/exec.out" 2>"$T/exec.err" </dev/null &
    exec_pid=$!
    (run_rwml run "$SVC-count") >"$T/run.out" 2>"$T/run.err" </dev/null &
    run_pid=$!
    start_rwml forward "$SVC" :8080
    finally "kill $PID $exec_pid $run_pid 2>/dev/null; tail -n 3 $T/*.err $T/err"
    eventually 60 grep -q begun "$T/exec.out"
    eventually 60 grep -q 'count 20$' "$T/run.out"
    eventually 60 out_has '127.0.0.1:'
    kill_apiserver
    wait "$exec_pid" || code=$?
    expect_equal "$code" 125 'exit code of exec'
    grep -q '^error\[RW6404\]' "$T/exec.err" || fail "exec does not say that its connection is lost"
    grep -q 'state: the command may go on' "$T/exec.err" || fail "exec does not say what became of the command"
    await_next_apiserver
    port=$(sed -n 's/.*127.0.0.1:\([0-9]*\) is.*/\1/p' "$T/out")
    eventually 60 answers "$port"
    code=0
    wait "$run_pid" || code=$?
    expect_equal "$code" 7 'exit code of run'
    expect_equal "$(seq -f 'count %g' 0 299 | diff - "$T/run.out" | wc -l)" 0 'lines of the run that are lost or come twice'
    end_rwml INT
    expect_exit 130
}

answers() { # PORT: with the name of the pod
    python3 -c 'import socket, sys; assert socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20).recv(100)' "$1" 2>/dev/null
}
