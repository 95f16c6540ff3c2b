# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# The cluster: which one, and how it is reached.

test_cluster_that_is_not_there() {
    new_pulse
    remember_state
    rwml up --cluster "${CLUSTER}x"
    expect_only_error 3 RW4001
    expect_cause "did you mean $CLUSTER?"
    expect_state 'nothing was changed'
    expect_same_state
}

test_cluster_named_by_the_workspace() {
    new_pulse
    sed -i "s/^name: .*/name: not-$CLUSTER/" manifests/dev/kind/cluster.yaml
    rwml push
    expect_only_error 3 RW4001
    expect_line "not-$CLUSTER"
    rwml build && expect_ok
    rwml push --cluster "$CLUSTER"
    expect_ok
}

test_cluster_without_a_kubeconfig() {
    new_pulse
    RWML_ENV+=(KUBECONFIG= HOME="$T/nobody")
    rwml up --settle 0 -v
    expect_ok
    expect_line "no kubeconfig has the context kind-$CLUSTER"
    expect_equal "$(running_image "$SVC")" "$(content_name "$SVC")"
    RWML_ENV+=(KUBECONFIG=/nonexistent/config)
    rwml deploy --settle 0
    expect_ok
    expect_result '0 objects written'
}

# A server that counts who calls: nothing at all may reach it.
other_cluster() { # makes $T/other-config, whose context of the right name leads to another port
    python3 -c 'import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
open(sys.argv[1] + ".port", "w").write(str(s.getsockname()[1]))
while True:
    c = s.accept()[0]; open(sys.argv[1] + ".calls", "a").write("x"); c.close()' "$T/other" &
    finally "kill $!"
    eventually 60 test -s "$T/other.port"
    kubectl config view --raw --minify --context "kind-$CLUSTER" |
        sed "s|server: .*|server: https://127.0.0.1:$(cat "$T/other.port")|" >"$T/other-config"
}

test_cluster_of_a_kubeconfig_that_points_elsewhere() {
    new_pulse
    other_cluster
    RWML_ENV+=(KUBECONFIG="$T/other-config")
    remember_state
    rwml up
    expect_only_error 3 RW5102
    expect_line "$(cat "$T/other.port")"
    expect_state 'nothing was sent to either cluster'
    [ ! -e "$T/other.calls" ] || fail "the other server was called"
    ! engine_digest "$SVC:dev" 2>/dev/null || fail "an image was built"
    sed -i 's|server: .*|server: https://203.0.113.5:6443|' "$T/other-config"
    rwml up
    expect_only_error 3 RW5102
    expect_line '203.0.113.5'
    expect_same_state
}

test_cluster_of_a_broken_kubeconfig() {
    new_pulse
    printf 'apiVersion: v1\nkind: Config\nusers: [{secret-token-1\n' >"$T/broken-config"
    RWML_ENV+=(KUBECONFIG="$T/broken-config")
    rwml up
    expect_only_error 3 RW5101
    expect_line "$T/broken-config"
    expect_no_line 'secret-token'
}

# Its certificate authority is another one: the real server must not be believed, nor get a request.
test_cluster_whose_certificate_is_not_to_be_believed() {
    new_pulse
    openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=somebody -days 1 2>/dev/null >"$T/ca.pem"
    kubectl config view --raw --minify --context "kind-$CLUSTER" |
        sed "s|certificate-authority-data: .*|certificate-authority-data: $(base64 -w0 "$T/ca.pem")|" >"$T/other-config"
    RWML_ENV+=(KUBECONFIG="$T/other-config")
    remember_state
    rwml up
    expect_only_error 3 RW5102
    expect_state 'nothing was sent to it'
    expect_same_state
}
