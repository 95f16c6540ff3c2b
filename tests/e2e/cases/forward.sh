# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# Ports of pods at 127.0.0.1: found from the manifests, whole both ways, and still there when pods are replaced.

# Answers each connection at 8080 with its host's name and what it was sent, until its peer sends no more; HTTP at 8000.
echo_service() {
    python_service 'import http.server, os, socketserver, threading' \
        'class Echo(socketserver.BaseRequestHandler):' \
        '    def handle(self):' \
        '        self.request.sendall(os.uname().nodename.encode() + b"\n")' \
        '        while data := self.request.recv(65536): self.request.sendall(data)' \
        'socketserver.ThreadingTCPServer.allow_reuse_address = True' \
        'echo = socketserver.ThreadingTCPServer(("", 8080), Echo)' \
        'threading.Thread(target=echo.serve_forever, daemon=True).start()' \
        'http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()'
    sed -i 's|^\( *\)  image: .*|&\n\1  ports: [{name: echo, containerPort: 8080}]|' "$MANIFEST"
    cat >>"$MANIFEST" <<EOF
---
apiVersion: v1
kind: Service
metadata: {name: $SVC, namespace: $NS}
spec:
  selector: {app: $SVC}
  ports: [{name: web, port: 80, targetPort: 8000}]
EOF
    rwml up --settle 0
    expect_ok
}

forward() { # ARGUMENT...: in the background; PID
    start_rwml forward "$@"
    finally "kill $PID 2>/dev/null"
    eventually 60 err_has 'connections go to pod'
}

local_port() { sed -n "s|.*127.0.0.1:\([0-9]*\) is $1.*|\1|p" "$T/out"; } # PATTERN of what it is

# The first line that comes from a port, which is the pod's name.
pod_behind() { python3 -c 'import socket, sys; print(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20).makefile().readline().strip())' "$1"; }

end_forward() {
    end_rwml INT
    expect_exit 130
    expect_within 10000
    expect_state 'nothing was changed'
}

test_forward_what_the_manifests_name() {
    local web echo
    echo_service
    forward
    web=$(local_port "Service/$SVC port 80") echo=$(local_port "Deployment/$SVC port 8080")
    if [ -z "$web" ] || [ -z "$echo" ]; then fail "not both ports are told"; fi
    curl -sf -m 20 "http://127.0.0.1:$web/etc/hostname" >"$T/name" || fail "no answer by HTTP"
    expect_equal "$(cat "$T/name")" "$(pod_behind "$echo")" 'the pod'
    expect_equal "$(listeners_of "$PID" | grep -vc '^127\.0\.0\.1:')" 0 'sockets that are not of 127.0.0.1'
    end_forward
}

listeners_of() { ss -Htlnp | grep "pid=$1," | awk '{ print $4 }'; } # PID

test_forward_carries_megabytes_both_ways() {
    local port
    echo_service
    forward "$SVC" :8080
    port=$(local_port "Deployment/$SVC port 8080")
    python3 - "$port" <<'EOF' || fail "what came back is not what was sent"
import os, socket, sys, threading

sent = os.urandom(8_000_000)
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
stream = line.makefile("rb")
stream.readline()
writer = threading.Thread(target=line.sendall, args=(sent,))
writer.start()
sys.exit(stream.read(len(sent)) != sent)
EOF
    python3 - "$port" <<'EOF' || fail "not all of 40 connections at once are served"
import socket, sys

lines = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30) for _ in range(40)]
for number, line in enumerate(lines):
    line.sendall(b"%d\n" % number)
for number, line in enumerate(lines):
    stream = line.makefile("rb")
    stream.readline()
    assert stream.readline() == b"%d\n" % number
EOF
    end_forward
}

test_forward_goes_on_with_the_next_pod() {
    local port old new
    echo_service
    forward "$SVC" :8080
    port=$(local_port "Deployment/$SVC port 8080")
    old=$(pod_behind "$port")
    kube -n "$NS" delete pod "$old" --grace-period=1 --wait=false >/dev/null
    eventually 60 other_pod_told "$old"
    new=$(pod_behind "$port")
    [ "$new" != "$old" ] || fail "still the old pod"
    kube -n "$NS" scale "deployment/$SVC" --replicas=0 >/dev/null
    eventually 60 err_has "has no ready pod"
    (pod_behind "$port" >"$T/behind") & # waits
    local waiter=$!
    sleep 1
    kube -n "$NS" scale "deployment/$SVC" --replicas=1 >/dev/null
    wait "$waiter" || fail "the connection was not kept for the next pod"
    [ -s "$T/behind" ] || fail "nobody has answered"
    [ "$(cat "$T/behind")" != "$new" ] || fail "a pod that is gone has answered"
    end_forward
}

other_pod_told() { [ "$(grep -c 'connections go to pod' "$T/err")" -ge 2 ] && ! tail -1 "$T/err" | grep -q "$1"; }

test_forward_closes_what_is_over() {
    local port
    echo_service
    forward "$SVC" :8080 ":9"
    port=$(local_port "Deployment/$SVC port 8080")
    pod_behind "$port" >/dev/null # closes at once
    eventually 60 no_connection_to_pod
    python3 -c 'import socket, sys; assert socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20).recv(1) == b""' \
        "$(local_port "Deployment/$SVC port 9")" || fail "a port where nothing listens is not closed"
    eventually 60 err_has 'port 9 of pod .*connection refused'
    end_forward
}

no_connection_to_pod() { # of the program in the container: only what listens
    kube -n "$NS" exec "deployment/$SVC" -- python -c '
lines = [line.split() for name in ("tcp", "tcp6") for line in open("/proc/net/" + name)]
raise SystemExit(any(line[1].endswith(":1F90") and line[3] == "01" for line in lines))'
}

test_forward_to_a_port_that_is_taken() {
    local port
    echo_service
    python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(120)' >"$T/taken" &
    finally "kill $!"
    eventually 60 test -s "$T/taken"
    port=$(cat "$T/taken")
    rwml forward "$SVC" "$port:8080"
    expect_only_error 7 RW9010
    expect_state 'nothing was contacted'
    expect_next "rwml forward $SVC :8080"
    sed -i "s/containerPort: 8080/containerPort: $port/" "$MANIFEST"
    forward
    expect_result ", since $port can't be had here"
    end_forward
}

test_forward_of_nothing() {
    new_pulse
    rwml forward "$SVC"
    expect_only_error 2 RW1019
    rwml forward "$SVC" 0
    expect_only_error 2 RW1020
}
