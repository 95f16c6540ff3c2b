# shellcheck shell=bash disable=SC2034 # lib.sh reads what is set here
# What was built, what the nodes have, what runs.

rows() { jq -c 'select(.event == "service")' "$T/out"; }

expect_row() { # SERVICE FILTER: jq's, of its row
    rows | jq -e --arg name "$1" "select(.service == \$name) | $2" >/dev/null || fail "not so of $1: $2"
}

node_count() { nodes | wc -l; }

test_status_from_nothing_to_running() {
    local all
    all=$(node_count)/$(node_count)
    new_pulse
    docker image rm -f "$SVC:dev" >/dev/null 2>&1 || true
    rwml status -o json
    expect_ok
    expect_row "$SVC" '.built == [] and .nodes == null and .runs == null and .pods == "0/1"'
    rwml build && expect_ok
    rwml status -o json
    expect_ok
    expect_row "$SVC" ".built == [\"$(engine_digest "$SVC:dev" | cut -c 8-19)\"] and (.nodes | startswith(\"0/\")) and .runs == null"
    rwml up --settle 0 && expect_ok
    remember_state
    rwml status -o json
    expect_ok
    expect_row "$SVC" ".nodes == \"$all\" and .runs == \"newest\" and .pods == \"1/1\" and .restart_count == 0 and .age_s < 120 and .trouble == null"
    jq -e 'select(.event == "step") | .images >= 1 and .bytes > 100000' "$T/out" >/dev/null || fail "no disk used"
    rwml status
    expect_result '^SERVICE *BUILT *ON NODES *RUNS *READY *RESTARTS *AGE *LAST FAILURE$'
    expect_result "^$SVC  *[0-9a-f]\{12\}  *$all  *newest  *1/1  *0  *[0-9]* s  *-$"
    expect_same_state
    set_message "second text of $SVC"
    rwml build && expect_ok
    rwml status -o json
    expect_row "$SVC" '.runs == "older" and (.nodes | startswith("0/"))'
}

test_status_of_a_crash() {
    new_pulse
    sed -i 's|^\( *\)  image: .*|&\n\1  args: [refuse]|' "$MANIFEST"
    rwml up
    expect_error 1 RW6103
    rwml status -o json
    expect_ok
    expect_row "$SVC" '.pods == "0/1" and .restart_count >= 1 and (.trouble == "CrashLoopBackOff" or .trouble == "exit 3" or .trouble == "not ready")'
}

test_status_without_the_engine() {
    new_pulse
    RWML_ENV+=(DOCKER_HOST=unix:///nonexistent/docker.sock)
    rwml status -o json
    expect_exit 3
    expect_row "$SVC" '.built == ["?"] and .nodes == "?" and .runs == "?" and .pods == "?"'
    rwml status
    expect_error 3 RW3101
    expect_state 'nothing was built or changed; what else could be found out is shown'
}

# A kubeconfig that leads elsewhere: engine and nodes are told of all the same.
test_status_without_the_api_server() {
    local all
    all=$(node_count)/$(node_count)
    new_pulse
    rwml up --settle 0 && expect_ok
    sed 's|server: .*|server: https://127.0.0.1:1|' "$KUBECONFIG" >"$T/kubeconfig"
    RWML_ENV+=(KUBECONFIG="$T/kubeconfig")
    rwml status -o json
    expect_exit 3
    expect_row "$SVC" ".nodes == \"$all\" and .runs == \"?\" and .pods == \"?\""
    rwml status
    expect_error 3 RW5102
}

# Its old name is of no service any more, but runs.
test_status_of_a_service_that_was_renamed() {
    local gone="$SVC-b  *deploy  *is no service of this workspace any more.*rwml delete $SVC-b removes it"
    new_pulse
    second_service
    rwml up --settle 0 && expect_ok
    expect_no_line 'no service of this workspace'
    mv "manifests/dev/$SVC-b" "manifests/dev/$SVC-c"
    mv "docker/$SVC-b.Dockerfile" "docker/$SVC-c.Dockerfile"
    rename_in "manifests/dev/$SVC-c" "$SVC-b" "$SVC-c"
    rwml up --settle 0 && expect_ok
    expect_line "$gone"
    rwml up --settle 0 && expect_ok # which changes nothing, and asks for no more than it has to
    expect_no_line 'no service of this workspace'
    rwml status && expect_ok
    expect_line "^$SVC-b  *status  *is no service of this workspace any more"
    rwml delete "$SVC-b" && expect_ok
    rwml status && expect_ok
    expect_no_line 'no service of this workspace'
}
