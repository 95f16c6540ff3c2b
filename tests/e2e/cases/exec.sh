# shellcheck shell=bash disable=SC2034,SC2016 # lib.sh reads what is set here; what is quoted expands in the container
# Commands in a container: their streams, their exit codes, and terminals that are always given back.

idle() { # a service that waits; its image has Python and a shell
    python_service 'import time' 'print("up", flush=True)' 'time.sleep(3600)'
    rwml up --settle 0
    expect_ok
}

# The command's exit code may be any.
exec_in() { # ARGUMENT...: stdin is the caller's
    CODE=0
    (run_rwml exec "$@") >"$T/out" 2>"$T/err" || CODE=$?
    show_run "exec $*"
}

pod_name() { kube -n "$NS" get pods -o json | jq -r '[.items[] | select(.metadata.deletionTimestamp | not)][-1].metadata.name'; }

test_exec_streams_and_codes() {
    idle
    remember_others
    exec_in "$SVC" -- sh -c 'echo out; echo err >&2; exit 42' </dev/null
    expect_exit 42
    expect_equal "$(cat "$T/out")" out stdout
    expect_equal "$(cat "$T/err")" err stderr
    exec_in "$SVC" -- python -c 'import sys; sys.exit(255)' </dev/null
    expect_exit 255
    exec_in -- true </dev/null # of the only service
    expect_ok
    exec_in "$SVC" -- sh -c 'kill -9 $$' </dev/null
    expect_exit 137
    exec_in "$SVC" -- no-such-program </dev/null
    expect_error 127 RW6402
    expect_cause 'executable file not found in $PATH$'
    exec_in "$SVC" -- /etc </dev/null
    expect_error 126 RW6402
    expect_cause 'permission denied$'
    expect_others_same
}

test_exec_input() {
    idle
    head -c 5000000 /dev/urandom >"$T/binary"
    (run_rwml exec -i "$SVC" -- cat) <"$T/binary" >"$T/back" 2>"$T/err" || fail "exit $?: $(cat "$T/err")"
    cmp "$T/binary" "$T/back" || fail "what came back is not what was sent"
    exec_in -i "$SVC" -- sh -c 'wc -c; exit 3' <"$T/binary"
    expect_exit 3
    expect_result '^5000000$'
    exec_in "$SVC" -- cat <"$T/binary" # without -i it is not touched
    expect_ok
    expect_no_result
    exec_in -i "$SVC" -- cat <&-
    expect_ok
    expect_no_result
    echo 'echo from the shell; exit 9' >"$T/script"
    exec_in "$SVC" <"$T/script"
    expect_exit 9
    expect_result '^from the shell$'
}

test_exec_whose_output_nobody_reads() {
    idle
    { (run_rwml exec "$SVC" -- sh -c 'yes' 2>"$T/err" </dev/null) || echo $? >"$T/code"; } | head -1 >"$T/out"
    expect_equal "$(cat "$T/code")" 141 'exit code'
    expect_equal "$(cat "$T/out")" y output
    [ ! -s "$T/err" ] || fail "something is said: $(cat "$T/err")"
}

test_exec_is_told_of_a_pod_that_goes() {
    local began
    idle
    (run_rwml exec "$SVC" -- sh -c 'echo begun; sleep 600') >"$T/out" 2>"$T/err" </dev/null &
    PID=$!
    eventually 60 out_has begun
    kube -n "$NS" delete pod "$(pod_name)" --wait=false --grace-period=1 >/dev/null
    CODE=0
    wait "$PID" || CODE=$?
    show_run 'exec, in a pod that goes'
    if [ "$CODE" = 125 ]; then
        expect_error 125 RW6403
    else
        expect_exit 137 143
        expect_line 'pod .* went away while the command ran'
    fi
}

test_exec_without_a_ready_pod() {
    new_pulse
    no_pods
    rwml up --settle 0 && expect_ok
    exec_in "$SVC" -- true </dev/null
    expect_error 125 RW6401
    expect_cause "Deployment $NS/$SVC is scaled to 0"
    sed -i 's|replicas: 0|replicas: 1|; s|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    rwml up
    expect_error 1 RW6103
    exec_in "$SVC" -- true </dev/null
    expect_error 125 RW6401
    expect_cause 'pulse: '
    expect_next "rwml logs $SVC"
}

test_exec_of_several_containers() {
    idle
    sed -i "s|^\( *\)- name: pulse|\1- name: second\n\1  image: $SVC:dev\n\1  env: [{name: WHO, value: second}]\n&|" "$MANIFEST"
    rwml up --settle 0 && expect_ok
    exec_in "$SVC" -- sh -c 'echo $WHO' </dev/null
    expect_ok
    expect_result '^second$'
    expect_line 'in container second; another one: -c NAME'
    exec_in -c pulse "$SVC" -- sh -c 'echo $WHO.' </dev/null
    expect_result '^\.$'
    expect_no_line 'in container'
    exec_in -c third "$SVC" -- true </dev/null
    expect_error 125 RW1018
    expect_cause 'it has: second, pulse'
}

# A user who may look, and may not run anything.
test_exec_that_is_refused() {
    local token
    idle
    kube -n "$NS" create serviceaccount looker >/dev/null
    kube create clusterrolebinding "$NS-looker" --clusterrole=view --serviceaccount="$NS:looker" >/dev/null
    finally "kubectl --context kind-$CLUSTER delete clusterrolebinding $NS-looker >/dev/null"
    token=$(kube -n "$NS" create token looker)
    kubectl config view --raw --minify --context "kind-$CLUSTER" -o json |
        jq --arg token "$token" '.users[0].user = {token: $token}' >"$T/kubeconfig"
    RWML_ENV+=(KUBECONFIG="$T/kubeconfig")
    exec_in "$SVC" -- true </dev/null
    expect_error 125 RW5104
    expect_cause '403: .*cannot [a-z]* resource "pods/exec"'
    expect_next 'auth can-i create pods/exec'
}

# What happens to the terminal that rwml runs on, seen from its other side.
on_terminal() { # WHAT ARGUMENT...: see terminal.py
    python3 "$E2E/terminal.py" "$@" >"$T/seen" 2>&1 || fail "on a terminal: $(cat "$T/seen")"
    cat "$T/seen"
}

terminal_rwml() { # WHAT: one of terminal.py's plays
    on_terminal "$1" env -i "${RWML_ENV[@]}" TERM=xterm "$RWML" exec "$SVC"
}

test_exec_on_a_terminal() {
    idle
    terminal_rwml talk
    terminal_rwml resize
    terminal_rwml code
}

test_exec_gives_the_terminal_back() {
    idle
    terminal_rwml killed
    terminal_rwml terminated
    terminal_rwml twice
}
