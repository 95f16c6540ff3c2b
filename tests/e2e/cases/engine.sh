# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# The engine that is not there, or not for us.

test_engine_socket_that_is_not_there() {
    new_pulse
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent/docker.sock)
    remember_state
    rwml up
    expect_only_error 3 RW3101
    expect_line 'unix:///nonexistent/docker.sock'
    expect_cause ENOENT
    expect_state 'nothing was built or changed'
    expect_same_state
}

test_engine_socket_that_nobody_listens_on() {
    new_pulse
    python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])' "$T/stale.sock"
    RWML_ENV+=(DOCKER_HOST="unix://$T/stale.sock")
    remember_state
    rwml up
    expect_only_error 3 RW3101
    expect_cause ECONNREFUSED
    expect_state 'nothing was built or changed'
    expect_same_state
}

test_engine_scheme_that_is_not_supported() {
    local host
    new_pulse
    remember_state
    for host in tcp://127.0.0.1:2375 ssh://somebody@somewhere npipe:////./pipe/docker; do
        RWML_ENV+=(DOCKER_HOST="$host")
        rwml up
        expect_only_error 3 RW3102
        expect_line "${host%%:*}"
        expect_state 'nothing was built or changed'
    done
    expect_same_state
}

# As another user, where the tests run as root; for any other user a socket of mode 0 will do.
test_engine_socket_without_permission() {
    new_pulse
    python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); time.sleep(60)' "$T/closed.sock" &
    finally "kill $!"
    eventually 60 test -S "$T/closed.sock"
    chmod 0000 "$T/closed.sock"
    RWML_ENV+=(DOCKER_HOST="unix://$T/closed.sock" XDG_STATE_HOME="$T/state")
    install -m 755 "$RWML" "$T/rwml"
    install -d -m 777 "$T/state"
    remember_state
    CODE=0
    if [ "$(id -u)" = 0 ]; then
        command -v setpriv >/dev/null || skip "setpriv"
        setpriv --reuid 65534 --regid 65534 --clear-groups env -i "${RWML_ENV[@]}" "$T/rwml" up >"$T/out" 2>"$T/err" || CODE=$?
    else
        env -i "${RWML_ENV[@]}" "$T/rwml" up >"$T/out" 2>"$T/err" || CODE=$?
    fi
    show_run up # shows CODE
    check_death
    expect_only_error 3 RW3101
    expect_cause EACCES
    expect_state 'nothing was built or changed'
    expect_same_state
}

test_engine_something_else_answers() {
    new_pulse
    python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
while True:
    c = s.accept()[0]; c.recv(4096); c.sendall(b"220 mail.example ESMTP\r\n"); c.close()' "$T/mail.sock" &
    finally "kill $!"
    eventually 60 test -S "$T/mail.sock"
    RWML_ENV+=(DOCKER_HOST="unix://$T/mail.sock")
    rwml up
    expect_only_error 8 RW3106
    expect_state 'nothing was built or changed'
}
